//! The certificate of the HTTPS port. It is read again on SIGHUP and when its files change, without a restart: programs
//! that renew certificates write files, and some send the signal.

use crate::serve::ServeError;
use crate::settings::Tls;
use axum_server::tls_rustls::RustlsConfig;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Reads it for the first time.
pub(crate) async fn load(tls: &Tls) -> Result<RustlsConfig, ServeError> {
    // An error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(&tls.cert, &tls.key)
        .await
        .map_err(|error| ServeError::Certificate { tls: tls.clone(), error })
}

/// When the files were changed last; none while one of them is not there.
fn changed(tls: &Tls) -> Option<(SystemTime, SystemTime)> {
    let of = |path| std::fs::metadata(path).and_then(|is| is.modified()).ok();
    Some((of(&tls.cert)?, of(&tls.key)?))
}

/// Reads it again whenever it changed, until `stop`. What cannot be used is logged, and the old one stays.
pub(crate) async fn keep(tls: Tls, config: RustlsConfig, stop: CancellationToken) {
    let told = Arc::new(tokio::sync::Notify::new());
    let signals = tokio::spawn(hang_ups(told.clone()));
    let mut seen = changed(&tls);
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => break,
            () = told.notified() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let now = changed(&tls);
        if !asked && (now.is_none() || now == seen) {
            continue;
        }
        // Certificate and key are two files: a pair that does not fit yet is looked at again with the next change.
        seen = now;
        match config.reload_from_pem_file(&tls.cert, &tls.key).await {
            Ok(()) => tracing::info!(cert = %tls.cert.display(), "the certificate was read again"),
            Err(error) => {
                tracing::error!(cert = %tls.cert.display(), key = %tls.key.display(), %error,
                    "the new certificate cannot be used; the old one stays");
            }
        }
    }
    signals.abort();
}

#[cfg(unix)]
async fn hang_ups(told: Arc<tokio::sync::Notify>) {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut signals) => {
            while signals.recv().await.is_some() {
                told.notify_one();
            }
        }
        Err(error) => tracing::warn!(%error, "SIGHUP is not heard; the certificate's files are looked at all the same"),
    }
}

#[cfg(not(unix))]
async fn hang_ups(_: Arc<tokio::sync::Notify>) {
    std::future::pending::<()>().await;
}
