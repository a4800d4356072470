//! Asked before every host call that touches the customer's computer.

use std::future::Future;
use std::pin::Pin;

/// Why not (`hospes:base/types.denial`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Denial {
    NotLicensed,
    LocalUserDenied,
    LocalUserRevoked,
    NoAnswer,
    LeaseExpired,
    Other(String),
}

/// What the gate says at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allow,
    /// No, why.
    Deny(Denial),
    /// The customer has to be asked first: await [`Gate::ask`].
    Ask,
}

/// Decides, for one channel, whether an interface answers now. Implemented by the host from grant, consent and lease;
/// its answer may change between two calls, and the next call then feels it.
pub trait Gate: Send + Sync {
    /// Fast, no waiting: called before every host call. `interface` is `package:name/interface`.
    fn verdict(&self, interface: &str) -> Verdict;
    /// Asks the customer; done when answered or after 60 s.
    fn ask<'a>(&'a self, interface: &'a str) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;
    /// The interfaces that are unlocked now.
    fn unlocked(&self) -> Vec<String>;
}
