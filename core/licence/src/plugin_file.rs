//! A plugin as one file, `NAME-VERSION.hospes.wasm`: a WebAssembly component with three custom sections appended in
//! this order: `hospes:manifest` (plugin.toml), `hospes:ui` (the page's files), `hospes:signature` (publisher key,
//! signature over BLAKE3 of everything before this section). Nothing is ever unpacked to disk.
//!
//! Only sections of the outermost component count. The signature is the last 115 bytes of the file, so that nothing can
//! stand behind it; it is checked before anything inside is believed. Whoever reads a file that came over a network
//! calls [`verify`] and then [`trusted`].

mod pages;
mod sections;

use crate::key::{Context, KeyPair, PublicKey};
use crate::manifest::{BadManifest, Manifest};
use std::collections::BTreeMap;

pub use pages::{MAX_PAGES, Pages};

/// Longest plugin file, in bytes (16 MiB).
pub const MAX_FILE: usize = 16 << 20;

/// A plugin file that was checked: signature, manifest, sections. Its imports are `core/runtime`'s to inspect.
#[derive(Clone, Debug)]
pub struct PluginFile {
    /// BLAKE3 of the whole file, hex: the name by which grants and caches speak of it.
    pub hash: String,
    /// Who signed it.
    pub publisher_key: PublicKey,
    /// Its manifest.
    pub manifest: Manifest,
    /// The page's files by path; empty for a plugin without a page.
    pub ui: BTreeMap<String, Vec<u8>>,
    /// The whole file, a valid component.
    pub bytes: Vec<u8>,
}

impl PluginFile {
    /// `NAME-VERSION.hospes.wasm`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}.hospes.wasm", self.manifest.id, self.manifest.version)
    }
}

/// Why a file is refused as a plugin; names the plugin where the file says its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPlugin {
    /// The id that the file claims, believed by nobody.
    pub plugin: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

impl std::fmt::Display for BadPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.plugin {
            Some(plugin) => write!(f, "plugin {plugin:?}: {}", self.reason),
            None => write!(f, "plugin: {}", self.reason),
        }
    }
}

impl std::error::Error for BadPlugin {}

/// What is wrong with a plugin file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Over [`MAX_FILE`].
    #[error("the file has {0} bytes; at most {MAX_FILE} are allowed")]
    TooLong(usize),
    /// No component.
    #[error("the file is not a WebAssembly component{0}")]
    NotAComponent(&'static str),
    /// It ends too early, or its sections do not add up.
    #[error("the file is damaged or cut: {0}")]
    Damaged(String),
    /// Nobody signed it.
    #[error("the file is not signed: sign it with `hospes plugin sign`")]
    Unsigned,
    /// It has a signature already.
    #[error("the file is already signed, by {0}")]
    AlreadySigned(PublicKey),
    /// The signature stands elsewhere than at the end.
    #[error("something stands behind the signature: the file was changed after it was signed")]
    Trailing,
    /// Changed, or signed with another key than it says.
    #[error("the signature does not match: the file was changed after it was signed")]
    Forged,
    /// The same section twice.
    #[error("the section {0} stands in the file twice")]
    Duplicate(String),
    /// A section that only a later version understands.
    #[error("the section {0} is unknown; a later version of the host may understand it")]
    UnknownSection(String),
    /// No manifest.
    #[error("the file has no manifest: pack it with its plugin.toml")]
    NoManifest,
    /// The component was packed already.
    #[error("the component already has a section {0}: pack what the compiler made")]
    AlreadyPacked(String),
    /// What is wrong with the manifest.
    #[error(transparent)]
    Manifest(#[from] BadManifest),
    /// What is wrong with the page.
    #[error("the page: {0}")]
    Page(String),
    /// Signed by somebody who is not trusted here.
    #[error("its publisher {0} is not trusted here")]
    Untrusted(PublicKey),
}

impl Reason {
    fn of(self, plugin: Option<&str>) -> BadPlugin {
        BadPlugin { plugin: plugin.map(str::to_owned), reason: self }
    }
}

/// Appends manifest and page to a component. The result is to be [`sign`]ed.
///
/// # Errors
/// When the component is none or was packed before, the manifest is wrong, page and manifest do not belong together, or
/// the file would be too long.
pub fn pack(component: &[u8], manifest_toml: &str, ui: &Pages) -> Result<Vec<u8>, BadPlugin> {
    let manifest = Manifest::parse(manifest_toml).map_err(|error| Reason::from(error).of(None))?;
    let refuse = |reason: Reason| reason.of(Some(&manifest.id));
    if let Some((name, _)) = sections::hospes(component).map_err(refuse)?.first() {
        return Err(refuse(Reason::AlreadyPacked((*name).to_owned())));
    }
    pages::fit(manifest.ui.as_ref(), ui).map_err(|text| refuse(Reason::Page(text)))?;
    let mut file = component.to_vec();
    sections::append(&mut file, sections::MANIFEST, manifest_toml.as_bytes());
    if !ui.is_empty() {
        sections::append(&mut file, sections::UI, &pages::encode(ui));
    }
    let length = file.len() + sections::SIGNATURE_LENGTH;
    if length > MAX_FILE { Err(refuse(Reason::TooLong(length))) } else { Ok(file) }
}

/// Signs a packed file.
///
/// # Errors
/// When it is not packed, or signed already.
pub fn sign(packed: &[u8], key: &KeyPair) -> Result<Vec<u8>, BadPlugin> {
    let name = claimed_name(packed);
    let refuse = |reason: Reason| reason.of(name.as_deref());
    let found = sections::hospes(packed).map_err(refuse)?;
    if found.iter().any(|(name, _)| *name == sections::SIGNATURE) {
        let by = sections::split_signature(packed, &found).map(|(_, key, _)| key);
        return Err(refuse(by.map_or_else(|reason| reason, Reason::AlreadySigned)));
    }
    contents(&found).map_err(refuse)?;
    let signature = key.sign(Context::Plugin, blake3::hash(packed).as_bytes());
    let mut file = packed.to_vec();
    sections::append(&mut file, sections::SIGNATURE, &[&key.public().0[..], &signature[..]].concat());
    if file.len() > MAX_FILE { Err(refuse(Reason::TooLong(file.len()))) } else { Ok(file) }
}

/// Checks a plugin file: length, signature, sections, manifest, page. That the signer is trusted is [`trusted`]'s.
///
/// # Errors
/// The first thing that is wrong, naming the plugin where the file says its name.
pub fn verify(bytes: Vec<u8>) -> Result<PluginFile, BadPlugin> {
    if bytes.len() > MAX_FILE {
        return Err(Reason::TooLong(bytes.len()).of(None));
    }
    let name = claimed_name(&bytes);
    let refuse = |reason: Reason| reason.of(name.as_deref());
    let found = sections::hospes(&bytes).map_err(refuse)?;
    if !found.iter().any(|(name, _)| *name == sections::SIGNATURE) {
        return Err(refuse(Reason::Unsigned));
    }
    let (signed, publisher_key, signature) = sections::split_signature(&bytes, &found).map_err(refuse)?;
    publisher_key
        .verify(Context::Plugin, blake3::hash(signed).as_bytes(), &signature)
        .map_err(|_| refuse(Reason::Forged))?;
    let (manifest, ui) = contents(&found).map_err(refuse)?;
    Ok(PluginFile { hash: hash(&bytes), publisher_key, manifest, ui, bytes })
}

/// What a packed file says of itself, whoever signed it or nobody did: for its author's tools, never for running it.
///
/// # Errors
/// When it is not packed, or sections or manifest are wrong.
pub fn claimed(bytes: &[u8]) -> Result<(Manifest, Pages), BadPlugin> {
    let name = claimed_name(bytes);
    let refuse = |reason: Reason| reason.of(name.as_deref());
    let found = sections::hospes(bytes).map_err(refuse)?;
    contents(&found).map_err(refuse)
}

/// Whether the file's publisher is one of `publishers`.
///
/// # Errors
/// When it is not.
pub fn trusted(file: &PluginFile, publishers: &[PublicKey]) -> Result<(), BadPlugin> {
    if publishers.contains(&file.publisher_key) {
        Ok(())
    } else {
        Err(Reason::Untrusted(file.publisher_key).of(Some(&file.manifest.id)))
    }
}

/// The name by which grants and caches speak of a file: BLAKE3 of all its bytes, hex.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Manifest and page out of a file's sections.
fn contents(found: &[(&str, &[u8])]) -> Result<(Manifest, Pages), Reason> {
    for (at, (name, _)) in found.iter().enumerate() {
        if found.iter().skip(at + 1).any(|(other, _)| other == name) {
            return Err(Reason::Duplicate((*name).to_owned()));
        }
        if ![sections::MANIFEST, sections::UI, sections::SIGNATURE].contains(name) {
            return Err(Reason::UnknownSection((*name).to_owned()));
        }
    }
    let section = |wanted| found.iter().find(|(name, _)| *name == wanted).map(|(_, data)| *data);
    let manifest = section(sections::MANIFEST).ok_or(Reason::NoManifest)?;
    let manifest = std::str::from_utf8(manifest).map_err(|_| BadManifest("it is not UTF-8 text".to_owned()))?;
    let manifest = Manifest::parse(manifest)?;
    let ui = section(sections::UI).map_or(Ok(Pages::new()), pages::decode).map_err(Reason::Page)?;
    pages::fit(manifest.ui.as_ref(), &ui).map_err(Reason::Page)?;
    Ok((manifest, ui))
}

/// The plugin's id as the file claims it, for error texts about files that are not believed.
fn claimed_name(bytes: &[u8]) -> Option<String> {
    sections::claimed_manifest(bytes).and_then(|text| Manifest::parse(text).ok()).map(|manifest| manifest.id)
}
