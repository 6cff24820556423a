//! Somebody who works with the server as a browser does: requests in, answers out.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use heqi_server::app::Shared;
use heqi_server::features;
use serde_json::Value;
use tower::ServiceExt;

/// Largest answer that is read.
const ANSWER_MAX: usize = 64 << 20;

/// Somebody who is signed in, or nobody yet.
#[derive(Clone)]
pub struct Session {
    router: Router,
    app: Shared,
    cookie: String,
    /// The address that everything in the company begins with.
    pub company: String,
}

/// An answer that was no refusal.
#[derive(Debug)]
pub struct Answer {
    /// The `ETag`.
    pub etag: String,
    /// The body as JSON.
    pub body: Value,
    cookie: String,
}

impl Session {
    /// Nobody, outside of any company.
    pub fn nobody(app: &Shared) -> Self {
        let router = heqi_server::router::router(app.clone());
        Self { router, app: app.clone(), cookie: String::new(), company: String::new() }
    }

    /// Signs in.
    ///
    /// # Errors
    /// The refusal.
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<Self, String> {
        let body = serde_json::json!({ "login": login, "password": password });
        let answer = self.post("/api/session", &body).await?;
        let mut session = self.clone();
        session.cookie = answer.cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(session)
    }

    /// GET within the company.
    ///
    /// # Errors
    /// The refusal.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send("GET", path, "", "application/json", Vec::new()).await
    }

    /// POST within the company.
    ///
    /// # Errors
    /// The refusal.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let json = "application/json";
        self.send("POST", path, "", json, body.to_string().into_bytes()).await
    }

    /// A change of the version that `etag` names.
    ///
    /// # Errors
    /// The refusal.
    pub async fn change(
        &self,
        method: &str,
        path: &str,
        etag: &str,
        body: &Value,
    ) -> Result<Answer, String> {
        let json = "application/json";
        self.send(method, path, etag, json, body.to_string().into_bytes()).await
    }

    /// Uploads a file.
    ///
    /// # Errors
    /// The refusal.
    pub async fn upload(&self, path: &str, bytes: Vec<u8>) -> Result<Answer, String> {
        self.send("POST", path, "", "application/octet-stream", bytes).await
    }

    /// Runs the jobs that were enqueued.
    pub async fn jobs(&self) {
        features::runner(&self.app).drain().await;
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        etag: &str,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<Answer, String> {
        let address = if path.starts_with("/api") {
            path.to_owned()
        } else {
            format!("{}{path}", self.company)
        };
        let key = format!("demo-{}", self.app.db.next_id());
        let mut request = Request::builder().method(method).uri(&address);
        for (name, value) in [("cookie", self.cookie.as_str()), ("if-match", etag)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let request = request.header("content-type", kind).header("idempotency-key", key);
        let request = request.body(Body::from(bytes)).map_err(|error| error.to_string())?;
        let answered = self.router.clone().oneshot(request).await;
        let response = answered.unwrap_or_else(|never| match never {});
        let text = |name: header::HeaderName| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (etag, cookie) = (text(header::ETAG), text(header::SET_COOKIE));
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), ANSWER_MAX).await;
        let bytes = bytes.map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status >= 400 {
            return Err(format!("{method} {address}: {status} {body}"));
        }
        Ok(Answer { etag, body, cookie })
    }
}

impl Answer {
    /// The text of a field of the body.
    ///
    /// # Errors
    /// There is no such field.
    pub fn text(&self, field: &str) -> Result<String, String> {
        let found = self.body[field].as_str();
        found.map(str::to_owned).ok_or_else(|| format!("no `{field}` in {}", self.body))
    }
}
