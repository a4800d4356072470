//! Puts the parts together: store, keys, plugins, HTTP and QUIC on one port, until a signal ends it.

use crate::admin::DATABASE;
use crate::certificate;
use crate::channels::registry::Channels;
use crate::events::Events;
use crate::hosts;
use crate::hosts::registry::Hosts;
use crate::keys::{KeyError, Keys};
use crate::live::Streams;
use crate::metrics::Metrics;
use crate::notify::{self, Notifiers};
use crate::passwords::Passwords;
use crate::plugins::{PluginError, Plugins};
use crate::prompt::Prompt;
use crate::public::{BadPublicUrl, PublicUrl};
use crate::settings::{BadSettings, Settings, Tls};
use crate::state::App;
use crate::throttle::Throttle;
use crate::tickets::Tickets;
use crate::{routes, sweeper};
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::RustlsAcceptor;
use hospes_session::plan::default_catalogue;
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Store, StoreError};
use hospes_transport::{Listener, ServerIdentity, TransportError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long calls that are under way may take at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// How often a data directory that is in use is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// Longest time for the headers of a request.
const HEADERS: Duration = Duration::from_secs(30);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// A key of the data directory.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A plugin.
    #[error("plugin not taken: {0}")]
    Plugin(#[from] PluginError),
    /// The mail server's settings, or the way out to the web.
    #[error("{0}")]
    Notify(String),
    /// The setting `public_url`.
    #[error(transparent)]
    PublicUrl(#[from] BadPublicUrl),
    /// UDP.
    #[error("hosts cannot be served: {0}")]
    Transport(#[from] TransportError),
    /// TCP.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Certificate or key.
    #[error("certificate {cert} with key {key}: {error}", cert = .tls.cert.display(), key = .tls.key.display())]
    Certificate {
        /// Which.
        tls: Tls,
        /// What is wrong.
        error: std::io::Error,
    },
    /// The machine.
    #[error("{0}")]
    Internal(String),
}

/// A server that runs.
pub struct Running {
    _data: File,
    address: SocketAddr,
    app: Arc<App>,
    http: Handle<SocketAddr>,
    tasks: JoinSet<()>,
    listener: Arc<Listener>,
}

/// Runs a server until SIGTERM or SIGINT, then lets what is under way finish.
///
/// # Errors
/// When it cannot start; the text says what to change.
pub async fn serve(settings: Settings) -> Result<(), ServeError> {
    let failed = |error: std::io::Error| ServeError::Internal(format!("signals cannot be waited for: {error}"));
    // From before the port answers: whoever sees the server up may stop it gracefully.
    let stop = stop_signal().map_err(failed)?;
    let running = start(settings).await?;
    tracing::info!(address = %running.address(), url = running.url(), "serving");
    stop.await.map_err(failed)?;
    tracing::info!("shutting down");
    running.shut().await;
    Ok(())
}

/// Starts a server and returns when it answers.
///
/// # Errors
/// As [`serve`].
pub async fn start(settings: Settings) -> Result<Running, ServeError> {
    let keys = Keys::load(&settings.data)?;
    let data = take(&settings.data).await?;
    let identity = ServerIdentity::from_secret(keys.identity)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(settings.data.join(DATABASE)).await?);
    let plugins = Plugins::load(settings.plugins.as_deref(), &settings.publishers, &settings.without_plugins)?;
    let notifiers = Notifiers::new(&settings, &plugins).map_err(ServeError::Notify)?;
    let tls = match &settings.tls {
        Some(tls) => Some(certificate::load(tls).await?),
        None => None,
    };
    let tcp = listen(settings.listen)?;
    let address = tcp.local_addr().map_err(|error| ServeError::Listen { address: settings.listen, error })?;
    let udp: &[SocketAddr] = if settings.transports.udp { &[address] } else { &[] };
    let listener = Arc::new(Listener::bind(udp, &identity)?);
    let app = Arc::new(App {
        pin: identity.pin(),
        public: PublicUrl::new(&settings, address)?,
        plans: default_catalogue(),
        passwords: Passwords::new().map_err(|refusal| ServeError::Internal(refusal.into_problem().title))?,
        events: Events::default(),
        streams: Streams::default(),
        hosts: Hosts::default(),
        listener: listener.clone(),
        channels: Channels::default(),
        tickets: Tickets::default(),
        logins: Throttle::new(settings.rate_limits.logins_per_minute),
        codes: Throttle::new(settings.rate_limits.codes_per_minute),
        metrics: Metrics::new(),
        stop: CancellationToken::new(),
        settings,
        store,
        keys,
        plugins,
        notifiers,
    });
    let http = Handle::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(sweeper::run(app.clone()));
    tasks.spawn(notify::run(app.clone()));
    tasks.spawn(hosts::accept(app.clone(), listener.clone()));
    let service = routes::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let failed = move |error| ServeError::Listen { address, error };
    match tls {
        Some(config) => {
            if let Some(tls) = app.settings.tls.clone() {
                tasks.spawn(certificate::keep(tls, config.clone(), app.stop.clone()));
            }
            let acceptor = RustlsAcceptor::new(config).acceptor(NoDelayAcceptor::new());
            let mut server =
                axum_server::from_tcp(tcp).map_err(failed)?.acceptor(prompt(acceptor)).handle(http.clone());
            patient(server.http_builder());
            tasks.spawn(async move { ended(server.serve(service).await) });
        }
        None => {
            let acceptor = prompt(NoDelayAcceptor::new());
            let mut server = axum_server::from_tcp(tcp).map_err(failed)?.acceptor(acceptor).handle(http.clone());
            patient(server.http_builder());
            tasks.spawn(async move { ended(server.serve(service).await) });
        }
    }
    if http.listening().await.is_none() {
        return Err(ServeError::Internal(format!("{address}: the HTTP server did not start")));
    }
    Ok(Running { _data: data, address, app, http, tasks, listener })
}

impl Running {
    /// Where it listens, TCP and UDP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address for browsers and links.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.app.public.origin
    }

    /// Ends event streams and channels, lets calls finish, and closes the hosts' connections: they come back by
    /// themselves.
    pub async fn shut(mut self) {
        self.app.stop.cancel();
        self.http.graceful_shutdown(Some(DRAIN));
        self.listener.shut("the server is restarting").await;
        while self.tasks.join_next().await.is_some() {}
    }
}

/// One server for each data directory: hosts that are connected to one are unknown to another. The kernel lets go of the
/// lock with the process, however that ends; one that is just ending is waited for.
async fn take(data: &Path) -> Result<File, ServeError> {
    let path = data.join("server.lock");
    let failed = |error: std::io::Error| ServeError::Internal(format!("{}: {error}", path.display()));
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed)?;
    let until = Instant::now() + DRAIN + Duration::from_secs(1);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(RETRY).await,
            Err(TryLockError::WouldBlock) => {
                return Err(ServeError::Internal(format!(
                    "another server runs on the data directory {}; stop it first, or give this one another --data",
                    data.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "the data directory cannot be locked; see to it that only one server uses it");
                return Ok(file);
            }
        }
    }
}

/// Around acceptors that do not gather small packets: a click must not wait for the answer to the one before it.
fn prompt<A>(acceptor: A) -> Prompt<A> {
    Prompt::new(acceptor, HEADERS)
}

/// A connection that is opened and says nothing must not hold its place for ever.
fn patient(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADERS);
}

fn ended(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "HTTP ended");
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let failed = |error| ServeError::Listen { address, error };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
