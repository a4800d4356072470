//! What a plugin's call finds: grant ∩ lease ∩ mode ∩ consent, looked at before every call.

use super::state::Channel;
use crate::consent::looks_only;
use crate::host::Host;
use crate::texts::{self, Text};
use hospes_licence::grant::Mode;
use hospes_licence::interface::{Consent, ConsentClass, consent_of};
use hospes_runtime::gate::{Denial, Gate, Verdict};
use hospes_wire::control::ConsentState;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

/// The gate of one channel.
pub(super) struct ChannelGate {
    pub(super) host: Arc<Host>,
    pub(super) channel: Arc<Channel>,
}

impl ChannelGate {
    /// The class of an interface that this channel may use by grant, lease and mode; none for what touches nothing.
    fn granted(&self, interface: &str) -> Result<Option<ConsentClass>, Denial> {
        if !self.host.lease_runs() {
            return Err(Denial::LeaseExpired);
        }
        if self.channel.is_over() {
            return Err(Denial::Other("grant-expired".to_owned()));
        }
        let class = match consent_of(interface) {
            Some(Consent::Inert) => return Ok(None),
            Some(Consent::Customer(class)) => class,
            // An operator's interface, or one that nobody knows: never on a customer's computer.
            Some(Consent::Operator) | None => return Err(Denial::NotLicensed),
        };
        let grant = self.channel.grant();
        if !grant.interfaces.contains(interface) {
            return Err(Denial::NotLicensed);
        }
        if grant.mode == Mode::ViewOnly && !looks_only(class) {
            return Err(Denial::Other("view-only".to_owned()));
        }
        Ok(Some(class))
    }

    /// What the customer says of a class, for this channel.
    fn consent(&self, class: ConsentClass) -> Verdict {
        match self.host.consent.state(class) {
            ConsentState::Granted => Verdict::Allow,
            ConsentState::Denied if self.host.consent.was_revoked(class) => Verdict::Deny(Denial::LocalUserRevoked),
            ConsentState::Denied => Verdict::Deny(Denial::LocalUserDenied),
            ConsentState::Ask => {
                let answers = self.channel.answers.lock().unwrap_or_else(PoisonError::into_inner);
                match answers.get(&class) {
                    Some(Ok(())) => Verdict::Allow,
                    Some(Err(denial)) => Verdict::Deny(denial.clone()),
                    None => Verdict::Ask,
                }
            }
        }
    }

    /// Asks the customer about a class, once for this channel.
    pub(super) async fn ask_class(&self, class: ConsentClass) -> Verdict {
        let _one = self.channel.asking.lock().await;
        let verdict = self.consent(class);
        if verdict != Verdict::Ask {
            return verdict;
        }
        let dialogue = &self.host.dialogue;
        let technician = self.channel.grant().technician_name.clone();
        let sentence = dialogue.text(texts::class(class), &[]);
        let question = dialogue.text(Text::AskNow, &[("technician", &technician), ("class", &sentence)]);
        let said = tokio::select! {
            said = dialogue.ask_guarded(&question) => said,
            () = self.channel.closing.cancelled() => return Verdict::Deny(Denial::NoAnswer),
        };
        let answer = match said {
            Some(true) => Ok(()),
            Some(false) => Err(Denial::LocalUserDenied),
            None => Err(Denial::NoAnswer),
        };
        self.channel.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(class, answer);
        self.consent(class)
    }

    /// The classes that grant and mode leave, in the order in which they are asked.
    pub(super) fn classes(&self) -> Vec<ConsentClass> {
        let interfaces = self.channel.grant().interfaces.clone();
        let granted: Vec<_> = interfaces.iter().filter_map(|name| self.granted(name).ok().flatten()).collect();
        ConsentClass::ALL.into_iter().filter(|class| granted.contains(class)).collect()
    }

    /// What is said of a class now.
    pub(super) fn said(&self, class: ConsentClass) -> Verdict {
        self.consent(class)
    }
}

impl Gate for ChannelGate {
    fn verdict(&self, interface: &str) -> Verdict {
        match self.granted(interface) {
            Err(denial) => Verdict::Deny(denial),
            Ok(None) => Verdict::Allow,
            // Injected input is held back while the customer is asked something, or a technician could answer it.
            Ok(Some(ConsentClass::Control)) if *self.host.dialogue.guarded().borrow() > 0 => Verdict::Ask,
            Ok(Some(class)) => self.consent(class),
        }
    }

    fn ask<'a>(&'a self, interface: &'a str) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            let class = match self.granted(interface) {
                Err(denial) => return Verdict::Deny(denial),
                Ok(None) => return Verdict::Allow,
                Ok(Some(class)) => class,
            };
            let verdict = self.ask_class(class).await;
            if class == ConsentClass::Control && verdict == Verdict::Allow {
                let mut guarded = self.host.dialogue.guarded();
                let _ = guarded.wait_for(|open| *open == 0).await;
                // Much may have changed meanwhile; a question that opened again is for the next call.
                return match self.granted(interface) {
                    Err(denial) => Verdict::Deny(denial),
                    Ok(_) => self.consent(class),
                };
            }
            verdict
        })
    }

    fn unlocked(&self) -> Vec<String> {
        let interfaces = self.channel.grant().interfaces.clone();
        interfaces
            .into_iter()
            .filter(|name| match self.granted(name) {
                Ok(Some(class)) => !matches!(self.consent(class), Verdict::Deny(_)),
                Ok(None) => true,
                Err(_) => false,
            })
            .collect()
    }
}
