//! A whole application for a test: on SQLite and, where there is one, on PostgreSQL.
//!
//! Requests go through the router as they do in the product, without a socket.
#![allow(dead_code, reason = "a kit offers more than every test takes")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use heqi_domain::{CompanyId, Id, UserId};
use heqi_platform::config::Config;
use heqi_platform::db::{Options, SCHEMA};
use heqi_platform::{Clock, Db, Sql, Timestamp, Value};
use heqi_testkit::databases::{TestDatabase, fresh_postgres_from, fresh_sqlite};
use serde_json::Value as Json;
use tower::ServiceExt;

use crate::app::{App, Shared};
use crate::auth::session;
use crate::features::{companies, users};
use crate::router::router;

/// The instant at which the clock of a test stands: 2026-11-02 10:00 in China.
pub const NOW: i64 = 1_793_584_800_000_000;

/// An application with one company, and what has to live as long as it.
pub struct TestApp {
    /// The application.
    pub app: Shared,
    /// The id of its company, as text.
    pub company: String,
    /// The clock of the application; it stands until it is turned.
    pub clock: Clock,
    router: Router,
    _folder: tempfile::TempDir,
    _database: Option<TestDatabase>,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Client {
    router: Router,
    /// `Cookie` or `Authorization`; none for nobody.
    pub credential: Option<(header::HeaderName, String)>,
    /// The number of the user.
    pub user: i64,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; a text if it is none.
    pub body: Json,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

/// Runs a test on SQLite, and again on PostgreSQL if there is one.
pub async fn on_both(test: impl AsyncFn(TestApp)) {
    test(TestApp::on_sqlite().await).await;
    if let Some(app) = TestApp::on_postgres().await {
        eprintln!("again on PostgreSQL");
        test(app).await;
    }
}

impl TestApp {
    /// On SQLite in a folder of its own.
    pub async fn on_sqlite() -> Self {
        let (folder, path) = fresh_sqlite();
        Self::open(folder, path.to_string_lossy().into_owned(), None).await
    }

    /// On a database of its own in the private PostgreSQL, if there is one.
    pub async fn on_postgres() -> Option<Self> {
        let key = format!("{:?}", SCHEMA);
        let database = fresh_postgres_from(&key, async |url: &str| {
            let mut options = Options::new(url);
            options.connections = 2;
            Db::open(&options, SCHEMA).await.map(drop)
        });
        let database = database.await?;
        let url = database.url.clone();
        Some(Self::open(tempfile::tempdir().unwrap(), url, Some(database)).await)
    }

    async fn open(
        folder: tempfile::TempDir,
        address: String,
        database: Option<TestDatabase>,
    ) -> Self {
        let config =
            Config { data: folder.path().to_owned(), database: address, ..Config::default() };
        let clock = Clock::fixed(Timestamp::from_micros(NOW));
        let app = App::open(config, clock.clone()).await.unwrap();
        let company = new_company(&app, "T1", "合契测试贸易有限公司").await;
        let router = router(Arc::clone(&app));
        Self { app, company, clock, router, _folder: folder, _database: database }
    }

    /// Another company in the same installation; its id as text.
    pub async fn other_company(&self) -> String {
        new_company(&self.app, "T2", "另一家公司").await
    }

    /// Nobody, at a second process that serves the same database.
    pub async fn another_process(&self) -> Client {
        let app = App::open(self.app.config.clone(), self.clock.clone()).await.unwrap();
        Client { router: router(app), credential: None, user: 0 }
    }

    /// Nobody.
    pub fn nobody(&self) -> Client {
        Client { router: self.router.clone(), credential: None, user: 0 }
    }

    /// Somebody with a role for every customer of the company.
    pub async fn client(&self, role: &str) -> Client {
        self.client_in(&self.company, role, "all", "").await
    }

    /// Somebody with a role in a company, for a part of its customers.
    pub async fn client_in(&self, company: &str, role: &str, scope: &str, value: &str) -> Client {
        static COUNTER: AtomicU64 = AtomicU64::new(1);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut tx = self.app.db.write().await.unwrap();
        let new = users::model::NewUser {
            login: format!("{role}{number}"),
            name: format!("{role} {number}"),
            password: String::new(),
        };
        let user = users::store::insert(&mut tx, &new, "none", false).await.unwrap();
        let company = company.parse::<CompanyId>().map_or(0, CompanyId::number);
        users::store::grant(&mut tx, company, user, role, (scope, value), "test").await.unwrap();
        let (_, token) = session::open(&mut tx, user, "test", "test").await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        let credential = Some((header::COOKIE, format!("{}={token}", session::COOKIE)));
        Client { router: self.router.clone(), credential, user }
    }

    /// A customer of the company, written straight into the database; its number.
    pub async fn customer(&self, code: &str, name: &str) -> i64 {
        self.customer_of(&self.company, code, name, None, "", "").await
    }

    /// A customer of any company, with the owner, department and region that scopes look at.
    pub async fn customer_of(
        &self,
        company: &str,
        code: &str,
        name: &str,
        owner: Option<i64>,
        department: &str,
        region: &str,
    ) -> i64 {
        let company = company.parse::<CompanyId>().unwrap().number();
        let mut tx = self.app.db.write().await.unwrap();
        let (id, now) = (tx.next_id(), tx.now());
        let insert = Sql::new(
            "INSERT INTO customer (id, company_id, code, name, owner_id, department, region, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        );
        let insert = insert.bind(id).bind(company).bind(code).bind(name).bind(owner);
        tx.execute(insert.bind(department).bind(region).bind(now)).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        id
    }

    /// The address of something in the company: `/customers` as `/api/companies/…/customers`.
    pub fn at(&self, path: &str) -> String {
        format!("/api/companies/{}{path}", self.company)
    }

    /// The number of the company.
    pub fn company_number(&self) -> i64 {
        self.company.parse::<CompanyId>().unwrap().number()
    }

    /// What was done in the company, in order: the actions of its audit chain.
    pub async fn actions(&self) -> Vec<String> {
        let sql = "SELECT action FROM audit_record WHERE company_id = $1 ORDER BY sequence";
        let sql = Sql::new(sql).bind(self.company_number());
        let rows = self.app.db.read().await.unwrap().rows(sql).await.unwrap();
        rows.iter().map(|row| row.get("action").unwrap()).collect()
    }

    /// The one number that a statement returns, asked of the database and not of the product.
    pub async fn number(&self, sql: &'static str) -> i64 {
        self.app.db.read().await.unwrap().count(Sql::new(sql)).await.unwrap()
    }

    /// Every row that a statement returns, as values.
    pub async fn values(&self, sql: &'static str) -> Vec<Vec<Value>> {
        let rows = self.app.db.read().await.unwrap().rows(Sql::new(sql)).await.unwrap();
        rows.iter().map(|row| row.values().to_vec()).collect()
    }

    /// Runs every job that waits.
    pub async fn drain_jobs(&self) {
        crate::features::runner(&self.app).drain().await;
    }
}

async fn new_company(app: &App, code: &str, name: &str) -> String {
    let mut tx = app.db.write().await.unwrap();
    let new = companies::NewCompany {
        code: code.to_owned(),
        name: name.to_owned(),
        credit_code: String::new(),
        currency: "CNY".to_owned(),
    };
    let id = companies::insert(&mut tx, &new).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    CompanyId::text(id)
}

impl Client {
    /// The id of the user as text.
    pub fn user_text(&self) -> String {
        UserId::text(self.user)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// POST with a key of its own.
    pub async fn post(&self, path: &str, body: Json) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// PATCH of a version.
    pub async fn patch(&self, path: &str, version: i64, body: Json) -> Answer {
        let tag = crate::answer::etag(version);
        self.send(Method::PATCH, path, &[("if-match", &tag)], Some(body)).await
    }

    /// PUT of a version.
    pub async fn put(&self, path: &str, version: i64, body: Json) -> Answer {
        let tag = crate::answer::etag(version);
        self.send(Method::PUT, path, &[("if-match", &tag)], Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// GET of a stream of events: what is read of it is the caller's to say.
    pub async fn stream(&self, path: &str) -> axum::response::Response {
        self.stream_from(path, "").await
    }

    /// The same after an event that was seen.
    pub async fn stream_from(&self, path: &str, last: &str) -> axum::response::Response {
        let mut request = Request::builder().uri(path).header("last-event-id", last);
        if let Some((name, value)) = &self.credential {
            request = request.header(name, value);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// Any request; an `Idempotency-Key` is added unless one is given.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Json>,
    ) -> Answer {
        let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let json = [("content-type", "application/json")];
        let given: Vec<(&str, &str)> = headers.iter().copied().chain(json).collect();
        self.send_bytes(method, path, &given, bytes).await
    }

    /// Any request with any body.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        bytes: Vec<u8>,
    ) -> Answer {
        static KEYS: AtomicU64 = AtomicU64::new(1);
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = &self.credential {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "idempotency-key") {
            let key = KEYS.fetch_add(1, Ordering::Relaxed);
            request = request.header("idempotency-key", format!("key-{key}"));
        }
        let request = request.body(Body::from(bytes)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 256 << 20).await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer { status, headers, body, bytes }
    }
}

impl Answer {
    /// The answer, if its status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self
    }

    /// The text of a field of the body.
    #[track_caller]
    pub fn text(&self, field: &str) -> String {
        let found = self.body[field].as_str();
        found.unwrap_or_else(|| panic!("no text `{field}` in {:#}", self.body)).to_owned()
    }

    /// The number of a field of the body.
    #[track_caller]
    pub fn number(&self, field: &str) -> i64 {
        let found = self.body[field].as_i64();
        found.unwrap_or_else(|| panic!("no number `{field}` in {:#}", self.body))
    }

    /// The refusal's code.
    #[track_caller]
    pub fn code(&self) -> String {
        self.text("code")
    }

    /// The version that the answer was of.
    #[track_caller]
    pub fn version(&self) -> i64 {
        let tag = self.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let tag = tag.and_then(|tag| tag.strip_prefix("\"v")?.strip_suffix('"'));
        tag.and_then(|tag| tag.parse().ok()).unwrap_or_else(|| panic!("no ETag: {self:?}"))
    }
}
