//! The audit log's hash chain: an entry's hash covers the one before it, so that nothing in the middle can be changed,
//! taken out or put in without every later hash changing too.
//!
//! What it gives: a copy of one hash kept elsewhere (an export, a mail) proves everything up to it. What it does not
//! give: whoever can write the database and knows this code can compute a whole new chain.

use crate::model::AuditEntry;
use hospes_session::id::CompanyId;
use serde_json::Value;

/// Where an entry's company chain starts.
pub const START: &str = "";

/// The hash of an entry that follows `previous`; hex. The entry's own `hash` is not looked at.
#[must_use]
pub fn entry_hash(previous: &str, company: Option<CompanyId>, entry: &AuditEntry) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("hospes 2026 audit entry");
    // Each field with its length before it: no two different entries give the same bytes.
    let mut field = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    field(previous.as_bytes());
    field(company.map(|id| id.to_string()).unwrap_or_default().as_bytes());
    field(&entry.sequence.to_le_bytes());
    field(&entry.at.to_le_bytes());
    field(entry.session.map(|id| id.to_string()).unwrap_or_default().as_bytes());
    field(entry.actor.as_bytes());
    field(entry.action.as_bytes());
    field(canonical(&entry.detail).as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// JSON with sorted keys, whatever order a program's build of the JSON library keeps.
#[must_use]
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            let inner: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        simple => simple.to_string(),
    }
}
