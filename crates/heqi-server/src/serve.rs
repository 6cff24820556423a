//! A server at work: requests, jobs, signs of life; and a quiet end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::Shared;
use crate::features::{self, matching};
use crate::maintenance::{metrics, nightly};
use crate::router::router;

/// How long requests under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(4);

/// How often this process renews its slot among those that share the database.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which address.
        address: String,
        /// Why.
        error: std::io::Error,
    },
    /// Plain text would cross the network.
    #[error("{0} is no loopback address, and passwords would cross the network in plain text")]
    PlainText(SocketAddr),
}

/// Listens on the configured address. Off loopback only behind a proxy that speaks TLS.
///
/// # Errors
/// [`ServeError`].
pub async fn listen(app: &Shared) -> Result<TcpListener, ServeError> {
    let address = &app.config.listen;
    let failed = |error| ServeError::Listen { address: address.clone(), error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    if !local.ip().is_loopback() && !app.config.behind_tls_proxy {
        return Err(ServeError::PlainText(local));
    }
    Ok(listener)
}

/// Serves until `stop` turns true; then answers what is under way, gives back its jobs, ends.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    app: Shared,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    metrics::install();
    let runner = features::runner(&app);
    app.set_runner(runner.clone());
    if let Err(error) = features::audit_log::enqueue_verify(&app.db).await {
        tracing::error!(%error, "the walk through the audit chains could not be enqueued");
    }
    let jobs = tokio::spawn({
        let (at_a_time, stop) = (app.config.jobs, stop.clone());
        async move { runner.run(at_a_time, stop).await }
    });
    let alive = tokio::spawn(renew(Arc::clone(&app), stop.clone()));
    let looks = tokio::spawn(look(Arc::clone(&app), stop.clone()));
    let db = app.db.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let mut told = stop.clone();
    let graceful = axum::serve(listener, service).with_graceful_shutdown(async move {
        while !*told.borrow() && told.changed().await.is_ok() {}
    });
    let mut late = stop;
    let served = tokio::select! {
        served = graceful => served,
        () = async {
            while !*late.borrow() && late.changed().await.is_ok() {}
            tokio::time::sleep(GRACE).await;
        } => Ok(()),
    };
    if jobs.await.is_err() {
        tracing::error!("the runner of jobs had failed");
    }
    alive.abort();
    looks.abort();
    if let Err(error) = db.release_slot().await {
        tracing::warn!(%error, "the slot of this process could not be given back");
    }
    served
}

async fn renew(app: Shared, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        nightly::look(&app).await;
        tokio::time::sleep(SIGN_OF_LIFE).await;
        if let Err(error) = app.db.renew_slot().await {
            tracing::warn!(%error, "no sign of life could be written");
        }
    }
}

/// Customers whose lines have changed are matched again by themselves.
async fn look(app: Shared, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::time::sleep(matching::jobs::LOOK).await;
        if let Err(error) = matching::jobs::look(&app).await {
            tracing::warn!(%error, "the look for changed customers failed; the next one is due");
        }
    }
}
