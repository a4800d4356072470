//! From a type that implements [`Notifier`] to a component's exports.

use crate::bindings::notifier::exports::hospes::notify::sink::Guest;
pub use crate::bindings::notifier::exports::hospes::notify::sink::{Delivery, Problem, Undelivered};
use crate::{Denial, Error, Result};
use std::marker::PhantomData;

/// A notifier: told of one event at a time, each time in a fresh instance that remembers nothing.
pub trait Notifier {
    /// Delivers one event, within 60 s. The same delivery may come again, with the same key: use the key so that the
    /// receiver can tell.
    ///
    /// # Errors
    /// Why it did not go out, and whether another try may help. An event that this notifier does not know is permanent.
    fn deliver(delivery: Delivery) -> Result<(), Undelivered>;

    /// Says what is wrong with a channel's settings (JSON), in sentences in `language` (`en`, `fr` or `es`); empty when
    /// nothing is. No web request or mail can be sent meanwhile.
    fn check_config(config: &str, language: &str) -> Vec<Problem>;
}

impl Undelivered {
    /// Another try is useless.
    #[must_use]
    pub fn for_good(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { permanent: true, reason: Error::failure(code, message) }
    }

    /// Another try may help.
    #[must_use]
    pub fn for_now(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { permanent: false, reason: Error::failure(code, message) }
    }
}

impl From<Error> for Undelivered {
    /// What another try cannot mend is permanent: a wrong argument, a host or an address that is not allowed, a feature
    /// that the plan lacks.
    fn from(reason: Error) -> Self {
        let permanent = match &reason {
            Error::Invalid(_) | Error::Denied(Denial::NotLicensed) => true,
            Error::Other(failure) => matches!(failure.code.as_str(), "host-not-allowed" | "address-not-allowed"),
            _ => false,
        };
        Self { permanent, reason }
    }
}

impl Problem {
    /// One field's problem.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// The key of one of several messages of a delivery: `part` is 1 to 32 lower-case letters, digits and hyphens, and stays
/// the same from one try to the next.
#[must_use]
pub fn key_for(delivery: &Delivery, part: &str) -> String {
    format!("{}.{part}", delivery.key)
}

/// What stands between the generated trait and [`Notifier`].
#[derive(Debug)]
pub struct NotifierAdapter<N>(PhantomData<N>);

impl<N: Notifier> Guest for NotifierAdapter<N> {
    fn deliver(delivery: Delivery) -> Result<(), Undelivered> {
        N::deliver(delivery)
    }

    fn check_config(config: String, language: String) -> Vec<Problem> {
        N::check_config(&config, &language)
    }
}

/// Makes a type that implements [`Notifier`](crate::Notifier) this component's export. Once per plugin, at the crate's
/// root. Does nothing outside WebAssembly, so that a plugin's crate checks and tests natively too.
#[macro_export]
macro_rules! export_notifier {
    ($notifier:ident) => {
        #[cfg(not(target_family = "wasm"))]
        const _: fn($crate::Delivery) -> $crate::Result<(), $crate::Undelivered> =
            <$notifier as $crate::Notifier>::deliver;
        #[cfg(target_family = "wasm")]
        type HospesExport = $crate::NotifierAdapter<$notifier>;
        #[cfg(target_family = "wasm")]
        $crate::bindings::notifier::export_notifier_component!(HospesExport with_types_in $crate::bindings::notifier);
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_try_cannot_mend_is_permanent() {
        let check = |error: Error, permanent: bool| {
            assert_eq!(Undelivered::from(error.clone()).permanent, permanent, "{error}")
        };
        check(Error::Invalid("x".into()), true);
        check(Error::Denied(Denial::NotLicensed), true);
        check(Error::failure("host-not-allowed", "x"), true);
        check(Error::failure("address-not-allowed", "x"), true);
        check(Error::Unavailable("x".into()), false);
        check(Error::failure("smtp-busy", "x"), false);
        check(Error::Cancelled, false);
    }
}
