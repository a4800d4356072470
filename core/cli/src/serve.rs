//! `hospes serve`.

use crate::telemetry::Traces;
use crate::{operator, output};
use anyhow::{Context, Result};
use hospes_server::settings::{Flags, LogFormat, Settings, Tls, print};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Flags of the command line: they win over HOSPES_* variables, which win over the file, which wins over defaults.
#[derive(Debug, clap::Args)]
#[command(after_help = "Every setting also stands in the settings file and in the environment (HOSPES_LISTEN, \
                        HOSPES_TLS__CERT, ...); flags win over the environment, the environment over the file.\n\
                        The log goes to standard error. --log-level (or RUST_LOG) says how much: error, warn, info, \
                        debug or trace, or a filter such as info,hospes_server=debug.")]
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
    /// How much is logged: error, warn, info, debug, trace, or a filter [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Print the settings that would be used, with where each comes from, and exit
    #[arg(long)]
    print_config: bool,
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
        log_level: args.log_level,
    };
    if args.print_config {
        let derive = |settings: &Settings| match installed(settings) {
            Some(plugins) => vec![("plugins", plugins.display().to_string(), "what `hospes plugin install` put there")],
            None => Vec::new(),
        };
        let text = print(args.config.as_deref(), &flags, derive).context("the settings cannot be used")?;
        return output::write(text.trim_end());
    }
    let mut settings = Settings::load(args.config.as_deref(), &flags).context("the settings cannot be used")?;
    if let Some(installed) = installed(&settings) {
        settings.plugins = Some(installed);
    }
    let traces = Traces::start(&settings.telemetry)?;
    log(&settings, traces.as_ref())?;
    let served = hospes_server::serve(settings).await.context("the server does not run");
    if let Some(traces) = traces {
        traces.finish().await;
    }
    served
}

/// The directory of installed plugins, when no other one is set and it is there.
fn installed(settings: &Settings) -> Option<PathBuf> {
    let installed = operator::plugins(settings);
    (settings.plugins.is_none() && installed.is_dir()).then_some(installed)
}

/// Logs go to standard error.
fn log(settings: &Settings, traces: Option<&Traces>) -> Result<()> {
    let level = &settings.log_level;
    let filter = EnvFilter::try_new(level).with_context(|| {
        format!("log_level {level:?} is no level: expected error, warn, info, debug, trace, or a filter such as info,hospes_server=debug")
    })?;
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces.map(Traces::layer)).init();
    Ok(())
}
