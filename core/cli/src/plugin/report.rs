//! What can be said of a plugin file without running it.

use anyhow::{Result, anyhow};
use hospes_licence::manifest::{Hosts, Manifest};
use hospes_licence::plugin_file::{claimed, hash, verify};
use hospes_runtime::inspect::{inspect, outside};
use serde::Serialize;

/// A plugin file, looked at from outside.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// BLAKE3 of the whole file, hex.
    hash: String,
    /// Length in bytes.
    length: usize,
    /// Whose signature it carries, hex; none when nobody's is valid.
    publisher_key: Option<String>,
    /// The manifest, when the file is packed.
    manifest: Option<Manifest>,
    /// Imports, as `package:name/interface`.
    imports: Vec<String>,
    /// Exports, likewise.
    exports: Vec<String>,
    /// The page's files and their lengths in bytes.
    ui: Vec<(String, usize)>,
    /// What is wrong with signature, manifest or sections.
    signature_problem: Option<String>,
    /// What is wrong with imports and exports.
    imports_problem: Option<String>,
}

/// Looks at a file.
///
/// # Errors
/// When it is no component at all.
pub(super) fn read(bytes: &[u8]) -> Result<Report> {
    let outside = outside(bytes).map_err(|text| anyhow!("this is not a component: {text}"))?;
    let (publisher_key, signature_problem) = match verify(bytes.to_vec()) {
        Ok(file) => (Some(file.publisher_key.to_string()), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    let (manifest, pages) = claimed(bytes).map_or((None, None), |(manifest, pages)| (Some(manifest), Some(pages)));
    let imports_problem = match &manifest {
        Some(manifest) => inspect(bytes, manifest).err().map(|refusal| refusal.to_string()),
        None => Some(outside.problems.join("\n")).filter(|problems| !problems.is_empty()),
    };
    Ok(Report {
        hash: hash(bytes),
        length: bytes.len(),
        publisher_key,
        manifest,
        imports: outside.imports,
        exports: outside.exports,
        ui: pages.unwrap_or_default().into_iter().map(|(name, bytes)| (name, bytes.len())).collect(),
        signature_problem,
        imports_problem,
    })
}

impl Report {
    /// Everything for which a host would refuse it.
    pub(super) fn problems(&self) -> Vec<&str> {
        [&self.signature_problem, &self.imports_problem].into_iter().flatten().map(String::as_str).collect()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(manifest) = &self.manifest {
            lines.push(format!("{} {} by {}", manifest.id, manifest.version, manifest.publisher));
            lines.push(format!("title       {}", manifest.title("en")));
            lines.push(format!("memory      {} MiB", manifest.memory() >> 20));
            for (feature, interfaces) in &manifest.tiers {
                let names: Vec<&str> = interfaces.iter().map(String::as_str).collect();
                lines.push(format!("with {feature}: {}", names.join(", ")));
            }
            lines.extend(manifest.network.as_ref().map(|network| format!("reaches     {}", reaches(&network.hosts))));
        }
        lines.push(format!("hash        {}", self.hash));
        lines.push(format!("length      {} bytes", self.length));
        lines.push(format!("signed by   {}", self.publisher_key.as_deref().unwrap_or("nobody")));
        lines.extend(self.imports.iter().map(|name| format!("imports     {name}")));
        lines.extend(self.exports.iter().map(|name| format!("exports     {name}")));
        lines.extend(self.ui.iter().map(|(name, length)| format!("page        {name} ({length} bytes)")));
        lines.extend(
            self.problems().iter().map(|problem| format!("PROBLEM     {}", problem.replace('\n', "\n            "))),
        );
        lines.join("\n")
    }
}

/// Where a notifier's web requests go, for people.
fn reaches(hosts: &Hosts) -> String {
    match hosts {
        Hosts::Operator(_) => "every host that the operator allows".to_owned(),
        Hosts::Named(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}
