//! Who asks for what in which company: the first argument of everything that a request does.

use std::fmt;
use std::ops::{Deref, DerefMut};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use heqi_domain::{CompanyId, Id, Lang};
use heqi_platform::audit::Event;
use heqi_platform::crypto::Context;
use heqi_platform::idempotency::{self, Answer, Key, Known};
use heqi_platform::{DbError, Tx};
use sha2::{Digest, Sha256};

use crate::answer::Reply;
use crate::app::{App, Flight, Shared};
use crate::auth::{self, Caller};
use crate::operations;
use crate::permission::{Grants, Permission, Scope};
use crate::problem::{self, Problem};

/// Who asks, for which company, with which request.
#[derive(Debug)]
pub struct Ctx {
    /// The application.
    pub app: Shared,
    /// Who asks.
    pub caller: Caller,
    /// The company of the address; 0 outside of one.
    pub company: i64,
    /// What the caller may do there.
    grants: Grants,
    /// The number of the request.
    pub request: String,
    /// The address it came from.
    pub address: String,
    /// The language of the answer.
    pub lang: Lang,
    key: Option<String>,
    if_match: Option<String>,
    operation: String,
}

impl FromRequestParts<Shared> for Ctx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let company = params.ok().and_then(|params| {
            let found = params.iter().find(|(name, _)| *name == "company");
            found.map(|(_, text)| text.parse::<CompanyId>().map(CompanyId::number))
        });
        let company = company.transpose().map_err(|_| Problem::not_found())?.unwrap_or(0);
        let address = auth::address(app, parts);
        let mut tx = app.db.read().await?;
        let caller = auth::caller(app, &mut tx, parts).await?;
        let grants = auth::grants(&mut tx, &caller, company).await?;
        drop(tx);
        auth::note_seen(app, &caller).await;
        if company != 0 && grants.0.is_empty() {
            return Err(Problem::not_found());
        }
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        operations::authorize(&parts.method, path.unwrap_or_default(), &grants)?;
        let header = |name| text(&parts.headers, name);
        // Asked for before the state of anything is: what a retry is told must not depend on it.
        if !is_safe(&parts.method) && !header("idempotency-key").is_some_and(|key| fits(&key)) {
            return Err(key_missing());
        }
        Ok(Self {
            app: app.clone(),
            caller,
            company,
            grants,
            request: header("x-request-id").unwrap_or_default(),
            address,
            lang: problem::lang(),
            key: header("idempotency-key"),
            if_match: header("if-match"),
            operation: format!("{} {}", parts.method, parts.uri),
        })
    }
}

impl Ctx {
    /// Refuses unless the caller has this permission for at least some customers.
    ///
    /// # Errors
    /// 403.
    pub fn require(&self, permission: Permission) -> Result<&Scope, Problem> {
        let held = self.grants.0.get(&permission);
        held.ok_or_else(|| Problem::forbidden(permission.code()))
    }

    /// Whether the caller has this permission for at least some customers.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.grants.0.contains_key(&permission)
    }

    /// What the caller may do here.
    #[must_use]
    pub const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The id of who asks, as text.
    #[must_use]
    pub fn actor(&self) -> String {
        self.caller.user_text()
    }

    /// The number of the user who asks.
    #[must_use]
    pub const fn user(&self) -> i64 {
        self.caller.user
    }

    /// The version that `If-Match` names.
    ///
    /// # Errors
    /// 428 without the header, 400 if it is no version of ours.
    pub fn if_match(&self) -> Result<i64, Problem> {
        let Some(text) = &self.if_match else {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "if_match_missing",
                "缺少 If-Match：请带上读取时得到的 ETag",
                "If-Match is missing: send the ETag that the record was read with",
            ));
        };
        let inner = text.trim().strip_prefix("\"v").and_then(|text| text.strip_suffix('"'));
        inner.and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_if_match",
                "If-Match 的写法应如 \"v3\"",
                "If-Match must be of the form \"v3\"",
            )
        })
    }

    /// Begins to read: one snapshot.
    ///
    /// # Errors
    /// 503 if the database cannot be reached.
    pub async fn read(&self) -> Result<Tx, Problem> {
        Ok(self.app.db.read().await?)
    }

    /// Begins a change. `digest` is that of the body: [`crate::input::Input::digest`], or
    /// [`EMPTY`] without one.
    ///
    /// # Errors
    /// 400 without an `Idempotency-Key`; 409 while the same request is being answered; 422 if
    /// the key was used for another one. A request that was answered is answered the same again.
    pub async fn begin(&self, digest: &[u8; 32]) -> Result<Change, Problem> {
        let key = self.key()?;
        let request = self.request_digest(digest);
        let flight = self.app.take_flight(&key).ok_or_else(in_flight)?;
        let mut tx = self.app.db.write().await?;
        match idempotency::find(&mut tx, &key, &request).await? {
            Known::New => {}
            Known::Answered(answer) => return Err(replay(&self.app, &key, answer)),
            Known::OtherRequest => return Err(key_reused()),
        }
        // Who asks and what they may do is looked up again under the write lock of the change: a
        // session that was ended, a role that was revoked a moment ago is gone.
        if !auth::is_current(&mut tx, &self.caller).await? {
            return Err(auth::unauthenticated());
        }
        let grants = auth::grants(&mut tx, &self.caller, self.company).await?;
        if self.grants.0.keys().any(|held| !grants.0.contains_key(held)) {
            return Err(Problem::forbidden("revoked"));
        }
        Ok(Change { tx, key, request, app: self.app.clone(), _flight: flight })
    }

    fn key(&self) -> Result<Key, Problem> {
        let key = self.key.as_deref().map(str::trim).unwrap_or_default();
        if !fits(key) {
            return Err(key_missing());
        }
        Ok(Key { company: self.company, actor: self.actor(), key: key.to_owned() })
    }

    fn request_digest(&self, body: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        // Keyed, since a body may hold a password: a plain digest in the database could be used
        // to try passwords quickly.
        hash.update(self.app.keys.cursor);
        for field in [&self.operation, self.if_match.as_deref().unwrap_or_default()] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hash.update(body);
        hash.finalize().into()
    }

    /// An audit event of this request.
    #[must_use]
    pub fn event(&self, action: &str, object: impl fmt::Display, label: &str) -> Event {
        Event {
            company: self.company,
            actor_kind: self.caller.kind().to_owned(),
            actor: self.actor(),
            actor_name: self.caller.name.clone(),
            action: action.to_owned(),
            object: object.to_string(),
            label: label.to_owned(),
            detail: String::new(),
            request: self.request.clone(),
            address: self.address.clone(),
        }
    }

    /// Notes a read of what is sensitive, or an export; if it cannot be noted, nothing is shown.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn note_read(&self, event: Event) -> Result<(), Problem> {
        let mut tx = self.app.db.write().await?;
        tx.record(event);
        Ok(tx.commit().await?)
    }
}

/// The digest of no body.
pub const EMPTY: [u8; 32] = [0; 32];

/// A change under way: a transaction that stores its answer.
#[derive(Debug)]
pub struct Change {
    tx: Tx,
    key: Key,
    request: [u8; 32],
    app: Shared,
    _flight: Flight,
}

impl Deref for Change {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

impl Change {
    /// Stores the answer, appends the audit records, commits, and only then answers.
    ///
    /// # Errors
    /// Whatever the database says; then nothing has happened.
    pub async fn answer(self, reply: Reply) -> Result<Reply, Problem> {
        let stored = reply.answer().clone();
        self.finish(&stored, reply).await
    }

    /// [`Change::answer`] for an answer that holds a secret: what is kept for a retry is sealed.
    ///
    /// # Errors
    /// Whatever the database says; then nothing has happened.
    pub async fn answer_secret(self, reply: Reply) -> Result<Reply, Problem> {
        let mut stored = reply.answer().clone();
        let sealed = self.app.keys.ring.seal_text(&place(&self.key), &stored.body);
        let sealed = sealed.map_err(|error| DbError::Failed(error.to_string()))?;
        stored.body = format!("{SEALED}{sealed}");
        self.finish(&stored, reply).await
    }

    async fn finish(mut self, stored: &Answer, reply: Reply) -> Result<Reply, Problem> {
        let stored = idempotency::store(&mut self.tx, &self.key, &self.request, stored).await;
        if let Err(error) = stored {
            if error.is_unique("idempotency") {
                return Err(self.answered_elsewhere().await?);
            }
            return Err(error.into());
        }
        self.tx.commit().await?;
        self.app.wake_jobs();
        Ok(reply)
    }

    /// Another process was faster with the same request: its answer is the answer.
    async fn answered_elsewhere(self) -> Result<Problem, DbError> {
        let Self { tx, key, request, app, .. } = self;
        drop(tx);
        let mut tx = app.db.read().await?;
        Ok(match idempotency::find(&mut tx, &key, &request).await? {
            Known::Answered(answer) => replay(&app, &key, answer),
            Known::OtherRequest => key_reused(),
            Known::New => in_flight(),
        })
    }
}

/// Begins a stored body that is sealed; no JSON begins like this.
const SEALED: &str = "sealed:";

/// The place that the stored answer of a key is sealed for.
fn place(key: &Key) -> Context {
    let column = format!("body {} {}", key.actor, key.key);
    Context::field(key.company, "idempotency", &column, 0)
}

/// The answer that this request got before.
fn replay(app: &App, key: &Key, mut answer: Answer) -> Problem {
    if let Some(sealed) = answer.body.strip_prefix(SEALED) {
        match app.keys.ring.open_text(&place(key), sealed) {
            Ok(body) => answer.body = body,
            Err(error) => return DbError::Failed(error.to_string()).into(),
        }
    }
    Problem::replay(answer)
}

/// Whether a text is a key as the API's document describes it.
fn fits(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=200).contains(&key.len()) && key.bytes().all(plain)
}

fn key_missing() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency_key_missing",
        "缺少 Idempotency-Key：每次操作请带一个自己生成的唯一编号（字母、数字与 . _ -，\
         200 个字符以内），重试时用同一个",
        "Idempotency-Key is missing: send a unique text with each change (letters, digits and \
         . _ -, up to 200), and the same one with a retry",
    )
}

fn in_flight() -> Problem {
    Problem::conflict(
        "in_flight",
        "同一请求正在处理；请稍后用同一个 Idempotency-Key 再问结果",
        "The same request is being answered; ask again with the same key in a moment",
    )
}

fn key_reused() -> Problem {
    Problem::invalid(
        "idempotency_key_reused",
        "这个 Idempotency-Key 已用于另一个请求；请换一个",
        "This Idempotency-Key was used for another request; choose a new one",
    )
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Whether a method promises to change nothing.
#[must_use]
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The id that the address names: `{customer}` as [`heqi_domain::CustomerId`]. What is no id of
/// that kind is not found.
#[derive(Clone, Copy, Debug)]
pub struct At<T>(pub T);

impl<S: Send + Sync, T: Id> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::not_found())?;
        let found = params.iter().find(|(name, _)| *name == T::PREFIX);
        found.and_then(|(_, text)| text.parse().ok()).map(Self).ok_or_else(Problem::not_found)
    }
}

/// The address that a request came from, for handlers that know no caller yet.
#[derive(Debug)]
pub struct Address(pub String);

impl FromRequestParts<Shared> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        Ok(Self(auth::address(app, parts)))
    }
}
