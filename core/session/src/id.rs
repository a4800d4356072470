//! Typed ids: mixing them does not compile.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// Builds an id that sorts by `now_ms` from 16 random bytes of the caller's.
            #[must_use]
            pub fn from_parts(now_ms: u64, random: [u8; 16]) -> Self {
                let mut tail = [0u8; 10];
                tail.copy_from_slice(&random[..10]);
                Self(uuid::Builder::from_unix_timestamp_millis(now_ms, &tail).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A support session.
    SessionId,
    /// A company (the tenant).
    CompanyId,
    /// A technician.
    TechnicianId,
    /// One login of a technician: what a session password unlocks.
    LoginId,
    /// One open channel.
    ChannelId,
    /// A company's configured use of a notifier (R19).
    NotificationChannelId,
    /// One event on its way to one receiver; also its idempotency key.
    DeliveryId,
}
