//! The mail catcher as a program: says where it listens, and runs until it is ended.
//!
//! `mail-catcher [--smtp ADDRESS] [--page ADDRESS]`; free ports of 127.0.0.1 when not said.

use anyhow::{Context, Result, bail};
use hospes_tests::mail_catcher::{Catcher, Options};

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut address = || -> Result<_> {
            let text =
                arguments.next().with_context(|| format!("{argument} needs an address such as 127.0.0.1:1025"))?;
            Ok(Some(text.parse().with_context(|| format!("{text} is not an address such as 127.0.0.1:1025"))?))
        };
        match argument.as_str() {
            "--smtp" => options.smtp = address()?,
            "--page" => options.page = address()?,
            other => bail!("{other} is not known here; there are --smtp ADDRESS and --page ADDRESS"),
        }
    }
    let catcher = Catcher::start(options).await?;
    println!("smtp {}", catcher.smtp);
    println!("page http://{}", catcher.page);
    let ended = std::future::pending::<()>();
    ended.await;
    Ok(())
}
