//! Metrics 指标 in the text form of Prometheus, for a collector on this machine or an operator.

use std::net::SocketAddr;
use std::sync::OnceLock;

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use heqi_platform::{DbError, Sql, Tx};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::{App, Shared};
use crate::auth;
use crate::permission::Permission;
use crate::problem::Problem;

/// Seconds up to which requests are counted.
const BUCKETS: &[f64] = &[0.005, 0.02, 0.1, 0.3, 1.0, 5.0, 30.0];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins to count, once for a process. Without it, or where something else counts already,
/// the page has gauges only.
pub fn install() -> Option<&'static PrometheusHandle> {
    let install = || {
        let builder = PrometheusBuilder::new().set_buckets(BUCKETS).ok()?;
        builder.install_recorder().ok()
    };
    RECORDER.get_or_init(install).as_ref()
}

/// `GET /api/metrics`: for a collector on this machine, or who may operate the system. Behind a
/// proxy every request seems to come from this machine, so there only for the latter.
///
/// # Errors
/// 401 and 403; 503 if the database cannot be reached.
pub async fn page(State(app): State<Shared>, caller: Collector) -> Result<Response, Problem> {
    let Collector = caller;
    let text = render(&app).await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Somebody who may see the metrics.
#[derive(Debug)]
pub struct Collector;

impl FromRequestParts<Shared> for Collector {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let here = info.is_some_and(|info| info.0.ip().is_loopback());
        if here && !app.config.behind_tls_proxy {
            return Ok(Self);
        }
        let mut tx = app.db.read().await?;
        let caller = auth::caller(app, &mut tx, parts).await?;
        let grants = auth::grants(&mut tx, &caller, 0).await?;
        match grants.0.contains_key(&Permission::SystemOperate) {
            true => Ok(Self),
            false => Err(Problem::forbidden(Permission::SystemOperate.code())),
        }
    }
}

/// Measures what is measured when somebody asks, and renders everything.
///
/// # Errors
/// The database cannot be read.
pub async fn render(app: &App) -> Result<String, DbError> {
    let recorder = install();
    let mut tx = app.db.read().await?;
    for (name, value) in gauges(app, &mut tx).await? {
        metrics::gauge!(name).set(value as f64);
    }
    Ok(recorder
        .map(|recorder| {
            recorder.run_upkeep();
            recorder.render()
        })
        .unwrap_or_default())
}

/// What is measured when somebody asks.
async fn gauges(app: &App, tx: &mut Tx) -> Result<Vec<(&'static str, i64)>, DbError> {
    let now = tx.now();
    let waiting = "SELECT COUNT(*) FROM job WHERE state = 'queued' AND run_at <= $1";
    let running = "SELECT COUNT(*) FROM job WHERE state = 'running' AND lease_until > $1";
    let sessions = "SELECT COUNT(*) FROM session WHERE ended_at IS NULL AND seen_at > $1";
    let idle = now.plus_seconds(-app.config.session_idle_minutes.saturating_mul(60));
    Ok(vec![
        ("heqi_jobs_waiting", tx.count(Sql::new(waiting).bind(now)).await?),
        ("heqi_jobs_running", tx.count(Sql::new(running).bind(now)).await?),
        ("heqi_sessions_open", tx.count(Sql::new(sessions).bind(idle)).await?),
        ("heqi_database_bytes", database_bytes(app, tx).await?),
        ("heqi_wal_bytes", wal_bytes(app)),
    ])
}

/// How large the database is.
///
/// # Errors
/// The database cannot be read.
pub async fn database_bytes(app: &App, tx: &mut Tx) -> Result<i64, DbError> {
    match app.db.file() {
        Some(file) => Ok(length(file)),
        None => tx.count(Sql::new("SELECT pg_database_size(current_database())")).await,
    }
}

/// How large the log is that SQLite has not yet brought into its file; 0 on PostgreSQL.
#[must_use]
pub fn wal_bytes(app: &App) -> i64 {
    app.db.file().map_or(0, |file| {
        let mut name = file.as_os_str().to_owned();
        name.push("-wal");
        length(std::path::Path::new(&name))
    })
}

fn length(path: &std::path::Path) -> i64 {
    std::fs::metadata(path).map_or(0, |data| i64::try_from(data.len()).unwrap_or(i64::MAX))
}
