//! Saved views 方案: a filter with a name, one's own or shared with the company.
//!
//! A view holds the filter as it stands in the address bar and no data: who opens a shared one
//! sees what is theirs to see.

use axum::Json;
use garde::Validate;
use heqi_domain::{CompanyId, Id, ViewId};
use heqi_platform::{DbError, Row, Sql, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{ViewQuery, plain};
use crate::answer::Reply;
use crate::ctx::{At, Ctx, EMPTY};
use crate::input::{Input, Query};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// A view to be saved.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// The screen it belongs to: `ledger`.
    #[garde(length(min = 1, max = 40), pattern("^[a-z_]+$"))]
    pub screen: String,
    /// Its name.
    #[garde(length(chars, min = 1, max = 60), custom(plain))]
    pub name: String,
    /// The filter as it stands in the address bar: `kind=sale&q=华东`.
    #[garde(length(max = 2_000), custom(plain))]
    pub query: String,
    /// Whether everybody in the company may use it.
    #[serde(default)]
    #[garde(skip)]
    pub shared: bool,
}

/// A saved view.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct View {
    /// Its id.
    pub id: String,
    /// As it was saved.
    #[serde(flatten)]
    pub view: NewView,
    /// Whether it is the caller's, who alone may change it.
    pub own: bool,
    /// Changes with every change.
    pub version: i64,
}

/// The caller's views and the shared ones, by name.
#[utoipa::path(
    get, path = "/api/companies/{company}/views", tag = "ledger", operation_id = "view_list",
    params(("company" = String, Path), ViewQuery),
    responses((status = 200, description = "Views", body = Vec<View>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn view_list(
    ctx: Ctx,
    Query(asked): Query<ViewQuery>,
) -> Result<Json<Vec<View>>, Problem> {
    ctx.require(Permission::LedgerRead)?;
    let mut sql = select(&ctx);
    if let Some(screen) = &asked.screen {
        sql.push(" AND screen = ").push_bind(screen);
    }
    sql.push(" ORDER BY name, id LIMIT 500");
    let rows = ctx.read().await?.rows(sql).await?;
    Ok(Json(rows.iter().map(|row| read(&ctx, row)).collect::<Result<_, _>>()?))
}

/// Saves a view.
#[utoipa::path(
    post, path = "/api/companies/{company}/views", tag = "ledger", operation_id = "view_create",
    params(("company" = String, Path)), request_body = NewView,
    responses((status = 201, description = "The view", body = View),
              (status = 409, description = "The name is taken", body = ProblemBody),
              (status = 422, description = "The filter does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn view_create(ctx: Ctx, input: Input<NewView>) -> Result<Reply, Problem> {
    ctx.require(Permission::LedgerRead)?;
    let new = &input.value;
    refuse_filter(new)?;
    let mut change = ctx.begin(&input.digest).await?;
    let id = change.next_id();
    let insert = Sql::new(
        "INSERT INTO saved_view (id, company_id, user_id, screen, name, query, shared) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let insert = insert.bind(id).bind(ctx.company).bind(ctx.user()).bind(&new.screen);
    named(change.execute(insert.bind(&new.name).bind(&new.query).bind(new.shared)).await)?;
    let view = find(&ctx, &mut change, id).await?;
    change.record(ctx.event("view.create", &view.id, &new.name).with_detail(new));
    let location = format!("/api/companies/{}/views/{}", CompanyId::text(ctx.company), view.id);
    change.answer(Reply::created(location, &view).version(1)).await
}

/// A saved view.
#[utoipa::path(
    get, path = "/api/companies/{company}/views/{view}", tag = "ledger",
    operation_id = "view_view", params(("company" = String, Path), ("view" = String, Path)),
    responses((status = 200, description = "The view", body = View),
              (status = 404, description = "No such view", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn view_view(ctx: Ctx, At(id): At<ViewId>) -> Result<Reply, Problem> {
    ctx.require(Permission::LedgerRead)?;
    let view = find(&ctx, &mut ctx.read().await?, id.number()).await?;
    Ok(Reply::ok(&view).version(view.version))
}

/// Saves a view of one's own anew.
#[utoipa::path(
    put, path = "/api/companies/{company}/views/{view}", tag = "ledger",
    operation_id = "view_replace", params(("company" = String, Path), ("view" = String, Path)),
    request_body = NewView,
    responses((status = 200, description = "The view", body = View),
              (status = 404, description = "No such view of one's own", body = ProblemBody),
              (status = 412, description = "Changed since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn view_replace(
    ctx: Ctx,
    At(id): At<ViewId>,
    input: Input<NewView>,
) -> Result<Reply, Problem> {
    let new = &input.value;
    let mut change = ctx.begin(&input.digest).await?;
    let version = own(&ctx, &mut change, id).await?.version;
    refuse_filter(new)?;
    let update = Sql::new(
        "UPDATE saved_view SET screen = $1, name = $2, query = $3, shared = $4, \
         version = version + 1 WHERE company_id = $5 AND id = $6 AND version = $7",
    );
    let update = update.bind(&new.screen).bind(&new.name).bind(&new.query).bind(new.shared);
    let update = update.bind(ctx.company).bind(id.number()).bind(version);
    if named(change.execute(update).await)? == 0 {
        return Err(Problem::stale(version + 1));
    }
    let view = find(&ctx, &mut change, id.number()).await?;
    change.record(ctx.event("view.change", &view.id, &new.name).with_detail(new));
    change.answer(Reply::ok(&view).version(view.version)).await
}

/// Deletes a view of one's own.
#[utoipa::path(
    delete, path = "/api/companies/{company}/views/{view}", tag = "ledger",
    operation_id = "view_delete", params(("company" = String, Path), ("view" = String, Path)),
    responses((status = 200, description = "The view that was", body = View),
              (status = 404, description = "No such view of one's own", body = ProblemBody),
              (status = 412, description = "Changed since", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn view_delete(ctx: Ctx, At(id): At<ViewId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let view = own(&ctx, &mut change, id).await?;
    let delete =
        Sql::new("DELETE FROM saved_view WHERE company_id = $1 AND id = $2 AND version = $3");
    change.execute(delete.bind(ctx.company).bind(id.number()).bind(view.version)).await?;
    change.record(ctx.event("view.delete", &view.id, &view.view.name).with_detail(&view.view));
    change.answer(Reply::ok(&view)).await
}

fn select(ctx: &Ctx) -> Sql {
    let mut sql = Sql::new(
        "SELECT id, user_id, screen, name, query, shared, version FROM saved_view \
         WHERE company_id = ",
    );
    sql.push_bind(ctx.company);
    sql.push(" AND (user_id = ").push_bind(ctx.user()).push(" OR shared = TRUE)");
    sql
}

fn read(ctx: &Ctx, row: &Row) -> Result<View, DbError> {
    Ok(View {
        id: ViewId::text(row.get("id")?),
        view: NewView {
            screen: row.get("screen")?,
            name: row.get("name")?,
            query: row.get("query")?,
            shared: row.get("shared")?,
        },
        own: row.get::<i64>("user_id")? == ctx.user(),
        version: row.get("version")?,
    })
}

async fn find(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<View, Problem> {
    let mut sql = select(ctx);
    sql.push(" AND id = ").push_bind(id);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    Ok(read(ctx, &row)?)
}

/// A view of the caller's own, in the version that the caller looked at.
async fn own(ctx: &Ctx, tx: &mut Tx, id: ViewId) -> Result<View, Problem> {
    ctx.require(Permission::LedgerRead)?;
    let view = find(ctx, tx, id.number()).await?;
    if !view.own {
        return Err(Problem::conflict(
            "not_your_view",
            "这是别人共享的方案，只能使用；需要改动请另存为自己的方案",
            "This view is somebody else's; save one of your own to change it",
        ));
    }
    if view.version != ctx.if_match()? {
        return Err(Problem::stale(view.version));
    }
    Ok(view)
}

fn named(done: Result<u64, DbError>) -> Result<u64, Problem> {
    match done {
        Err(error) if error.is_unique("saved_view") => Err(Problem::conflict(
            "view_name_taken",
            "已有同名方案；请换个名称",
            "There is a view of this name; choose another",
        )),
        other => Ok(other?),
    }
}

/// A view of the ledger that does not hold would only fail when it is opened.
fn refuse_filter(new: &NewView) -> Result<(), Problem> {
    if new.screen != "ledger" {
        return Ok(());
    }
    let query = super::export::parse(&new.query).map_err(|error| {
        let zh = format!("筛选条件读不懂：{error}");
        Problem::field("/query", zh, format!("The filter cannot be read: {error}"))
    })?;
    query.filter().map(drop)
}
