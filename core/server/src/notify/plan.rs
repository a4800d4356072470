//! Which deliveries an event becomes: one for each receiver of each channel that wants it. Pure.

use super::compose::language_of;
use hospes_session::id::{DeliveryId, NotificationChannelId};
use hospes_session::model::{Customer, Language, Millis};
use hospes_store::model::Technician;
use hospes_store::outbox::{NewDelivery, NotificationChannel, Recipient, RecipientKind};
use serde_json::Value;

/// Most recipients of a channel; more are a mistake.
const RECIPIENTS: usize = 50;

/// A channel that takes part.
pub(crate) struct Taking<'a> {
    /// Which.
    pub(crate) channel: &'a NotificationChannel,
    /// Whether each recipient of its settings gets a delivery of their own (mail), or the notifier has one receiver.
    pub(crate) by_recipient: bool,
}

/// Who can be meant by `customer` and `technician`.
pub(crate) struct People<'a> {
    /// Who is helped.
    pub(crate) customer: &'a Customer,
    /// Who prepared the session; none when they were removed since.
    pub(crate) technician: Option<&'a Technician>,
}

/// The deliveries. `cause` is what makes an id this event's and no other's; the same cause gives the same ids, so that an
/// event that is planned twice is still delivered once.
pub(crate) fn deliveries(
    cause: &str,
    at: Millis,
    taking: &[Taking<'_>],
    people: &People<'_>,
    payload: &Value,
) -> Vec<NewDelivery> {
    let mut planned = Vec::new();
    for Taking { channel, by_recipient } in taking {
        let recipients = if *by_recipient {
            recipients(&channel.config, people).into_iter().map(Some).collect()
        } else {
            vec![None]
        };
        planned.extend(recipients.into_iter().map(|recipient| NewDelivery {
            id: id(cause, at, channel.id, recipient.as_ref()),
            channel: channel.id,
            channel_title: channel.title.clone(),
            notifier: channel.notifier.clone(),
            recipient,
            payload: payload.clone(),
        }));
    }
    planned
}

/// Everybody that a channel's settings name, each address once.
fn recipients(config: &Value, people: &People<'_>) -> Vec<Recipient> {
    let names = config["recipients"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Recipient> = Vec::new();
    for name in names.iter().filter_map(Value::as_str).take(RECIPIENTS) {
        let recipient = match name {
            "customer" => Some(Recipient {
                kind: RecipientKind::Customer,
                email: people.customer.email.clone(),
                name: people.customer.name.clone(),
                language: people.customer.language,
            }),
            // Whoever may not log in any more is told of nothing.
            "technician" => people.technician.filter(|who| who.disabled_at.is_none()).map(for_technician),
            address => Some(Recipient {
                kind: RecipientKind::Address,
                email: address.to_owned(),
                name: None,
                // It is somebody of the company's, like the technician.
                language: people.technician.map_or(Language::En, language_of),
            }),
        };
        let known = |email: &str| found.iter().any(|known| folded(&known.email) == folded(email));
        found.extend(recipient.filter(|recipient| !known(&recipient.email)));
    }
    found
}

/// An address as it is compared. What makes an id and what says that two are one must not differ: two deliveries of one
/// id cannot be made.
fn folded(email: &str) -> String {
    email.to_lowercase()
}

/// Whether a channel's settings mean somebody still whom they meant when the delivery was made.
pub(crate) fn names(config: &Value, recipient: &Recipient) -> bool {
    let names = config["recipients"].as_array().map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(Value::as_str).take(RECIPIENTS).any(|name| match (name, recipient.kind) {
        ("customer", kind) => kind == RecipientKind::Customer,
        ("technician", kind) => kind == RecipientKind::Technician,
        (address, _) => folded(address) == folded(&recipient.email),
    })
}

/// A technician as a recipient.
pub(crate) fn for_technician(technician: &Technician) -> Recipient {
    Recipient {
        kind: RecipientKind::Technician,
        email: technician.email.clone(),
        name: Some(technician.name.clone()),
        language: language_of(technician),
    }
}

fn id(cause: &str, at: Millis, channel: NotificationChannelId, recipient: Option<&Recipient>) -> DeliveryId {
    let mut hasher = blake3::Hasher::new_derive_key("hospes 2026 delivery");
    let email = recipient.map(|recipient| folded(&recipient.email)).unwrap_or_default();
    for part in [cause, &channel.to_string(), &email] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut random = [0; 16];
    random.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    DeliveryId::from_parts(at, random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_session::id::{CompanyId, TechnicianId};
    use hospes_store::model::Role;
    use serde_json::json;

    fn channel(number: u8, recipients: Value) -> NotificationChannel {
        NotificationChannel {
            id: NotificationChannelId::from_parts(1, [number; 16]),
            company: CompanyId::from_parts(1, [1; 16]),
            notifier: "notify-email".to_owned(),
            title: format!("Channel {number}"),
            enabled: true,
            events: Vec::new(),
            config: json!({ "recipients": recipients }),
            created_at: 1,
        }
    }

    #[test]
    fn r19_one_delivery_for_each_receiver() {
        let customer = Customer { email: "Ana@x.org".into(), name: Some("Ana".into()), language: Language::Es };
        let technician = Technician {
            id: TechnicianId::from_parts(1, [2; 16]),
            company: CompanyId::from_parts(1, [1; 16]),
            email: "tara@acme.test".into(),
            name: "Tara".into(),
            role: Role::Technician,
            password_hash: String::new(),
            temporary_password: false,
            language: Some(Language::Fr),
            created_at: 1,
            disabled_at: None,
            last_login_at: None,
        };
        let disabled = Technician { disabled_at: Some(1), ..technician.clone() };
        let check = |recipients: Value, technician: Option<&Technician>, expect: &[&str]| {
            let channel = channel(1, recipients.clone());
            let people = People { customer: &customer, technician };
            let taking = [Taking { channel: &channel, by_recipient: true }];
            let planned = deliveries("7", 9, &taking, &people, &json!({}));
            let found: Vec<_> = planned
                .iter()
                .filter_map(|new| new.recipient.as_ref())
                .map(|to| format!("{:?} {} {:?}", to.kind, to.email, to.language))
                .collect();
            assert_eq!(found, expect, "{recipients}");
        };
        check(json!(["customer"]), Some(&technician), &["Customer Ana@x.org Es"]);
        check(
            json!(["technician", "customer", "boss@acme.test"]),
            Some(&technician),
            &["Technician tara@acme.test Fr", "Customer Ana@x.org Es", "Address boss@acme.test Fr"],
        );
        check(json!(["technician"]), None, &[]);
        check(json!(["technician", "boss@acme.test"]), Some(&disabled), &["Address boss@acme.test Fr"]);
        check(json!(["customer", "ana@X.org"]), Some(&technician), &["Customer Ana@x.org Es"]);
        check(json!(["boss@acme.test", "BOSS@acme.test"]), Some(&technician), &["Address boss@acme.test Fr"]);
        // Also where the letters are not of ASCII: ids are made of the folded address.
        check(json!(["\u{c9}va@x.org", "\u{e9}va@x.org"]), None, &["Address \u{c9}va@x.org En"]);
        check(json!(["\u{212a}im@x.org", "kim@x.org"]), None, &["Address \u{212a}im@x.org En"]);
        check(json!([]), Some(&technician), &[]);
        check(json!("customer"), Some(&technician), &[]);
        check(json!([7]), Some(&technician), &[]);

        let (one, two) = (channel(1, json!(["customer", "technician"])), channel(2, json!(["customer"])));
        let people = People { customer: &customer, technician: Some(&technician) };
        let taking = [
            Taking { channel: &one, by_recipient: true },
            Taking { channel: &two, by_recipient: true },
            Taking { channel: &two, by_recipient: false },
        ];
        let ids = |cause| deliveries(cause, 9, &taking, &people, &json!({})).into_iter().map(|new| new.id).collect();
        let (first, again, other): (Vec<_>, Vec<_>, Vec<_>) = (ids("7"), ids("7"), ids("8"));
        assert_eq!(first, again, "the same event, the same keys");
        let mut all: Vec<_> = first.into_iter().chain(other).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8, "every other one has another key");
    }
}
