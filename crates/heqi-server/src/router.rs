//! The router: routes of all features, their OpenAPI document, and what holds for every request.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use heqi_domain::Lang;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;
use crate::docs_page;
use crate::document;
use crate::features;
use crate::input;
use crate::links;
use crate::maintenance::metrics;
use crate::problem::{self, Problem};

/// Longest time a request may take; what takes longer is a job.
const REQUEST_MAX: Duration = Duration::from_secs(60);

/// The OpenAPI document without its operations.
#[derive(OpenApi)]
#[openapi(info(
    title = "Heqi 合契",
    description = "Customer reconciliation. Amounts are integers of the minor unit; ids are \
                   texts; every unsafe request carries an Idempotency-Key.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Document;

/// The routes and their document.
pub fn api() -> (Router<Shared>, utoipa::openapi::OpenApi) {
    let routes = OpenApiRouter::with_openapi(Document::openapi()).merge(features::router());
    let (routes, mut document) = routes.split_for_parts();
    document::complete(&mut document);
    links::complete(&mut document);
    (routes, document)
}

/// The whole application.
pub fn router(app: Shared) -> Router {
    let (routes, document) = api();
    let page = docs_page::page(&serde_json::to_value(&document).unwrap_or_default());
    routes
        .route("/api/docs", get(async move || page))
        .route("/api/openapi.json", get(async move || Json(document)))
        .route("/api/health", get(async || Json(serde_json::json!({ "status": "ok" }))))
        .route("/api/ready", get(ready))
        .route("/api/metrics", get(metrics::page))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "这个地址不支持这种方法",
                "This address does not know this method",
            )
        })
        .layer(CompressionLayer::new())
        .layer(CsrfLayer::new().with_rejection_response(|_| foreign().into_response()))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(every_request))
        .with_state(app)
}

async fn ready(State(app): State<Shared>) -> Result<Json<serde_json::Value>, Problem> {
    let mut tx = app.db.read().await?;
    tx.count(heqi_platform::Sql::new("SELECT MAX(number) AS n FROM schema_version")).await?;
    Ok(Json(serde_json::json!({ "status": "ready" })))
}

/// What holds for every request: a number, a language, a time limit, headers, a log line.
async fn every_request(mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert("x-request-id", value);
    }
    let lang = language(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let nul = request.uri().to_string().contains("%00");
    let started = std::time::Instant::now();
    let answered = problem::LANG.scope(lang, async {
        if nul {
            return input::nul().into_response();
        }
        match tokio::time::timeout(REQUEST_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => timed_out().into_response(),
        }
    });
    let mut response = answered.await;
    let status = response.status().as_u16();
    let took = started.elapsed();
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status, micros, request = id, "request");
    ::metrics::counter!("heqi_requests_total", "status" => status.to_string()).increment(1);
    ::metrics::histogram!("heqi_request_seconds").record(took);
    for (name, value) in HEADERS {
        response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Headers of every answer: nothing is framed, sniffed, cached or sent elsewhere.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
];

fn request_id(request: &Request) -> String {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let fits = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    match given.filter(fits) {
        Some(id) => id.to_owned(),
        None => getrandom::u64().map_or_else(|_| "unknown".to_owned(), |id| format!("{id:016x}")),
    }
}

/// Chinese unless the client asks for English first.
fn language(request: &Request) -> Lang {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let english = |text: &str| text.trim().get(..2).is_some_and(|t| t.eq_ignore_ascii_case("en"));
    if wanted.is_some_and(english) { Lang::En } else { Lang::Zh }
}

fn timed_out() -> Problem {
    let mut problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too_slow",
        "处理超时，没有保存；请缩小范围或稍后再试",
        "It took too long and nothing was saved; ask for less or try again later",
    );
    problem.retry_after = Some(5);
    problem
}

fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "请求来自别的网站，已拒绝",
        "The request comes from another site and was refused",
    )
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let error = heqi_platform::DbError::Failed("a handler panicked".to_owned());
    Problem::from(error).into_response()
}
