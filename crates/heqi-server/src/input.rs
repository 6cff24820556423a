//! The body of a request: bounded, parsed with the place of what is wrong, validated, digested.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use garde::Validate;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::problem::{FieldError, Problem};

/// Largest JSON body: entry grids of some thousand rows. Files are uploaded, not embedded.
const BODY_MAX: usize = 8 << 20;

/// A JSON body that was parsed and validated, with the digest that tells it from another.
#[derive(Debug)]
pub struct Input<T> {
    /// What the client sent.
    pub value: T,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

impl<S, T> FromRequest<S> for Input<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()> + Send,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
        if kind.is_none_or(|kind| kind.split(';').next() != Some("application/json")) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "json_expected",
                "请求体须是 JSON（Content-Type: application/json）",
                "The body must be JSON (Content-Type: application/json)",
            ));
        }
        let bytes = read(body).await?;
        if holds_nul(&bytes) {
            let mut problem = nul();
            let value = serde_json::from_slice(&bytes).unwrap_or_default();
            if let Some(pointer) = place_of_nul(&value, String::new()) {
                let detail = problem.sentence().to_owned();
                problem.errors.push(FieldError { pointer, detail });
            }
            return Err(problem);
        }
        let digest = Sha256::digest(&bytes).into();
        let value: T = parse(&bytes)?;
        value.validate().map_err(|report| invalid(&report))?;
        Ok(Self { value, digest })
    }
}

/// The query of an address, parsed; what cannot be read is a problem like any other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        read.map(|query| Self(query.0)).map_err(|error| {
            let what = std::error::Error::source(&error).map(ToString::to_string);
            let what = what.unwrap_or_else(|| error.body_text());
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                format!("查询参数读不懂：{what}"),
                format!("The query cannot be read: {what}"),
            )
        })
    }
}

/// Whether a JSON text holds the character NUL, which PostgreSQL cannot keep and no text needs: an
/// odd number of backslashes before `u0000`.
fn holds_nul(json: &[u8]) -> bool {
    const ESCAPE: &[u8] = b"\\u0000";
    json.windows(ESCAPE.len()).enumerate().any(|(at, window)| {
        window == ESCAPE && json[..at].iter().rev().take_while(|it| **it == b'\\').count() % 2 == 0
    })
}

/// The first text that holds it.
fn place_of_nul(value: &serde_json::Value, at: String) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::String(text) => text.contains('\0').then_some(at),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(place, item)| place_of_nul(item, format!("{at}/{place}")))
        }
        Value::Object(fields) => {
            fields.iter().find_map(|(name, field)| place_of_nul(field, format!("{at}/{name}")))
        }
        _ => None,
    }
}

/// 422: a text holds the character NUL.
pub(crate) fn nul() -> Problem {
    Problem::invalid(
        "nul_character",
        "文字里有空字符（U+0000），无法保存；请删去后再提交",
        "A text holds the character NUL (U+0000), which cannot be kept; remove it",
    )
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let read = to_bytes(body, BODY_MAX).await;
    read.map(Into::into).map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "请求体超过 8 MiB；大批数据请用文件导入",
            "The body exceeds 8 MiB; import a file for so much data",
        )
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(&error.path().to_string());
        let what = error.inner().to_string();
        let mut problem = Problem::invalid(
            "invalid_body",
            format!("请求体读不懂：{what}"),
            format!("The body cannot be read: {what}"),
        );
        problem.errors.push(FieldError { pointer, detail: what });
        problem
    })?;
    reader.end().map_err(|error| {
        Problem::invalid("invalid_body", format!("请求体多出内容：{error}"), error.to_string())
    })?;
    Ok(value)
}

pub(crate) fn invalid(report: &garde::Report) -> Problem {
    let mut problem =
        Problem::invalid("invalid_fields", "有字段不合要求", "Some fields do not hold");
    for (path, error) in report.iter() {
        let pointer = pointer(&path.to_string());
        problem.errors.push(FieldError { pointer, detail: error.to_string() });
    }
    problem
}

/// `lines[2].amount` as `/lines/2/amount`.
fn pointer(path: &str) -> String {
    if path == "." || path.is_empty() {
        return String::new();
    }
    format!("/{}", path.replace('[', ".").replace(']', "").replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_told_from_a_backslash() {
        assert!(holds_nul(br#"{"a": "x\u0000"}"#));
        assert!(holds_nul(br#"{"a": "x\\\u0000"}"#));
        assert!(!holds_nul(br#"{"a": "x\\u0000"}"#));
        assert!(!holds_nul(br#"{"a": "x\u0001"}"#));
    }

    #[test]
    fn a_path_becomes_a_pointer() {
        assert_eq!(pointer("lines[2].amount"), "/lines/2/amount");
        assert_eq!(pointer("."), "");
    }
}
