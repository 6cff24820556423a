//! The answer to a request that changed something: stored beside the change, then sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use heqi_platform::idempotency::Answer;
use serde::Serialize;

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Reply(Answer);

impl Reply {
    /// 200 with a body.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// 201 with a body and the address of what was made.
    #[must_use]
    pub fn created(location: impl Into<String>, body: &impl Serialize) -> Self {
        let mut reply = Self::new(StatusCode::CREATED, body);
        reply.0.location = location.into();
        reply
    }

    /// 202 with the job that does the work, and its address.
    #[must_use]
    pub fn accepted(location: impl Into<String>, body: &impl Serialize) -> Self {
        let mut reply = Self::new(StatusCode::ACCEPTED, body);
        reply.0.location = location.into();
        reply
    }

    /// 204: done, and there is nothing to say.
    #[must_use]
    pub fn no_content() -> Self {
        let mut reply = Self::new(StatusCode::NO_CONTENT, &());
        reply.0.body.clear();
        reply
    }

    /// The same with the version that `If-Match` is to name next time.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.0.etag = etag(version);
        self
    }

    fn new(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).unwrap_or_else(|_| "null".to_owned());
        Self(Answer { status: status.as_u16(), etag: String::new(), location: String::new(), body })
    }

    pub(crate) const fn answer(&self) -> &Answer {
        &self.0
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        respond(&self.0, false)
    }
}

/// The `ETag` of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// Sends an answer; a repeated one says so.
pub(crate) fn respond(answer: &Answer, replayed: bool) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let json = HeaderValue::from_static("application/json");
    let mut response =
        (status, [(header::CONTENT_TYPE, json)], answer.body.clone()).into_response();
    let headers = response.headers_mut();
    for (name, text) in [(header::ETAG, &answer.etag), (header::LOCATION, &answer.location)] {
        if let Ok(value) = HeaderValue::from_str(text)
            && !text.is_empty()
        {
            headers.insert(name, value);
        }
    }
    if replayed {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
