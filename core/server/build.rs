//! Puts the built console (`HOSPES_CONSOLE_DIR`) and the packed first-party plugins (`HOSPES_PLUGINS_DIR`) into the
//! program. Without the variables both are empty: the API works, and `/` says how to build the console.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HOSPES_PUBLISHER_KEY");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?);
    let console = files("HOSPES_CONSOLE_DIR", &out.join("console"), |_| true)?;
    let plugins = files("HOSPES_PLUGINS_DIR", &out.join("plugins"), |name| name.ends_with(".hospes.wasm"))?;
    let mut source = String::new();
    for (constant, doc, files) in [
        ("CONSOLE", "The console's files by path.", console),
        ("PLUGINS", "First-party plugins by file name.", plugins),
    ] {
        let _ = writeln!(source, "/// {doc}\npub(crate) const {constant}: &[(&str, &[u8])] = &[");
        for (name, path) in files {
            let _ = writeln!(source, "    ({name:?}, include_bytes!({path:?})),");
        }
        source.push_str("];\n");
    }
    fs::write(out.join("embedded.rs"), source)
}

/// Copies what the variable names, so that the program is built from one state of the files; gives name and path.
fn files(variable: &str, to: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<(String, PathBuf)>> {
    println!("cargo::rerun-if-env-changed={variable}");
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let Some(from) = std::env::var_os(variable).filter(|from| !from.is_empty()).map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    println!("cargo::rerun-if-changed={}", from.display());
    let mut found = Vec::new();
    let mut directories = vec![from.clone()];
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory)
            .map_err(|error| io::Error::new(error.kind(), format!("{variable}: {}: {error}", directory.display())))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(&from).map_err(io::Error::other)?;
            let name = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            if wanted(&name) {
                let copy = to.join(&name);
                fs::create_dir_all(copy.parent().unwrap_or(to))?;
                fs::copy(&path, &copy)?;
                found.push((name, copy));
            }
        }
    }
    found.sort();
    Ok(found)
}
