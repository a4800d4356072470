//! The notifier plugins of this server: loaded when the first delivery needs them, each delivery in a store of its own.

use super::again::Again;
use super::asked::Asked;
use super::compose;
use super::courier::{Carrier, NotCarried};
use super::egress::Egress;
use super::mail::MailServer;
use super::plan;
use crate::clock;
use crate::entitlement;
use crate::plugins::Plugins;
use crate::settings::Settings;
use hospes_licence::key::PublicKey;
use hospes_licence::manifest::Manifest;
use hospes_runtime::{Allocator, Budgets, ConfigProblem, Notifier, Outside, Runtime, RuntimeError};
use hospes_session::notification::TEST;
use hospes_session::plan::Plan;
use hospes_store::outbox::{Delivery, Failure, NotificationChannel};
use hospes_store::{Store, StoreError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Notify, OnceCell};

/// The interface that makes a notifier one of mail: its channels have recipients, and it needs a mail server.
const MAIL: &str = "hospes:notify/mail";
/// The one that lets it send web requests.
const HTTP: &str = "hospes:notify/http";

/// A notifier that is installed.
pub(crate) struct Installed {
    /// Its manifest.
    pub(crate) manifest: Manifest,
    file: Vec<u8>,
    loaded: OnceCell<Notifier>,
}

/// All of them, and what they reach the world through.
pub(crate) struct Notifiers {
    installed: BTreeMap<String, Installed>,
    publishers: Vec<PublicKey>,
    runtime: OnceCell<Arc<Runtime>>,
    cache: PathBuf,
    pub(crate) mail: Option<Arc<MailServer>>,
    pub(crate) egress: Arc<Egress>,
    /// Room for tests and looks at settings.
    pub(crate) asked: Asked,
    /// Deliveries that somebody asked for again a moment ago.
    pub(crate) again: Again,
    /// Somebody wrote to the outbox, or asked for a delivery again.
    pub(crate) news: Notify,
}

impl Notifiers {
    /// Those of the server's plugins. Nothing is compiled or connected yet.
    pub(crate) fn new(settings: &Settings, plugins: &Plugins) -> Result<Self, String> {
        // An error says that a provider is installed already, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let installed = plugins.notifiers().map(|plugin| {
            let installed =
                Installed { manifest: plugin.manifest.clone(), file: plugin.bytes.clone(), loaded: OnceCell::new() };
            (plugin.manifest.id.clone(), installed)
        });
        Ok(Self {
            installed: installed.collect(),
            publishers: plugins.publishers().iter().map(|publisher| publisher.key).collect(),
            runtime: OnceCell::new(),
            cache: settings.data.join("compiled"),
            mail: settings.mail.as_ref().map(MailServer::new).transpose()?.map(Arc::new),
            egress: Arc::new(Egress::new(&settings.webhooks)),
            asked: Asked::default(),
            again: Again::default(),
            news: Notify::new(),
        })
    }

    /// One by its id.
    pub(crate) fn get(&self, id: &str) -> Option<&Installed> {
        self.installed.get(id)
    }

    /// All, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Installed)> {
        self.installed.iter()
    }

    /// Whether a channel of this notifier delivers now, for a company with these features: it is installed, the plan
    /// has it, and there is a mail server when it needs one.
    pub(crate) fn delivers(&self, id: &str, features: &BTreeSet<String>) -> bool {
        let able = |found: &Installed| !found.by_recipient() || self.mail.is_some();
        self.get(id).is_some_and(|found| able(found) && found.manifest.licensed(features))
    }

    /// What is wrong with a channel's settings, in words for people: the notifier's own word, and the operator's about
    /// the addresses in it.
    pub(crate) async fn check(
        &self,
        id: &str,
        config: &Value,
        language: &str,
    ) -> Result<Vec<ConfigProblem>, RuntimeError> {
        let Some(found) = self.get(id) else { return Ok(Vec::new()) };
        let (runtime, notifier) = self.ready(found).await?;
        let mut problems = runtime.check_config(notifier, config.to_string(), language, Budgets::default()).await?;
        if found.manifest.interfaces().contains(HTTP) {
            let fields = config.as_object().into_iter().flatten();
            for (field, url) in fields.filter_map(|(field, value)| Some((field, value.as_str()?.parse().ok()?))) {
                let told = problems.iter().any(|problem| problem.field == *field);
                if let Some(message) = self.egress.refusal(&url).filter(|_| !told) {
                    problems.push(ConfigProblem { field: field.clone(), message });
                }
            }
        }
        Ok(problems)
    }

    /// The engine and the notifier, made ready on first use: compiling takes a second, and most servers that are started
    /// never deliver anything.
    async fn ready<'a>(&self, found: &'a Installed) -> Result<(Arc<Runtime>, &'a Notifier), RuntimeError> {
        let runtime = self
            .runtime
            .get_or_try_init(|| async {
                let settings =
                    hospes_runtime::Settings { allocator: Allocator::Pooling, cache: Some(self.cache.clone()) };
                Runtime::new(&settings).map(Arc::new)
            })
            .await?;
        let notifier =
            found.loaded.get_or_try_init(|| runtime.load_notifier(found.file.clone(), &self.publishers)).await?;
        Ok((runtime.clone(), notifier))
    }
}

impl Installed {
    /// Whether it mails: one delivery for each recipient.
    pub(crate) fn by_recipient(&self) -> bool {
        self.manifest.interfaces().contains(MAIL)
    }
}

/// Carries deliveries with the notifiers, for companies of the store.
pub(crate) struct ByNotifier<'a> {
    pub(crate) notifiers: &'a Notifiers,
    pub(crate) store: &'a dyn Store,
    pub(crate) plans: &'a [Plan],
    pub(crate) operator: PublicKey,
}

fn failed(permanent: bool, code: &str, detail: impl Into<String>) -> NotCarried {
    NotCarried { permanent, failure: Failure { code: code.to_owned(), detail: detail.into() } }
}

impl From<StoreError> for NotCarried {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a delivery could not be looked up");
        failed(false, "internal", "The server could not read its database.")
    }
}

/// Why a channel's settings of now, which may be others than when the delivery was made, have nothing sent. A test is sent
/// all the same: somebody tries a channel out before they switch it on, and it goes to themselves.
fn called_off(channel: &NotificationChannel, delivery: &Delivery) -> Option<NotCarried> {
    if delivery.event == TEST {
        return None;
    }
    if !channel.enabled {
        return Some(failed(true, "channel-disabled", "The channel was switched off."));
    }
    let unnamed = delivery.recipient.as_ref().is_some_and(|recipient| !plan::names(&channel.config, recipient));
    unnamed.then(|| failed(true, "recipient-removed", "The channel does not send to this recipient any more."))
}

#[async_trait::async_trait]
impl Carrier for ByNotifier<'_> {
    async fn carry(&self, delivery: &Delivery) -> Result<(), NotCarried> {
        let channel = match self.store.notification_channel(delivery.company, delivery.channel).await {
            Err(StoreError::NotFound) => {
                return Err(NotCarried { permanent: true, failure: Failure::channel_removed() });
            }
            other => other?,
        };
        if let Some(refused) = called_off(&channel, delivery) {
            return Err(refused);
        }
        let Some(found) = self.notifiers.get(&channel.notifier) else {
            let detail = format!("The notifier {} is not installed on this server.", channel.notifier);
            return Err(failed(false, "not-installed", detail));
        };
        // The plan is asked for each delivery: what was sold yesterday may be over today (R9, R19).
        let company = self.store.company(delivery.company).await?;
        let entitlement = entitlement::of(&company, self.plans, &self.operator, clock::now());
        if !found.manifest.licensed(&entitlement.features) {
            return Err(failed(false, "not-licensed", "The company's plan does not have this notifier."));
        }
        let mail = self.notifiers.mail.clone();
        if found.by_recipient() && mail.is_none() {
            return Err(failed(false, "mail-not-configured", "This server has no mail server."));
        }
        let (runtime, notifier) = self.notifiers.ready(found).await.map_err(|error| {
            tracing::error!(notifier = channel.notifier, %error, "a notifier does not run");
            failed(false, error.code(), error.to_string())
        })?;
        let outside = Outside {
            mail: mail.map(|mail| mail as _),
            recipient: delivery.recipient.as_ref().map(|recipient| recipient.email.clone()),
            http: Some(self.notifiers.egress.clone()),
            unlocked: found.manifest.unlocked(&entitlement.features),
        };
        let told = hospes_runtime::Delivery {
            key: delivery.id.to_string(),
            attempt: delivery.attempts,
            event: delivery.event.clone(),
            payload: compose::for_delivery(delivery).to_string(),
            config: channel.config.to_string(),
        };
        runtime
            .deliver(notifier, told, outside, Budgets::default())
            .await
            .map_err(|undelivered| failed(undelivered.permanent, &undelivered.code, undelivered.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Webhooks;
    use hospes_licence::key::KeyPair;
    use hospes_licence::licence::SignedLicence;
    use hospes_session::id::{CompanyId, DeliveryId};
    use hospes_session::model::Language;
    use hospes_store::Outbox;
    use hospes_store::model::{Audit, Company};
    use hospes_store::outbox::{NewDelivery, Recipient, RecipientKind, first_channels};
    use hospes_store::sqlite::SqliteStore;
    use serde_json::json;

    #[tokio::test]
    async fn r19_a_channel_that_is_switched_off_sends_nothing_that_waits() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path().join("hospes.db")).await.unwrap();
        let licence = SignedLicence { bytes: vec![1], key: PublicKey([1; 32]), signature: [1; 64] };
        let id = CompanyId::from_parts(1, [1; 16]);
        let company = Company { id, name: "Acme".into(), licence, created_at: 1 };
        store.add_company(&company).await.unwrap();
        let notifiers = Notifiers {
            installed: BTreeMap::new(),
            publishers: Vec::new(),
            runtime: OnceCell::new(),
            cache: directory.path().join("compiled"),
            mail: None,
            egress: Arc::new(Egress::new(&Webhooks::default())),
            asked: Asked::default(),
            again: Again::default(),
            news: Notify::new(),
        };
        let operator = KeyPair::from_secret(&[1; 32]).public();
        let carrier = ByNotifier { notifiers: &notifiers, store: &store, plans: &[], operator };
        let channel = first_channels(id, 1)[0].clone();
        let mut number = 0;
        // What is sent goes on to the next question: whether its notifier is installed, and none is here.
        let mut check = async |enabled, recipients: &[&str], event: &str, kind: Option<RecipientKind>, expect| {
            let config = json!({ "recipients": recipients });
            let changed = NotificationChannel { enabled, config, ..channel.clone() };
            let (actor, action) = ("test".to_owned(), "test".to_owned());
            let audit = Audit { company: Some(id), session: None, actor, action, detail: json!({}) };
            store.set_notification_channel(&changed, 1, &audit).await.unwrap();
            number += 1;
            let email = "Ana@x.org".to_owned();
            let new = NewDelivery {
                id: DeliveryId::from_parts(1, [number; 16]),
                channel: channel.id,
                channel_title: String::new(),
                notifier: channel.notifier.clone(),
                recipient: kind.map(|kind| Recipient { kind, email, name: None, language: Language::En }),
                payload: json!({}),
            };
            let delivery = store.add_test(id, &new, event, 1, 1).await.unwrap();
            let refused = carrier.carry(&delivery).await.unwrap_err();
            let found = (refused.permanent, refused.failure.code.as_str());
            assert_eq!(found, expect, "{enabled} {recipients:?} {event} {kind:?}");
        };
        let (goes_on, off, removed) =
            ((false, "not-installed"), (true, "channel-disabled"), (true, "recipient-removed"));
        let (customer, technician, address) =
            (Some(RecipientKind::Customer), Some(RecipientKind::Technician), Some(RecipientKind::Address));
        check(true, &["customer"], "session.ended", customer, goes_on).await;
        check(false, &["customer"], "session.ended", customer, off).await;
        check(false, &[], "session.ended", None, off).await;
        check(true, &[], "session.ended", None, goes_on).await;
        check(false, &["customer"], TEST, technician, goes_on).await;
        check(true, &["technician"], "session.ended", customer, removed).await;
        check(true, &["customer"], "session.ended", technician, removed).await;
        check(true, &["customer"], "session.ended", address, removed).await;
        check(true, &["ana@X.org"], "session.ended", address, goes_on).await;
        check(true, &["customer", "ana@X.org"], "session.ended", technician, goes_on).await;
        check(true, &["bea@x.org"], "session.ended", address, removed).await;
    }
}
