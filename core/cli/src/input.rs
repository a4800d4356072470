//! Secrets come on standard input, never on the command line, where other programs of the machine could read them.

use anyhow::{Context, Result, ensure};
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Most that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// The first line of standard input; asked for without echo when somebody sits there.
pub(crate) fn password(prompt: &str) -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{prompt}: ")).map(Zeroizing::new).context("no password was read");
    }
    let mut line = Zeroizing::new(String::new());
    let mut input = std::io::stdin().lock().take(LONGEST);
    input.read_line(&mut line).context("the password on standard input cannot be read")?;
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    ensure!(
        !line.is_empty(),
        "there is no password on standard input; write it there, e.g. `hospes ... < password-file`"
    );
    Ok(line)
}

/// A file's text, or standard input's for `-`.
pub(crate) fn text(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text)
}
