//! What a person is told 通知: somebody named them, or gave them something to clear.

use axum::Json;
use garde::Validate;
use heqi_domain::{Id, NotificationId, UserId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx, Value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{NotificationQuery, Person};
use crate::answer::Reply;
use crate::ctx::Ctx;
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody};

/// Whom to tell what.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub user: i64,
    /// `mention` or `assigned`.
    pub kind: &'static str,
    pub body: &'a str,
}

/// Tells a person something about an object, in the transaction that causes it.
pub(super) async fn tell(
    ctx: &Ctx,
    tx: &mut Tx,
    told: &Told<'_>,
    object: &str,
    label: &str,
) -> Result<(), DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let sql = Sql::new(
        "INSERT INTO notification (id, company_id, user_id, kind, object, label, body, from_id, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let sql = sql.bind(id).bind(ctx.company).bind(told.user).bind(told.kind).bind(object);
    tx.execute(sql.bind(label).bind(told.body).bind(ctx.user()).bind(now)).await.map(drop)
}

/// Something a person is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// `mention` or `assigned`.
    pub kind: String,
    /// The id of what it is about.
    pub object: String,
    /// What that is, in words.
    pub label: String,
    /// What was said.
    pub body: String,
    /// Who caused it.
    pub from: Person,
    /// When.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it was read; none before.
    #[schema(value_type = Option<String>)]
    pub read_at: Option<Timestamp>,
    #[serde(skip)]
    number: i64,
}

/// Which ones were read.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationsRead {
    /// Their ids.
    #[garde(length(min = 1, max = 500))]
    pub notifications: Vec<String>,
}

/// What the caller is told in this company, newest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/notifications", tag = "discrepancies",
    operation_id = "notification_list",
    params(("company" = String, Path, description = "The company"), NotificationQuery),
    responses((status = 200, description = "A page of notifications", body = Page<Notification>),
              (status = 404, description = "Not your company", body = ProblemBody)),
    extensions(("x-permission" = json!("own")))
)]
pub(super) async fn notification_list(
    ctx: Ctx,
    Query(query): Query<NotificationQuery>,
) -> Result<Json<Page<Notification>>, Problem> {
    let key = &ctx.app.keys.cursor;
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let (limit, after) = (page.limit()?, page.after(key)?);
    let mut sql = Sql::new(
        "SELECT n.id, n.kind, n.object, n.label, n.body, n.from_id, u.name, n.created_at, \
         n.read_at FROM notification n JOIN user_account u ON u.id = n.from_id \
         WHERE n.company_id = $1 AND n.user_id = $2",
    )
    .bind(ctx.company)
    .bind(ctx.user());
    if query.unread == Some(true) {
        sql.push(" AND n.read_at IS NULL");
    }
    if let Some([Value::Int(id)]) = after.as_deref() {
        sql.push(" AND n.id < ").push_bind(*id);
    }
    sql.push(" ORDER BY n.id DESC LIMIT ").push_bind(limit as i64 + 1);
    let rows = ctx.read().await?.rows(sql).await?;
    let items = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    Ok(Json(Page::cut(items, limit, key, |told| vec![told.number.into()])))
}

fn read(row: &Row) -> Result<Notification, DbError> {
    let number = row.get("id")?;
    Ok(Notification {
        id: NotificationId::text(number),
        kind: row.get("kind")?,
        object: row.get("object")?,
        label: row.get("label")?,
        body: row.get("body")?,
        from: Person { id: UserId::text(row.get("from_id")?), name: row.get("name")? },
        created_at: row.get("created_at")?,
        read_at: row.get("read_at")?,
        number,
    })
}

/// Notes that the caller has read some of them; how many were new.
#[utoipa::path(
    post, path = "/api/companies/{company}/notifications/read", tag = "discrepancies",
    operation_id = "notification_read",
    params(("company" = String, Path, description = "The company")),
    request_body = NotificationsRead,
    responses((status = 200, description = "How many were not read before", body = u64,
               content_type = "application/json"),
              (status = 422, description = "No ids", body = ProblemBody)),
    extensions(("x-permission" = json!("own")))
)]
pub(super) async fn notification_read(
    ctx: Ctx,
    input: Input<NotificationsRead>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    let ids = input.value.notifications.iter().filter_map(|id| id.parse::<NotificationId>().ok());
    let mut sql = Sql::new(
        "UPDATE notification SET read_at = $1 WHERE company_id = $2 AND user_id = $3 \
         AND read_at IS NULL AND id IN ",
    );
    sql = sql.bind(change.now()).bind(ctx.company).bind(ctx.user());
    sql.push_list(ids.map(NotificationId::number));
    let count = change.execute(sql).await?;
    let detail = serde_json::json!({ "count": count });
    change.record(ctx.event("notification.read", ctx.actor(), "").with_detail(&detail));
    change.answer(Reply::ok(&count)).await
}
