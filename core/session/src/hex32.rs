//! 32 bytes as 64 hex digits in documents: readable in the audit log, and a third of the size of a list of numbers.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&HEXLOWER.encode(bytes))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(from)?;
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?;
    <[u8; 32]>::try_from(bytes).map_err(|bytes| D::Error::custom(format!("32 bytes expected, {} found", bytes.len())))
}
