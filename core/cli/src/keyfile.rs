//! Key files: 64 hexadecimal digits, readable for their owner only. The same form as the server's own keys.

use anyhow::{Context, Result};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hospes_licence::key::KeyPair;
use std::io::Write;
use std::path::Path;
use zeroize::Zeroizing;

/// Makes a new key pair; never in place of another file.
pub(crate) fn make(path: &Path) -> Result<KeyPair> {
    let mut secret = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *secret).context("the operating system gives no random bytes")?;
    let text = Zeroizing::new(HEXLOWER.encode(&*secret));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        writeln!(file, "{}", *text)?;
        file.sync_all()
    });
    written.with_context(|| format!("the key file {} cannot be made", path.display()))?;
    Ok(KeyPair::from_secret(&secret))
}

/// Reads one.
pub(crate) fn read(path: &Path) -> Result<KeyPair> {
    let text = Zeroizing::new(crate::input::text(path)?);
    let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).unwrap_or_default());
    let secret: Option<&[u8; 32]> = bytes.as_slice().try_into().ok();
    let secret = secret.with_context(|| {
        let make = "make one with `hospes licence keygen --out FILE`";
        format!("{} is not a key file: expected 64 hexadecimal digits; {make}", path.display())
    })?;
    Ok(KeyPair::from_secret(secret))
}
