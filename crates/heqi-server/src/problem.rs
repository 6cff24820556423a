//! What a client is told when a request is refused: RFC 9457, `application/problem+json`.
//!
//! `code` is stable and never translated; `detail` speaks the language of the request. A feature
//! makes its problems where it finds them; there is no catalog.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use heqi_domain::Lang;
use heqi_platform::DbError;
use heqi_platform::idempotency::Answer;
use serde::Serialize;
use utoipa::ToSchema;

tokio::task_local! {
    /// The language of the request that is being answered.
    pub static LANG: Lang;
}

/// The language of the request that is being answered; Chinese outside of one.
#[must_use]
pub fn lang() -> Lang {
    LANG.try_with(|lang| *lang).unwrap_or(Lang::Zh)
}

/// Why a request was refused; boxed, since most results are no refusal.
#[derive(Debug)]
pub struct Problem(Box<Refusal>);

/// What there is to say about a refusal.
#[derive(Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code, never translated.
    pub code: &'static str,
    /// What, where and how to fix it: Chinese, English.
    pub detail: [String; 2],
    /// What is wrong with single fields.
    pub errors: Vec<FieldError>,
    /// Facts for programs: the present version, the limit, the field that is missing.
    pub facts: Option<serde_json::Value>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// The request was answered before: that answer is given again.
    replay: Option<Box<Answer>>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field: `/lines/2/amount`.
    pub pointer: String,
    /// What is wrong and how to fix it.
    pub detail: String,
}

/// The body of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank#CODE`: the same as `code`, as RFC 9457 wants it.
    pub r#type: String,
    /// The name of the status.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code, never translated.
    pub code: String,
    /// What, where and how to fix it.
    pub detail: String,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Facts for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub facts: Option<serde_json::Value>,
}

impl Problem {
    /// A problem with a stable code and its sentence in Chinese and English.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        let detail = [zh.into(), en.into()];
        let (errors, facts, retry_after, replay) = (Vec::new(), None, None, None);
        Self(Box::new(Refusal { status, code, detail, errors, facts, retry_after, replay }))
    }

    /// 404: there is no such thing, or not for this person; the two look the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "没有这条记录，或您无权查看",
            "There is no such record, or it is not yours to see",
        )
    }

    /// 409: the thing is in a state in which this cannot be done.
    #[must_use]
    pub fn conflict(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, zh, en)
    }

    /// 422: the request is understood and cannot be carried out as it stands.
    #[must_use]
    pub fn invalid(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, zh, en)
    }

    /// 422 on one field.
    #[must_use]
    pub fn field(pointer: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let mut problem = Self::invalid("invalid_field", zh, en);
        let detail = problem.sentence().to_owned();
        problem.errors.push(FieldError { pointer: pointer.to_owned(), detail });
        problem
    }

    /// The same, at this place of the request.
    #[must_use]
    pub fn at(mut self, pointer: &str) -> Self {
        let detail = self.sentence().to_owned();
        self.errors.push(FieldError { pointer: pointer.to_owned(), detail });
        self
    }

    /// 403: known, and not allowed.
    #[must_use]
    pub fn forbidden(permission: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            format!("没有权限（{permission}）；请找安全管理员授权"),
            format!("The permission {permission} is missing; ask the security administrator"),
        )
    }

    /// 412: somebody has changed it since.
    #[must_use]
    pub fn stale(version: i64) -> Self {
        let mut problem = Self::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "别人已经改过这条记录；请刷新后再改",
            "Somebody has changed this record since; load it again",
        );
        problem.facts = Some(serde_json::json!({ "version": version }));
        problem
    }

    /// The same with facts for programs.
    #[must_use]
    pub fn with_facts(mut self, facts: serde_json::Value) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Not a refusal: the answer that this request got before.
    pub(crate) fn replay(answer: Answer) -> Self {
        let mut problem = Self::new(StatusCode::OK, "replay", "", "");
        problem.replay = Some(Box::new(answer));
        problem
    }

    /// Its sentence in the language of the request.
    #[must_use]
    pub fn sentence(&self) -> &str {
        lang().pick(&self.detail[0], &self.detail[1])
    }

    /// The body that a client gets.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            r#type: format!("about:blank#{}", self.code),
            title: self.status.canonical_reason().unwrap_or_default().to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.sentence().to_owned(),
            errors: self.errors.clone(),
            facts: self.facts.clone(),
        }
    }
}

impl std::ops::Deref for Problem {
    type Target = Refusal;
    fn deref(&self) -> &Refusal {
        &self.0
    }
}

impl std::ops::DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Refusal {
        &mut self.0
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        let unavailable = |code, zh, en| {
            let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, zh, en);
            problem.retry_after = Some(1);
            problem
        };
        match error {
            DbError::Conflict => Self::conflict(
                "conflict_retry",
                "与别人的操作冲突；请再试一次",
                "This and another change were in each other's way; try again",
            ),
            DbError::Unique { constraint } => Self::conflict(
                "exists",
                format!("已有相同的记录（{constraint}）"),
                format!("Such a record exists already ({constraint})"),
            ),
            DbError::Full(_) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "服务器磁盘已满，这次操作没有保存；请腾出空间后再试",
                "The disk of the server is full, nothing was saved; free some room and try again",
            ),
            DbError::Unavailable(_) => unavailable(
                "database_unavailable",
                "数据库暂时连不上；请稍后再试",
                "The database cannot be reached; try again in a moment",
            ),
            error => {
                tracing::error!(%error, "a request failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "程序出错，这次操作没有保存；请把请求编号告诉管理员",
                    "The program failed, nothing was saved; tell the administrator the request id",
                )
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(answer) = &self.replay {
            return crate::answer::respond(answer, true);
        }
        let json = HeaderValue::from_static("application/problem+json");
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
