//! Who can see a customer: whom a discrepancy may be given to, whom a comment may name.

use heqi_domain::{Id, UserId};
use heqi_platform::{DbError, Sql, Tx};

use super::model::Person;
use crate::auth::{self, Caller};
use crate::permission::Permission;

/// Whether this person sees the discrepancies of this customer; then who it is.
pub(super) async fn sees(
    tx: &mut Tx,
    company: i64,
    user: i64,
    customer: i64,
) -> Result<Option<Person>, DbError> {
    let nobody = Caller {
        user,
        name: String::new(),
        session: None,
        token: None,
        must_change_password: false,
        unseen: false,
    };
    let grants = auth::grants(tx, &nobody, company).await?;
    let Some(scope) = grants.0.get(&Permission::DiscrepanciesRead) else { return Ok(None) };
    let mut sql = Sql::new(
        "SELECT u.name FROM user_account u, customer WHERE u.id = $1 AND u.disabled_at IS NULL \
         AND customer.company_id = $2 AND customer.id = $3",
    );
    sql = sql.bind(user).bind(company).bind(customer);
    scope.push(&mut sql);
    let row = tx.optional(sql).await?;
    row.map(|row| Ok(Person { id: UserId::text(user), name: row.get("name")? })).transpose()
}

/// Everybody who sees the discrepancies of this customer, by name.
pub(super) async fn all(tx: &mut Tx, company: i64, customer: i64) -> Result<Vec<Person>, DbError> {
    let sql = Sql::new(
        "SELECT u.id, u.name FROM user_account u WHERE u.disabled_at IS NULL AND EXISTS \
         (SELECT 1 FROM role_grant g WHERE g.user_id = u.id AND g.company_id IN (0, $1)) \
         ORDER BY u.name, u.id",
    );
    let mut people = Vec::new();
    for row in tx.rows(sql.bind(company)).await? {
        people.extend(sees(tx, company, row.get("id")?, customer).await?);
    }
    Ok(people)
}
