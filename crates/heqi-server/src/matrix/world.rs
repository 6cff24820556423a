//! One object of every kind, within the caller's reach and out of it.

use std::collections::BTreeMap;

use axum::http::Method;
use heqi_domain::{
    ActId, AdjustmentId, AttachmentId, BankChangeId, BatchId, CustomerId, DiscrepancyId,
    DocumentId, GrantId, GroupId, Id, JobId, LimitChangeId, LineId, PeriodId, PriceListId,
    ProductId, RoleId, RulesId, RunId, SessionId, TokenId, UserId, ViewId,
};
use heqi_platform::Sql;

use crate::features::discrepancies::fixture;
use crate::features::ledger::{self, NewLine};
use crate::testing::{Answer, Client, TestApp};

/// The ids that stand for `{customer}`, `{line}`, … in an address.
pub struct World {
    company: String,
    /// Of a customer that nobody's partial scope reaches.
    foreign: BTreeMap<&'static str, String>,
    /// Of no row.
    gone: BTreeMap<&'static str, String>,
}

/// Objects that belong to a customer: a partial scope hides them.
const SCOPED: &[&str] =
    &["customer", "line", "document", "discrepancy", "adjustment", "period", "act", "group", "run"];

/// The document that the line is a leg of.
const DOCUMENT: i64 = 999;

/// A posted line of a customer, written as an import does; its number.
async fn line(app: &TestApp, customer: i64) -> i64 {
    let new = NewLine {
        reference: "X-1".into(),
        document: Some(DOCUMENT),
        ..NewLine::new(
            customer,
            heqi_domain::Side::Ours,
            ledger::LedgerKind::Sale,
            "2026-10-08",
            100,
        )
    };
    let mut tx = app.app.db.write().await.unwrap();
    let posted = ledger::post(&mut tx, app.company_number(), "test", &[new]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    posted[0]
}

/// A period of a customer; its number.
async fn period(app: &TestApp, customer: i64) -> i64 {
    let sql = Sql::new(
        "INSERT INTO period (id, company_id, customer_id, currency, span, first_day, last_day, \
         state, created_by, created_at) VALUES (998, $1, $2, 'CNY', '2026-01', '2026-01-01', \
         '2026-01-31', 'open', 'test', 1)",
    );
    let mut tx = app.app.db.write().await.unwrap();
    tx.execute(sql.bind(app.company_number()).bind(customer)).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    998
}

impl World {
    /// Writes the objects straight into the database.
    pub async fn new(app: &TestApp) -> Self {
        let customer = app.customer_of(&app.company, "X1", "外区客户", None, "Z", "West").await;
        let discrepancy = fixture::rounding(app, customer, 3).await;
        matches(app, customer).await;
        let foreign = BTreeMap::from([
            ("act", ActId::text(998)),
            ("group", GroupId::text(998)),
            ("rules", RulesId::text(998)),
            ("run", RunId::text(998)),
            ("customer", CustomerId::text(customer)),
            ("user", UserId::text(999)),
            ("session", SessionId::text(999)),
            ("token", TokenId::text(999)),
            ("grant", GrantId::text(999)),
            ("role", RoleId::text(999)),
            ("job", JobId::text(999)),
            ("line", LineId::text(line(app, customer).await)),
            ("document", DocumentId::text(DOCUMENT)),
            ("attachment", AttachmentId::text(999)),
            ("view", ViewId::text(999)),
            ("discrepancy", discrepancy.clone()),
            ("adjustment", fixture::adjustment(app, &discrepancy).await),
            ("limitchange", LimitChangeId::text(999)),
            ("period", PeriodId::text(period(app, customer).await)),
            ("sequence", "99999".to_owned()),
            ("bankchange", BankChangeId::text(999)),
            ("product", ProductId::text(999)),
            ("pricelist", PriceListId::text(999)),
            ("batch", BatchId::text(999)),
            ("kind", "ours.xlsx".to_owned()),
        ]);
        let gone = BTreeMap::from([
            ("act", ActId::text(12_345)),
            ("group", GroupId::text(12_345)),
            ("rules", RulesId::text(12_345)),
            ("run", RunId::text(12_345)),
            ("customer", CustomerId::text(12_345)),
            ("user", UserId::text(12_345)),
            ("session", SessionId::text(12_345)),
            ("token", TokenId::text(12_345)),
            ("grant", GrantId::text(12_345)),
            ("role", RoleId::text(12_345)),
            ("job", JobId::text(12_345)),
            ("line", LineId::text(12_345)),
            ("document", DocumentId::text(12_345)),
            ("attachment", AttachmentId::text(12_345)),
            ("view", ViewId::text(12_345)),
            ("discrepancy", DiscrepancyId::text(12_345)),
            ("adjustment", AdjustmentId::text(12_345)),
            ("limitchange", LimitChangeId::text(12_345)),
            ("period", PeriodId::text(12_345)),
            ("sequence", "99999".to_owned()),
            ("bankchange", BankChangeId::text(12_345)),
            ("product", ProductId::text(12_345)),
            ("pricelist", PriceListId::text(12_345)),
            ("batch", BatchId::text(12_345)),
            ("kind", "none.xlsx".to_owned()),
        ]);
        Self { company: app.company.clone(), foreign, gone }
    }

    /// Disables a user.
    pub async fn disable(&self, app: &TestApp, user: i64) {
        let mut tx = app.app.db.write().await.unwrap();
        let sql = Sql::new("UPDATE user_account SET disabled_at = 1 WHERE id = $1").bind(user);
        tx.execute(sql).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
    }

    /// The address with objects of the company.
    pub fn own(&self, path: &str) -> String {
        self.foreign(path)
    }

    /// The address with objects out of every partial scope.
    pub fn foreign(&self, path: &str) -> String {
        self.fill(path, &self.foreign)
    }

    /// The address with ids of nothing.
    pub fn gone(&self, path: &str) -> String {
        self.fill(path, &self.gone)
    }

    /// Whether the address names something that belongs to a customer.
    pub fn is_scoped(&self, path: &str) -> bool {
        SCOPED.iter().any(|name| path.contains(&format!("{{{name}}}")))
    }

    fn fill(&self, path: &str, ids: &BTreeMap<&'static str, String>) -> String {
        let mut filled = path.replace("{company}", &self.company);
        for (name, id) in ids {
            filled = filled.replace(&format!("{{{name}}}"), id);
        }
        assert!(!filled.contains('{'), "matrix/world.rs has no object for {filled}");
        filled
    }

    /// Asks without a useful body: who may is told what is missing, who may not is refused first.
    pub async fn ask(&self, client: &Client, method: &Method, path: &str) -> Answer {
        let body =
            (*method != Method::GET && *method != Method::DELETE).then(|| serde_json::json!({}));
        // The ledger's events never end: who may watch them is seen from the headers alone.
        let endless = *method == Method::GET && path.ends_with("/events");
        let method = if endless { &Method::HEAD } else { method };
        client.send(method.clone(), path, &[("if-match", "\"v999\"")], body).await
    }
}

/// A run, a group and an act of the customer.
async fn matches(app: &TestApp, customer: i64) {
    let company = app.company_number();
    let mut tx = app.app.db.write().await.unwrap();
    for sql in [
        "INSERT INTO match_run (id, company_id, customer_id, engine, snapshot, digest, state, \
         summary, created_by, created_at) VALUES (998, $1, $2, 'e', 's', 'd', 'planned', \
         '{\"states\":[],\"passes\":[],\"reasons\":[],\"bridges\":[],\"kept_apart\":0}', 't', 1)",
        "INSERT INTO match_group (id, company_id, customer_id, currency, content_id, pass, state, \
         status, ours, theirs, difference, created_at) VALUES (998, $1, $2, 'CNY', \
         'G0000000000000001', 'exact', 'settled', 'live', 0, 0, 0, 1)",
        "INSERT INTO match_act (id, company_id, kind, made_by, made_at) \
         SELECT 998, $1, 'confirm', 't', 1 FROM customer WHERE id = $2",
        "INSERT INTO act_change (company_id, act_id, object, object_id, customer_id, was) \
         VALUES ($1, 998, 'group', 998, $2, '')",
    ] {
        tx.execute(Sql::new(sql).bind(company).bind(customer)).await.unwrap();
    }
    tx.commit_housekeeping().await.unwrap();
}
