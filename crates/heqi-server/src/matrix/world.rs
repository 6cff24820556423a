//! One object of every kind, within the caller's reach and out of it.

use std::collections::BTreeMap;

use axum::http::Method;
use heqi_domain::{BatchId, CustomerId, GrantId, Id, JobId, RoleId, SessionId, TokenId, UserId};
use heqi_platform::Sql;

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
const SCOPED: &[&str] = &["customer"];

impl World {
    /// Writes the objects straight into the database.
    pub async fn new(app: &TestApp) -> Self {
        let customer = app.customer_of(&app.company, "X1", "外区客户", None, "Z", "West").await;
        let foreign = BTreeMap::from([
            ("customer", CustomerId::text(customer)),
            ("user", UserId::text(999)),
            ("session", SessionId::text(999)),
            ("token", TokenId::text(999)),
            ("grant", GrantId::text(999)),
            ("role", RoleId::text(999)),
            ("job", JobId::text(999)),
            ("batch", BatchId::text(999)),
            ("kind", "ours.xlsx".to_owned()),
        ]);
        let gone = BTreeMap::from([
            ("customer", CustomerId::text(12_345)),
            ("user", UserId::text(12_345)),
            ("session", SessionId::text(12_345)),
            ("token", TokenId::text(12_345)),
            ("grant", GrantId::text(12_345)),
            ("role", RoleId::text(12_345)),
            ("job", JobId::text(12_345)),
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
        client.send(method.clone(), path, &[("if-match", "\"v999\"")], body).await
    }
}
