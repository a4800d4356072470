//! The first-party publisher key of this checkout: made once, kept in the target directory, its public half compiled
//! into the host. A vendor's release build gives its own with `HOSPES_PUBLISHER_SECRET_FILE`.

use crate::house::House;
use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use hospes_licence::key::KeyPair;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Where the secret half lies.
pub(crate) fn file(house: &House) -> PathBuf {
    std::env::var_os("HOSPES_PUBLISHER_SECRET_FILE")
        .map_or_else(|| house.target.join("keys/publisher.key"), PathBuf::from)
}

/// Reads or makes the key pair.
pub(crate) fn publisher(house: &House) -> Result<KeyPair> {
    let path = file(house);
    if !path.exists() {
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).context("the operating system gives no random bytes")?;
        std::fs::create_dir_all(path.parent().unwrap_or(&house.target))?;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        writeln!(file, "{}", HEXLOWER.encode(&secret))?;
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let secret: [u8; 32] = HEXLOWER
        .decode(text.trim().as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .with_context(|| format!("{}: expected 64 hexadecimal digits", path.display()))?;
    Ok(KeyPair::from_secret(&secret))
}
