//! The custom sections of the outermost component.

use super::Reason;
use crate::key::PublicKey;
use wasm_encoder::ComponentSection;
use wasmparser::{Encoding, Parser, Payload};

pub(super) const MANIFEST: &str = "hospes:manifest";
pub(super) const UI: &str = "hospes:ui";
pub(super) const SIGNATURE: &str = "hospes:signature";

/// Everything before key and signature in a signature section: custom section (0), 113 bytes, name of 16 bytes.
const SIGNATURE_HEAD: &[u8] = b"\x00\x71\x10hospes:signature";
/// Bytes of a whole signature section.
pub(super) const SIGNATURE_LENGTH: usize = SIGNATURE_HEAD.len() + 32 + 64;

/// The sections whose names start with `hospes:`, in order; the rest of the file is walked too, so that a cut or damaged
/// one is found before it reaches the compiler.
pub(super) fn hospes(bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, Reason> {
    let mut found = Vec::new();
    let result = walk(bytes, |name, data| found.push((name, data)));
    result.map(|()| found)
}

/// The manifest as far as the file can be walked.
pub(super) fn claimed_manifest(bytes: &[u8]) -> Option<&str> {
    let mut manifest = None;
    let _damaged_or_not = walk(bytes, |name, data| {
        if name == MANIFEST && manifest.is_none() {
            manifest = std::str::from_utf8(data).ok();
        }
    });
    manifest
}

fn walk<'a>(bytes: &'a [u8], mut section: impl FnMut(&'a str, &'a [u8])) -> Result<(), Reason> {
    if !bytes.starts_with(b"\0asm") {
        return Err(Reason::NotAComponent(""));
    }
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| Reason::Damaged(error.to_string()))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(Reason::NotAComponent(": it is a core module; build it for wasm32-wasip2"));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(custom) if depth == 0 && custom.name().starts_with("hospes:") => {
                section(custom.name(), custom.data());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Splits a file into what was signed, key and signature. `found` are its sections: the last one must be the signature
/// and end where the file ends.
pub(super) fn split_signature<'a>(
    bytes: &'a [u8],
    found: &[(&str, &[u8])],
) -> Result<(&'a [u8], PublicKey, [u8; 64]), Reason> {
    let last = found.last().filter(|(name, _)| *name == SIGNATURE).ok_or(Reason::Trailing)?;
    if last.1.as_ptr_range().end != bytes.as_ptr_range().end {
        return Err(Reason::Trailing);
    }
    let at = bytes.len().checked_sub(SIGNATURE_LENGTH).ok_or(Reason::Trailing)?;
    let (signed, section) = bytes.split_at_checked(at).ok_or(Reason::Trailing)?;
    let section = section.strip_prefix(SIGNATURE_HEAD).ok_or(Reason::Trailing)?;
    let (key, signature) = section.split_first_chunk::<32>().ok_or(Reason::Trailing)?;
    let signature = signature.try_into().map_err(|_| Reason::Trailing)?;
    Ok((signed, PublicKey(*key), signature))
}

pub(super) fn append(file: &mut Vec<u8>, name: &str, data: &[u8]) {
    wasm_encoder::CustomSection { name: name.into(), data: data.into() }.append_to_component(file);
}
