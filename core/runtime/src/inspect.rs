//! Reads what a component imports and exports without compiling or validating anything, and compares it with its
//! manifest: imports are the permission list (invariant 6).
//!
//! Allowed are the WASI floor that language runtimes import ([`WASI_FLOOR`], all of it inert), the host's inert
//! interfaces, and exactly those others that the manifest's tiers state. `wasi:filesystem`, `wasi:sockets` and
//! `wasi:http` are never allowed. Rust's standard library for `wasm32-wasip2` imports `wasi:filesystem` only when
//! `std::fs` is used, so a plugin that stays with the host's interfaces needs nothing special to pass.

use crate::error::{ImportMismatch, RuntimeError};
use hospes_licence::interface::{Consent, consent_of};
use hospes_licence::manifest::{Kind, Manifest};
use std::collections::BTreeSet;
use wasmparser::{ComponentExternalKind, ComponentTypeRef, Encoding, Parser, Payload};

/// What language runtimes import; linked without arguments, environment, files or network.
pub const WASI_FLOOR: &[&str] = &[
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// Version of the host's own packages, as `major.minor`: another patch version is the same interface.
const HOST_VERSION: &str = "0.1";
/// Version of the WASI floor, as `major.minor`.
const WASI_VERSION: &str = "0.2";

/// The host's inert interfaces that a notifier has too.
const NOTIFIER_INERT: [&str; 2] = ["hospes:base/types", "hospes:base/log"];

/// What a component shows on its outside. Names are without versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Imports, as `package:name/interface`, in the order of the file.
    pub imports: Vec<String>,
    /// Exports, likewise.
    pub exports: Vec<String>,
    /// Imports and exports that can never be right, one sentence each.
    pub problems: Vec<String>,
}

/// Reads a component's outermost imports and exports.
///
/// # Errors
/// When the bytes are not a component.
pub fn outside(bytes: &[u8]) -> Result<Outside, String> {
    let mut outside = Outside::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| format!("not a WebAssembly component: {error}"))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err("it is a WebAssembly module, not a component; build it for wasm32-wasip2".into());
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(|error| format!("its imports cannot be read: {error}"))?;
                    let name = import.name;
                    let odd = name.implements.is_some() || name.version_suffix.is_some() || name.external_id.is_some();
                    if odd || !matches!(import.ty, ComponentTypeRef::Instance(_)) {
                        outside.problems.push(format!("{} is not an import of a whole interface", name.name));
                    }
                    outside.add_import(name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(|error| format!("its exports cannot be read: {error}"))?;
                    if export.kind == ComponentExternalKind::Instance {
                        outside.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(outside)
}

impl Outside {
    fn add_import(&mut self, full: &str) {
        let (name, version) = full.split_once('@').unwrap_or((full, ""));
        let expected = if name.starts_with("wasi:") { WASI_VERSION } else { HOST_VERSION };
        let known = WASI_FLOOR.contains(&name) || consent_of(name).is_some();
        if known && !same_minor(version, expected) {
            self.problems.push(format!("{full} is not version {expected}, which this host has"));
        }
        self.imports.push(name.to_owned());
    }
}

fn same_minor(version: &str, expected: &str) -> bool {
    version
        .strip_prefix(expected)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Checks a component against its manifest. Nothing is compiled before this says yes.
///
/// # Errors
/// [`RuntimeError::Unusable`] when it is no component of the manifest's kind, [`RuntimeError::Imports`] with both lists
/// when it imports what does not exist, what its kind may not have, or anything else than what the manifest states.
pub fn inspect(bytes: &[u8], manifest: &Manifest) -> Result<Outside, RuntimeError> {
    let unusable = |message| RuntimeError::Unusable { plugin: manifest.id.clone(), message };
    let outside = outside(bytes).map_err(unusable)?;
    let (export, wrong) = match manifest.kind {
        Kind::Capability => ("hospes:plugin/serve@0.1.", "only a notifier may import it"),
        Kind::Notifier => ("hospes:notify/sink@0.1.", "a notifier may not import it"),
    };
    let stated = manifest.interfaces();
    let mut problems = outside.problems.clone();
    let mut seen = BTreeSet::new();
    for name in &outside.imports {
        if WASI_FLOOR.contains(&name.as_str()) {
            continue;
        }
        seen.insert(name.clone());
        match (consent_of(name), manifest.kind) {
            (None, _) => problems.push(format!("{name} is not an interface that a plugin may import")),
            (Some(Consent::Inert), Kind::Notifier) if !NOTIFIER_INERT.contains(&name.as_str()) => {
                problems.push(format!("{name} is imported, but a notifier has no session and no channel"));
            }
            (Some(Consent::Inert), _) => {}
            (Some(Consent::Operator), Kind::Capability) | (Some(Consent::Customer(_)), Kind::Notifier) => {
                problems.push(format!("{name} is imported, but {wrong}"));
            }
            (Some(_), _) if !stated.contains(name) => {
                problems.push(format!("{name} is imported, but the manifest does not state it"));
            }
            (Some(_), _) => {}
        }
    }
    for name in stated.difference(&seen) {
        problems.push(format!("{name} is stated by the manifest, but the component does not import it"));
    }
    if !problems.is_empty() {
        let mismatch = Box::new(ImportMismatch { problems, imports: seen, manifest: stated });
        return Err(RuntimeError::Imports { plugin: manifest.id.clone(), mismatch });
    }
    if !outside.exports.iter().any(|name| name.starts_with(export)) {
        return Err(unusable(format!("it does not export {export}x, as its kind must")));
    }
    Ok(outside)
}
