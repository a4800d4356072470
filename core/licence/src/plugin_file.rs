//! A plugin as one file, `NAME-VERSION.hospes.wasm`: a WebAssembly component with three custom sections appended in
//! this order: `hospes:manifest` (plugin.toml), `hospes:ui` (the page's files), `hospes:signature` (publisher key,
//! signature over BLAKE3 of everything before this section). Nothing is ever unpacked to disk.

use crate::key::PublicKey;
use crate::manifest::Manifest;

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
    pub ui: std::collections::BTreeMap<String, Vec<u8>>,
    /// The whole file, a valid component.
    pub bytes: Vec<u8>,
}
