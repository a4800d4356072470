//! The server's clock and dice: the only place of this crate that reads either.

use crate::refusal::Refusal;
use hospes_session::model::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[must_use]
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Bytes of the operating system's CSPRNG.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refusal::internal(format!("the operating system gave no random bytes: {error}")))?;
    Ok(bytes)
}

/// A secret of 256 bits as text for headers and JSON.
pub(crate) fn secret_text() -> Result<String, Refusal> {
    Ok(data_encoding::BASE64URL_NOPAD.encode(&random::<32>()?))
}
