//! Requests as clients send them, through the router.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use heqi_domain::{CompanyId, CustomerId, DiscrepancyId, Id};
use heqi_platform::{Db, Sql};
use heqi_server::app::Shared;
use heqi_server::auth::session;
use heqi_server::features::users;
use tower::ServiceExt;

const CLIENTS: usize = 16;
const EACH: usize = 400;

/// Method, path and body.
type Call = (&'static str, String, Option<&'static str>);

#[derive(Clone)]
struct Client {
    router: Router,
    cookie: String,
    company: String,
}

/// Q, F1 and F2.
pub async fn run(engine: &str, app: &Shared, customers: &[i64]) {
    let client = client(app).await;
    for filter in FILTERS {
        let mut took = Vec::new();
        for _ in 0..12 {
            took.push(client.ask("GET", &format!("/lines?limit=50&{filter}"), None).await);
        }
        let [p50, p95] = at(&mut took, [50, 95]);
        println!("{engine:10} Q  {filter:40} p50 {p50:>9.1?} p95 {p95:>9.1?}");
    }
    let pages =
        customers.iter().map(|id| format!("/lines?limit=50&customer={}", CustomerId::text(*id)));
    let pages: Vec<String> = pages.collect();
    let page = move |n: usize| ("GET", pages[n % pages.len()].clone(), None);
    many(engine, "F1 page of 50 lines", &client, page).await;
    let ids = discrepancies(&app.db, customers).await;
    let change = move |n: usize| {
        let path = format!("/discrepancies/{}", DiscrepancyId::text(ids[n]));
        ("PATCH", path, Some(r#"{"due_date":"2026-12-31"}"#))
    };
    many(engine, "F2 change of a discrepancy", &client, change).await;
}

const FILTERS: [&str; 11] = [
    "",
    "kind=sale",
    "side=theirs",
    "from=2026-10-05&to=2026-10-06",
    "state=draft",
    "amount=123.45",
    "amount_min=100&amount_max=101",
    "sort=-amount",
    "q=XS20261005-0000004",
    "q=0000004",
    "q=nothing-like-it",
];

async fn many(
    engine: &str,
    what: &str,
    client: &Client,
    request: impl Fn(usize) -> Call + Clone + Send + 'static,
) {
    let started = Instant::now();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (client, request) = (client.clone(), request.clone());
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(EACH);
                for n in 0..EACH {
                    let (method, path, body) = request(number * EACH + n);
                    took.push(client.ask(method, &path, body).await);
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.expect("answers"));
    }
    let rate = took.len() as f64 / started.elapsed().as_secs_f64();
    let [p50, p99] = at(&mut took, [50, 99]);
    println!("{engine:10} {what:28} {rate:>8.0} requests/s p50 {p50:>9.1?} p99 {p99:>9.1?}");
}

fn at(took: &mut [Duration], percents: [usize; 2]) -> [Duration; 2] {
    took.sort_unstable();
    percents.map(|percent| took[(took.len() * percent / 100).min(took.len() - 1)])
}

impl Client {
    async fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Duration {
        let started = Instant::now();
        let request = Request::builder().method(method);
        let request = request.uri(format!("/api/companies/{}{path}", self.company));
        let request = request.header("cookie", &self.cookie).header("if-match", "\"v1\"");
        let key = getrandom::u64().expect("randomness").to_string();
        let request = request.header("content-type", "application/json");
        let request = request.header("idempotency-key", key);
        let body = Body::from(body.unwrap_or_default().to_owned());
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 64 << 20).await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        started.elapsed()
    }
}

async fn client(app: &Shared) -> Client {
    let mut tx = app.db.write().await.expect("a transaction");
    let new = users::model::NewUser {
        login: "bench".to_owned(),
        name: "bench".to_owned(),
        password: String::new(),
    };
    let user = users::store::insert(&mut tx, &new, "none", false).await.expect("a user");
    let all = ("all", "");
    users::store::grant(&mut tx, 1, user, "finance_manager", all, "bench").await.expect("a role");
    let (_, token) = session::open(&mut tx, user, "bench", "bench").await.expect("a session");
    tx.commit_housekeeping().await.expect("committed");
    Client {
        router: heqi_server::router::router(app.clone()),
        cookie: format!("{}={token}", session::COOKIE),
        company: CompanyId::text(1),
    }
}

/// One for each request of F2.
async fn discrepancies(db: &Db, customers: &[i64]) -> Vec<i64> {
    let mut tx = db.write().await.expect("a transaction");
    let ids: Vec<i64> = (0..CLIENTS * EACH).map(|_| tx.next_id()).collect();
    let rows: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(at, id)| {
            vec![
                (*id).into(),
                1_i64.into(),
                customers[at % customers.len()].into(),
                "CNY".into(),
                id.to_string().into(),
                "amount".into(),
                100_i64.into(),
                "open".into(),
                0_i64.into(),
                0_i64.into(),
            ]
        })
        .collect();
    let columns = "id, company_id, customer_id, currency, content_id, reason, amount, status, \
                   first_seen_at, last_seen_at";
    tx.insert_many("discrepancy", columns, rows.into_iter()).await.expect("discrepancies");
    let all = "SELECT COUNT(*) FROM discrepancy";
    assert_eq!(tx.count(Sql::new(all)).await.expect("a count"), ids.len() as i64);
    tx.commit_housekeeping().await.expect("committed");
    ids
}
