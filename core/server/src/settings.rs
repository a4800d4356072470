//! Settings in four layers: defaults < file < `HOSPES_*` environment variables < command line.
//!
//! Unknown keys are refused: a typo must not silently leave a default in place. Every error names where the value came
//! from, the key, and what was expected.

mod environment;
mod explain;
mod notify;
mod print;

pub use notify::{Mail, MailTls, Secret, Webhooks};
pub use print::print;

use crate::forwarded::{ForwardedHeader, Network};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Read from the working directory when nobody names a file, and only when it is there.
const DEFAULT_FILE: &str = "hospes.toml";

/// What the server runs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port, TCP for pages and API and UDP for hosts.
    pub listen: SocketAddr,
    /// Directory of database and keys; made when absent.
    pub data: PathBuf,
    /// What goes into links, e.g. `https://support.example.org`; the listening address when absent.
    pub public_url: Option<String>,
    /// Certificate and key for HTTPS; required unless the address is loopback.
    pub tls: Option<Tls>,
    /// How long link and code live, in minutes (R4).
    pub code_expiry_minutes: u32,
    /// Ends leases after that many seconds where the plan would give more (R5): an operator may narrow, never widen.
    pub max_lease_seconds: Option<u32>,
    /// How long a login lives, in hours.
    pub token_hours: u32,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,hospes_server=debug`; what each level
    /// tells stands in OPERATIONS.md. `RUST_LOG` is the same setting by its usual name.
    pub log_level: String,
    /// Who may read `/metrics`.
    pub metrics: Metrics,
    /// Where traces go.
    pub telemetry: Telemetry,
    /// Directory with further `*.hospes.wasm` files, read at start.
    pub plugins: Option<PathBuf>,
    /// Ids of built-in plugins that this server does not serve; one of the same id in `plugins` still is.
    pub without_plugins: Vec<String>,
    /// Public keys (64 hex digits each) of publishers that are trusted beside the first party.
    pub publishers: Vec<String>,
    /// Directory of the `hospes-agent` executables that customers download; that of the running program when absent.
    pub agent_dir: Option<PathBuf>,
    /// How much one address may fail.
    pub rate_limits: RateLimits,
    /// By which ways hosts may connect.
    pub transports: Transports,
    /// Reverse proxies (addresses, or networks such as `10.0.0.0/8`) whose word on the caller's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// The header by which they give it: `x-forwarded-for` or `forwarded`.
    pub forwarded_header: ForwardedHeader,
    /// The mail server of notifiers; nothing is mailed without it.
    pub mail: Option<Mail>,
    /// Where notifiers may send web requests.
    pub webhooks: Webhooks,
}

/// By which ways hosts may connect. Both carry the same handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transports {
    /// UDP on the listening port.
    pub udp: bool,
    /// A WebSocket on the HTTP(S) port, for networks where UDP is blocked.
    pub websocket: bool,
}

impl Default for Transports {
    fn default() -> Self {
        Self { udp: true, websocket: true }
    }
}

/// Certificate and key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Chain, the server's own certificate first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Who may read `/metrics`: whoever shows the token, or, while nothing says that the server stands behind a proxy or is
/// reached from elsewhere (no token, `trusted_proxies`, `public_url`), programs of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Whoever shows this as a bearer token, from anywhere; at least 16 characters.
    pub token: Option<String>,
}

/// Traces (OpenTelemetry), off unless an address is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// A collector that takes OTLP over HTTP, e.g. `http://127.0.0.1:4318`; `/v1/traces` is added.
    pub otlp_endpoint: Option<String>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// How much one address may fail in a minute before it is answered 429; at least 30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// Failed log-ins.
    pub logins_per_minute: u32,
    /// Security codes.
    pub codes_per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { logins_per_minute: 60, codes_per_minute: 60 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            data: default_data(),
            public_url: None,
            tls: None,
            code_expiry_minutes: 60,
            max_lease_seconds: None,
            token_hours: 12,
            log_format: LogFormat::Text,
            log_level: "info".to_owned(),
            metrics: Metrics::default(),
            telemetry: Telemetry::default(),
            plugins: None,
            without_plugins: Vec::new(),
            publishers: Vec::new(),
            agent_dir: None,
            rate_limits: RateLimits::default(),
            transports: Transports::default(),
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            mail: None,
            webhooks: Webhooks::default(),
        }
    }
}

/// Where database and keys lie when nobody says: `hospes` in the account's own data directory, or, for an account
/// without one, `hospes-data` in the working directory.
fn default_data() -> PathBuf {
    // Relative ones are to be ignored, says the XDG specification.
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let own = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    };
    own.map_or_else(|| PathBuf::from("hospes-data"), |own| own.join("hospes"))
}

/// What the command line said; what it did not say is left to the other layers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// `--listen`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// `--data`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// `--public-url`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// `--plugins`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugins: Option<PathBuf>,
    /// `--agent-dir`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_dir: Option<PathBuf>,
    /// `--tls-cert` with `--tls-key`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// `--log-format`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    /// `--log-level`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
}

/// Settings that cannot be used; one line per mistake.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSettings(String);

impl Settings {
    /// The plan's lease in milliseconds (R5), or the operator's when that is shorter.
    #[must_use]
    pub fn lease(&self, plan: u64) -> u64 {
        self.max_lease_seconds.map_or(plan, |seconds| plan.min(u64::from(seconds) * 1000))
    }

    /// Puts the layers together. `file` is what `--config` named; without it `hospes.toml` of the working directory is
    /// read when it is there.
    ///
    /// # Errors
    /// A file that cannot be read, a key that does not exist, a value of another type or outside its range.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, BadSettings> {
        read(&layers(file, flags)?)
    }

    fn check(&self) -> Result<(), BadSettings> {
        let wrong = |key: &str, what: &str| Err(BadSettings(format!("setting {key}: {what}")));
        if self.code_expiry_minutes == 0 || self.code_expiry_minutes > 24 * 60 {
            return wrong("code_expiry_minutes", "expected 1 to 1440 minutes");
        }
        if self.token_hours == 0 || self.token_hours > 24 * 30 {
            return wrong("token_hours", "expected 1 to 720 hours");
        }
        if self.rate_limits.logins_per_minute < 30 {
            return wrong("rate_limits.logins_per_minute", "expected at least 30");
        }
        if self.rate_limits.codes_per_minute < 30 {
            return wrong("rate_limits.codes_per_minute", "expected at least 30");
        }
        let level = &self.log_level;
        let filter = level.contains(['=', ',', '[']);
        if !filter && !["off", "error", "warn", "info", "debug", "trace"].contains(&level.to_lowercase().as_str()) {
            let wanted = "expected error, warn, info, debug, trace, or a filter such as info,hospes_server=debug";
            return wrong("log_level", &format!("found {level:?}, {wanted}"));
        }
        if self.metrics.token.as_ref().is_some_and(|token| token.len() < 16) {
            return wrong("metrics.token", "expected at least 16 characters");
        }
        let collector = self.telemetry.otlp_endpoint.as_deref().unwrap_or("http://");
        if !collector.starts_with("http://") && !collector.starts_with("https://") {
            return wrong("telemetry.otlp_endpoint", "expected an address such as http://127.0.0.1:4318");
        }
        if !self.transports.udp && !self.transports.websocket {
            return wrong("transports", "udp and websocket are both off, so no host could connect; leave one on");
        }
        let notify = self.mail.as_ref().map_or(Ok(()), Mail::check).and_then(|()| self.webhooks.check());
        if let Err((key, what)) = notify {
            return wrong(key, &what);
        }
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return wrong(
                "tls",
                &format!(
                    "{} is not a loopback address, so a certificate is needed; give tls.cert and tls.key (PEM files), or \
                     listen on 127.0.0.1",
                    self.listen
                ),
            );
        }
        Ok(())
    }

    /// The directory with the hosts' executables.
    ///
    /// # Errors
    /// When none is set and the running program's own path is unknown.
    pub fn agent_dir(&self) -> std::io::Result<PathBuf> {
        match &self.agent_dir {
            Some(dir) => Ok(dir.clone()),
            None => Ok(std::env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default()),
        }
    }
}

/// The layers, weakest first. `file` is what `--config` named.
fn layers(file: Option<&Path>, flags: &Flags) -> Result<Figment, BadSettings> {
    let mut figment = Figment::from(Serialized::defaults(Settings::default()));
    let file = file.map(Path::to_owned).or_else(|| std::env::var_os("HOSPES_CONFIG").map(PathBuf::from));
    match file {
        Some(file) if !file.is_file() => {
            return Err(BadSettings(format!("{}: there is no such settings file", file.display())));
        }
        Some(file) => figment = figment.merge(Toml::file_exact(file)),
        None if Path::new(DEFAULT_FILE).is_file() => figment = figment.merge(Toml::file_exact(DEFAULT_FILE)),
        None => {}
    }
    let usual = Env::raw().only(&["rust_log"]).map(|_| "log_level".into());
    Ok(environment::over(figment.merge(usual)).merge(Serialized::defaults(flags)))
}

fn read(figment: &Figment) -> Result<Settings, BadSettings> {
    let settings: Settings = figment.extract().map_err(explain::explain)?;
    settings.check()?;
    Ok(settings)
}

/// The variable that a key was read from, by the name that figment gives to the layer.
fn from_environment(layer: &str, key: &str) -> String {
    if layer.contains("HOSPES_") {
        format!("HOSPES_{}", key.to_uppercase().replace('.', "__"))
    } else {
        "RUST_LOG".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hospes.toml");
        std::fs::write(&file, toml).unwrap();
        Settings::load(Some(&file), &Flags::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn errors_name_file_key_and_expected_type() {
        let cases: &[(&str, &[&str])] = &[
            ("listen = 7", &["hospes.toml", "listen", "socket address"]),
            ("code_expiry_minutes = \"soon\"", &["hospes.toml", "code_expiry_minutes", "soon", "u32"]),
            ("code_expiry_minutes = -1", &["hospes.toml", "code_expiry_minutes", "u32"]),
            ("lissten = \"127.0.0.1:1\"", &["hospes.toml", "lissten", "listen"]),
            ("[tls]\ncert = \"a\"\nkye = \"b\"", &["hospes.toml", "kye", "key"]),
            ("[tls]\ncert = \"a\"", &["hospes.toml", "tls", "key"]),
            ("log_format = \"xml\"", &["hospes.toml", "log_format", "xml", "json"]),
            ("listen = ", &["hospes.toml", "line 1"]),
            ("listen = \"0.0.0.0:8443\"", &["tls", "0.0.0.0:8443", "certificate"]),
            ("[rate_limits]\ncodes_per_minute = 5", &["rate_limits.codes_per_minute", "at least 30"]),
            ("[transports]\nudp = false\nwebsocket = false", &["transports", "leave one on"]),
            ("trusted_proxies = [\"10.0.0.0/40\"]", &["hospes.toml", "trusted_proxies", "10.0.0.0/40", "10.0.0.0/8"]),
            ("forwarded_header = \"via\"", &["hospes.toml", "forwarded_header", "via", "x-forwarded-for"]),
            ("code_expiry_minutes = 0", &["code_expiry_minutes", "1 to 1440"]),
            ("log_level = 3", &["hospes.toml", "log_level", "string"]),
            ("[metrics]\ntoken = \"short\"", &["metrics.token", "at least 16"]),
            ("[telemetry]\notlp_endpoint = \"collector:4317\"", &["telemetry.otlp_endpoint", "http://127.0.0.1:4318"]),
            ("[mail]\nhost = \"m\"", &["hospes.toml", "mail", "from"]),
            ("[mail]\nhost = \"m:25\"\nfrom = \"a@b.c\"", &["mail.host", "without a port"]),
            ("[mail]\nhost = \"m\"\nfrom = \"nobody\"", &["mail.from", "Support <support@example.org>"]),
            ("[mail]\nhost = \"m\"\nfrom = \"a@b.c\"\ntls = \"none\"", &["mail.tls", "starttls or tls"]),
            ("[mail]\nhost = \"m\"\nfrom = \"a@b.c\"\ntls = \"maybe\"", &["mail.tls", "maybe", "starttls"]),
            ("[mail]\nhost = \"m\"\nfrom = \"a@b.c\"\nuser = \"u\"", &["mail.user", "mail.password"]),
            ("[mail]\nhost = \"m\"\nfrom = \"a@b.c\"\npassword = \"p\"", &["mail.password", "mail.user"]),
            ("[mail]\nhost = \"m\"\nfrom = \"a@b.c\"\ntimeout = 0", &["mail.timeout", "1 to 30"]),
            ("[webhooks]\nallow = [\"https://x.org/\"]", &["webhooks.allow", "https://x.org/", "*.example.org"]),
        ];
        for (toml, expected) in cases {
            let error = load(toml).expect_err(toml);
            for part in *expected {
                assert!(error.contains(part), "{toml:?} gave {error:?}, which does not say {part:?}");
            }
        }
    }

    #[test]
    fn a_flag_is_stronger_than_the_file_and_the_file_than_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hospes.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\ncode_expiry_minutes = 5").unwrap();
        let flags = Flags { listen: Some("127.0.0.1:2".to_owned()), ..Flags::default() };
        let settings = Settings::load(Some(&file), &flags).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.code_expiry_minutes, 5);
        assert_eq!(settings.token_hours, 12);
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        let error = Settings::load(Some(Path::new("/nowhere/hospes.toml")), &Flags::default()).unwrap_err().to_string();
        assert!(error.contains("/nowhere/hospes.toml"), "{error}");
    }
}
