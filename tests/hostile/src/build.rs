//! Finds the components for a test, building them first when nobody has.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// The components by name.
///
/// They are taken from the directory that `HOSPES_TEST_PLUGINS` names; when it is not set they are built with cargo,
/// into the target directory of this build, which takes no time when they are there already.
///
/// # Errors
/// What went wrong, with cargo's own words.
pub fn components() -> Result<BTreeMap<String, PathBuf>, String> {
    if let Some(directory) = std::env::var_os("HOSPES_TEST_PLUGINS") {
        let entries = std::fs::read_dir(&directory).map_err(|error| format!("HOSPES_TEST_PLUGINS: {error}"))?;
        let wasm = entries.flatten().map(|entry| entry.path());
        return Ok(wasm
            .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
            .filter_map(|path| Some((path.file_stem()?.to_str()?.replace('_', "-"), path)))
            .collect());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--package", "hospes-hostile", "--examples", "--target", "wasm32-wasip2"])
        .args(["--profile", "plugin", "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // Flags of a test run (coverage, sanitizers) are not for components.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("building the components: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut components = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if message["reason"] != "compiler-artifact" || message["target"]["kind"][0] != "example" {
            continue;
        }
        if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["filenames"][0].as_str()) {
            components.insert(name.to_owned(), path.into());
        }
    }
    Ok(components)
}

/// One component's bytes.
///
/// # Errors
/// When it is not there or cannot be built.
pub fn component(name: &str) -> Result<Vec<u8>, String> {
    let components = components()?;
    let path = components.get(name).ok_or_else(|| format!("no component {name}; there are {:?}", components.keys()))?;
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
