//! Why a host call failed.

pub use crate::bindings::hospes::base::types::{Denial, Error, Failure};

/// Answer of a host call.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// A failure of the plugin's own: a stable code in kebab-case and an English sentence.
    #[must_use]
    pub fn failure(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other(Failure { code: code.into(), message: message.into() })
    }

    /// A stable code in kebab-case, for pages and programs: `denied`, `not-found`, ..., or the failure's own.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Denied(_) => "denied",
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::Invalid(_) => "invalid",
            Self::Unavailable(_) => "unavailable",
            Self::Budget(_) => "budget",
            Self::Cancelled => "cancelled",
            Self::Other(failure) => &failure.code,
        }
    }

    /// Who said no, when somebody did: `not-licensed`, `local-user-denied`, ...
    #[must_use]
    pub fn denial(&self) -> Option<&str> {
        match self {
            Self::Denied(denial) => Some(denial.code()),
            _ => None,
        }
    }

    /// An English sentence (the generated `Display` prints the variant).
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Denied(denial) => format!("denied: {}", denial.code()),
            Self::NotFound => "there is no such thing".into(),
            Self::AlreadyExists => "something of that name is already there".into(),
            Self::Invalid(why) | Self::Unavailable(why) => why.clone(),
            Self::Budget(which) => format!("the channel's budget is used up: {which}"),
            Self::Cancelled => "the channel is closing".into(),
            Self::Other(failure) => failure.message.clone(),
        }
    }
}

impl Denial {
    /// The denial's stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NotLicensed => "not-licensed",
            Self::LocalUserDenied => "local-user-denied",
            Self::LocalUserRevoked => "local-user-revoked",
            Self::NoAnswer => "no-answer",
            Self::LeaseExpired => "lease-expired",
            Self::Other(code) => code,
        }
    }
}

impl From<serde_json::Error> for Error {
    /// A message that is not what was expected.
    fn from(error: serde_json::Error) -> Self {
        Self::Invalid(format!("not the expected JSON: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_and_a_sentence() {
        let check = |error: Error, code: &str, denial: Option<&str>, message: &str| {
            assert_eq!((error.code(), error.denial(), error.message().as_str()), (code, denial, message));
        };
        check(Error::Denied(Denial::NotLicensed), "denied", Some("not-licensed"), "denied: not-licensed");
        check(Error::Denied(Denial::Other("asleep".into())), "denied", Some("asleep"), "denied: asleep");
        check(Error::NotFound, "not-found", None, "there is no such thing");
        check(Error::Invalid("`len` is 0".into()), "invalid", None, "`len` is 0");
        check(Error::Budget("units".into()), "budget", None, "the channel's budget is used up: units");
        check(Error::failure("disk-full", "The disk is full."), "disk-full", None, "The disk is full.");
        let error = Error::from(serde_json::from_str::<u8>("x").unwrap_err());
        assert_eq!(error.code(), "invalid");
    }
}
