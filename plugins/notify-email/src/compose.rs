//! From an event to a letter: what is said to whom.

use crate::Mail;
use crate::clean;
use crate::event::{Channel, Event, Kind, Person, Recipient, Session};
use crate::letter::{Letter, Part};
use crate::texts::{self, Texts, fill};
use crate::when;
use hospes_sdk::Undelivered;
use jiff::Timestamp;

/// Most connections that are listed one by one.
const MAX_CONNECTIONS: usize = 25;
/// Longest subject, in characters.
const MAX_SUBJECT: usize = 200;

/// An event, its reader and the reader's language, with every name made fit to be shown.
struct Story<'a> {
    t: &'static Texts,
    event: &'a Event,
    /// When it is written: what is left is counted from here, also when the mail server was away for an hour.
    now: Timestamp,
    session: Option<&'a Session>,
    kind: Kind,
    company: String,
    technician: String,
    customer: String,
    computer: Option<String>,
}

pub(crate) fn compose(name: &str, event: &Event, now: Timestamp) -> Result<Mail, Undelivered> {
    let recipient = event
        .recipient
        .as_ref()
        .ok_or_else(|| Undelivered::for_good("no-recipient", "the event names nobody to write to"))?;
    let story = Story::new(event, recipient, now);
    let (subject, mut parts) = match name {
        "session.prepared" if story.kind == Kind::Customer => story.invitation()?,
        "session.prepared" => story.prepared(),
        "session.activated" => story.activated(),
        "host.offline" => story.reachable(story.t.offline_subject, story.t.offline_text),
        "host.online" => story.reachable(story.t.online_subject, story.t.online_text),
        "lease.ending" => story.ending()?,
        "session.ended" => story.ended(),
        "test" => story.test(),
        other => {
            let why = format!("this plugin knows no event {:?}", clean::line(other, 40));
            return Err(Undelivered::for_good("unknown-event", why));
        }
    };
    let hello = match recipient.name.as_deref().map(clean::name).filter(|name| !name.is_empty()) {
        Some(name) => fill(story.t.hello_name, &[("name", &name)]),
        None => story.t.hello.to_owned(),
    };
    parts.insert(0, Part::Text(hello));
    let subject = clean::line(&subject, MAX_SUBJECT);
    let letter = Letter { language: story.t.code, label: story.t.label, parts, footer: story.footer() };
    Ok(Mail { to: recipient.email.clone(), text: letter.text(), html: letter.html(&subject), subject })
}

impl<'a> Story<'a> {
    fn new(event: &'a Event, recipient: &'a Recipient, now: Timestamp) -> Self {
        let session = event.session.as_ref();
        let company = clean::name(&event.company.name);
        // A technician who was removed since has no name any more; then it was the company.
        let person = |person: &Person| {
            let name = person.name.as_deref().map(clean::name).filter(|name| !name.is_empty());
            name.unwrap_or_else(|| clean::line(&person.email, 80))
        };
        let technician = Some(person(&event.technician)).filter(|name| !name.is_empty());
        let host = session.and_then(|session| session.host.as_ref());
        let hostname =
            host.and_then(|host| host.hostname.as_deref()).map(clean::computer).filter(|name| !name.is_empty());
        let system = host.and_then(|host| host.os.as_deref()).map(clean::computer).filter(|name| !name.is_empty());
        let computer = match (hostname, system) {
            (Some(name), Some(system)) => Some(format!("{name} ({system})")),
            (name, system) => name.or(system),
        };
        Self {
            t: texts::of(recipient.language.as_deref().unwrap_or_default()),
            event,
            now,
            session,
            kind: recipient.kind,
            technician: technician.unwrap_or_else(|| company.clone()),
            company,
            customer: person(&event.customer),
            computer,
        }
    }

    fn fill(&self, text: &str) -> String {
        let names: [(&str, &str); 4] = [
            ("company", &self.company),
            ("technician", &self.technician),
            ("customer", &self.customer),
            ("computer", self.computer.as_deref().unwrap_or(self.t.a_computer)),
        ];
        fill(text, &names)
    }

    fn say(&self, text: &str) -> Part {
        Part::Text(self.fill(text))
    }

    fn footer(&self) -> Vec<String> {
        let server = clean::line(&self.event.server, 200);
        let mut lines = vec![fill(self.t.footer, &[("server", &server), ("company", &self.company)])];
        if let Some(session) = self.session {
            lines.push(fill(self.t.footer_session, &[("session", &clean::line(&session.id, 64))]));
        }
        lines
    }

    /// `24 hours, until 21 November 2026, 14:05 UTC`, counted from now.
    fn until(&self, end: Timestamp) -> String {
        let time = when::date(self.t, end);
        match when::between(self.t, self.now, end) {
            Some(duration) => fill(self.t.until, &[("duration", &duration), ("time", &time)]),
            None => time,
        }
    }

    /// What is known of the session, in the order in which it is looked for.
    fn facts(&self, more: Vec<(&str, Option<String>)>) -> Part {
        let t = self.t;
        let mut facts = vec![(t.company, Some(self.company.clone())), (t.technician, Some(self.technician.clone()))];
        if self.kind != Kind::Customer {
            let email = clean::line(&self.event.customer.email, 254);
            let known = if self.customer == email { email } else { format!("{} ({email})", self.customer) };
            facts.push((t.customer, Some(known)));
        }
        facts.push((t.computer, self.computer.clone()));
        facts.extend(more);
        Part::Facts(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }

    fn capabilities(&self) -> Option<String> {
        let ids = self.session.map(|session| session.capabilities.as_slice()).unwrap_or_default();
        let titles: Vec<String> = ids.iter().take(20).map(|id| self.t.capability(id)).collect();
        (!titles.is_empty()).then(|| titles.join(", "))
    }

    fn lease(&self) -> Option<String> {
        Some(self.until(self.session?.lease_expires_at?))
    }

    fn code_life(&self) -> Option<String> {
        Some(self.until(self.session?.code_expires_at?))
    }

    /// The customer's: who, what for, how long, what comes by phone, and what to do if it was not expected (R2, R3, R4).
    fn invitation(&self) -> Result<(String, Vec<Part>), Undelivered> {
        let t = self.t;
        let given = self.event.notice.as_ref().and_then(|notice| notice.deployment_link.as_deref());
        let given = given.ok_or_else(|| {
            Undelivered::for_good(
                "no-link",
                "the deployment link is no longer kept: prepare a new session, or hand the link on",
            )
        })?;
        if self.session.and_then(|session| session.code_expires_at).is_some_and(|end| end <= self.now) {
            return Err(Undelivered::for_good(
                "link-dead",
                "the deployment link is no longer valid: prepare a new session",
            ));
        }
        let link = clean::link(given)
            .ok_or_else(|| Undelivered::for_good("bad-link", "the deployment link is not an address of the web"))?;
        let with_address = match clean::line(&self.event.technician.email, 254) {
            email if email.is_empty() => self.technician.clone(),
            email => format!("{} ({email})", self.technician),
        };
        let parts = vec![
            self.say(t.invite_text),
            Part::Facts(
                [
                    (t.company, Some(self.company.clone())),
                    (t.technician, Some(with_address)),
                    (t.capabilities, self.capabilities()),
                    (t.invite_link_lives, self.code_life()),
                ]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect(),
            ),
            self.say(t.invite_link_text),
            Part::Button { label: t.invite_button.to_owned(), link: link.to_owned() },
            self.say(t.invite_decide),
            Part::Heading(t.invite_code_heading.to_owned()),
            self.say(t.invite_code),
            Part::Heading(t.invite_unexpected_heading.to_owned()),
            self.say(t.invite_unexpected),
        ];
        Ok((self.fill(t.invite_subject), parts))
    }

    /// For everybody but the customer, and without the link: it is the customer's.
    fn prepared(&self) -> (String, Vec<Part>) {
        let t = self.t;
        let more = vec![(t.capabilities, self.capabilities()), (t.invite_link_lives, self.code_life())];
        (self.fill(t.prepared_subject), vec![self.say(t.prepared_text), self.facts(more)])
    }

    fn activated(&self) -> (String, Vec<Part>) {
        let t = self.t;
        let (subject, text) = match self.kind {
            Kind::Customer => (t.customer_activated_subject, t.customer_activated_text),
            Kind::Technician | Kind::Address => (t.activated_subject, t.activated_text),
        };
        let more = vec![(t.capabilities, self.capabilities()), (t.lease, self.lease())];
        (self.fill(subject), vec![self.say(text), self.facts(more)])
    }

    /// Offline and online.
    fn reachable(&self, subject: &str, text: &str) -> (String, Vec<Part>) {
        let t = self.t;
        let more = vec![(t.since, Some(when::date(t, self.event.at))), (t.ends, self.lease())];
        (self.fill(subject), vec![self.say(text), self.facts(more)])
    }

    fn ending(&self) -> Result<(String, Vec<Part>), Undelivered> {
        let t = self.t;
        let end = self.session.and_then(|session| session.lease_expires_at);
        let left = end
            .and_then(|end| when::between(t, self.now, end))
            .ok_or_else(|| Undelivered::for_good("too-late", "the session is over, or has no end"))?;
        let subject = if self.kind == Kind::Customer { t.customer_ending_subject } else { t.ending_subject };
        let names: [(&str, &str); 3] = [("company", &self.company), ("customer", &self.customer), ("duration", &left)];
        Ok((fill(subject, &names), vec![self.say(t.ending_text), self.facts(vec![(t.ends, self.lease())])]))
    }

    fn ended(&self) -> (String, Vec<Part>) {
        let t = self.t;
        let customer = self.kind == Kind::Customer;
        let subject = if customer { t.customer_ended_subject } else { t.ended_subject };
        let session = self.session;
        let activated = session.and_then(|session| session.activated_at);
        let end = session.and_then(|session| session.ended_at).unwrap_or(self.event.at);
        let removal = match session.and_then(|session| session.removal.as_deref()) {
            Some("done") => Some(t.removal_done),
            Some("pending") => Some(t.removal_pending),
            Some("unreachable") => Some(t.removal_unreachable),
            _ => None,
        };
        let reason =
            session.and_then(|session| session.end_reason.as_deref()).map(|reason| t.end_reason(reason).to_owned());
        let mut more = vec![(t.reason, reason), (t.ended_at, Some(when::date(t, end)))];
        let Some(activated) = activated else {
            let mut parts = vec![self.say(t.ended_unused_text), self.facts(more)];
            if customer {
                parts.push(self.say(t.ended_ask_new));
            }
            return (self.fill(subject), parts);
        };
        more.push((t.active_for, when::between(t, activated, end)));
        more.push((t.removal, removal.map(str::to_owned)));
        let mut parts = vec![self.say(t.ended_text), self.facts(more), Part::Heading(t.connections.to_owned())];
        let channels =
            session.and_then(|session| session.summary.as_ref()).map_or(&[][..], |summary| &summary.channels);
        if channels.is_empty() {
            parts.push(self.say(t.no_connections));
        } else {
            let heads = [t.head_capability, t.head_technician, t.head_when].map(str::to_owned);
            let rows = channels.iter().take(MAX_CONNECTIONS).map(|channel| self.connection(channel)).collect();
            parts.push(Part::Table { heads, rows });
        }
        if let Some(over) = channels.len().checked_sub(MAX_CONNECTIONS).filter(|over| *over > 0) {
            parts.push(Part::Text(fill(t.more_connections, &[("n", &over.to_string())])));
        }
        if customer {
            parts.push(self.say(t.ended_ask_new));
        }
        (self.fill(subject), parts)
    }

    fn connection(&self, channel: &Channel) -> [String; 3] {
        let t = self.t;
        let (time, duration) = (when::date(t, channel.opened_at), when::duration(t, channel.seconds));
        let lasted = fill(t.lasted, &[("time", &time), ("duration", &duration)]);
        [t.capability(&channel.capability), clean::name(&channel.technician), lasted]
    }

    fn test(&self) -> (String, Vec<Part>) {
        (self.fill(self.t.test_subject), vec![self.say(self.t.test_text)])
    }
}
