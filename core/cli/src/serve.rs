//! `hospes serve`.

use crate::operator;
use anyhow::{Context, Result};
use hospes_server::settings::{Flags, LogFormat, Settings, Tls};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;

/// Flags of the command line: they win over HOSPES_* variables, which win over the file, which wins over defaults.
#[derive(Debug, clap::Args)]
#[command(after_help = "Every setting also stands in the settings file and in the environment (HOSPES_LISTEN, \
                        HOSPES_TLS__CERT, ...); flags win over the environment, the environment over the file.\n\
                        RUST_LOG chooses what is logged, e.g. RUST_LOG=debug or RUST_LOG=hospes_server=trace.")]
pub(crate) struct ServeArgs {
    /// Settings file [default: hospes.toml here, when there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port, TCP for pages and UDP for hosts [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// What goes into links, e.g. https://support.example.org [default: the listening address]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM); needed unless the address is this machine's own
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Directory with further plugins (*.hospes.wasm) [default: plugins in the data directory]
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// Directory with the hosts' executables that customers download [default: this program's own]
    #[arg(long, value_name = "DIR")]
    agent_dir: Option<PathBuf>,
    /// text or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

pub(crate) async fn run(args: ServeArgs, data: Option<&Path>) -> Result<()> {
    let flags = Flags {
        listen: args.listen,
        data: data.map(Path::to_owned),
        public_url: args.public_url,
        plugins: args.plugins,
        agent_dir: args.agent_dir,
        tls: args.tls_cert.zip(args.tls_key).map(|(cert, key)| Tls { cert, key }),
        log_format: args.log_format,
    };
    let mut settings = Settings::load(args.config.as_deref(), &flags).context("the settings cannot be used")?;
    let installed = operator::plugins(&settings);
    if settings.plugins.is_none() && installed.is_dir() {
        settings.plugins = Some(installed);
    }
    log(settings.log_format)?;
    hospes_server::serve(settings).await.context("the server does not run")
}

/// Logs go to standard error.
fn log(format: LogFormat) -> Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) => EnvFilter::try_new(&text).with_context(|| format!("RUST_LOG={text:?} is not a filter"))?,
        Err(_) => EnvFilter::new("info"),
    };
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
