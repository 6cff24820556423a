//! Adding, seeing, changing, stopping customers.

use axum::Json;
use axum::response::{IntoResponse, Response};
use garde::Validate;
use heqi_domain::{CompanyId, CustomerId, Id, UserId};
use heqi_platform::{Tx, Value};

use super::model::{Customer, CustomerPatch, CustomerQuery, CustomerRow, NewCustomer};
use super::model::{Reason, Sensitive};
use super::store::{self, Filter, Sort};
use super::{lock, pinyin, save, visible};
use crate::answer::{Reply, etag};
use crate::ctx::{At, Change, Ctx};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Words of a search that are looked at.
const WORDS_MAX: usize = 12;

/// Customers within the caller's scope.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers", tag = "customers",
    operation_id = "customer_list",
    params(("company" = String, Path), CustomerQuery),
    responses((status = 200, description = "A page of customers", body = Page<CustomerRow>)),
    extensions(("x-permission" = json!("customers.read")))
)]
pub(super) async fn customer_list(
    ctx: Ctx,
    Query(query): Query<CustomerQuery>,
) -> Result<Json<Page<CustomerRow>>, Problem> {
    let scope = ctx.require(Permission::CustomersRead)?;
    let page = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    let (limit, sort) = (page.limit()?, sort(&query)?);
    let after = page.after(&ctx.app.keys.cursor)?;
    if after.as_ref().is_some_and(|after| !fits(sort, after)) {
        return Err(Problem::field(
            "/cursor",
            "翻页标记属于另一种排序；请从第一页重新开始",
            "The cursor is of another order; begin at the first page",
        ));
    }
    let filter = filter(query)?;
    let mut tx = ctx.read().await?;
    let rows = store::list(&mut tx, ctx.company, scope, &filter, (sort, after, limit)).await?;
    Ok(Json(Page::cut(rows, limit, &ctx.app.keys.cursor, |row| {
        let id = Value::Int(row.id.parse::<CustomerId>().map_or(0, CustomerId::number));
        match sort {
            Sort::Place => vec![Value::Int(row.place), Value::Text(row.code.clone()), id],
            Sort::Code => vec![Value::Text(row.code.clone()), id],
            Sort::Name => vec![Value::Text(row.name.clone()), id],
        }
    })))
}

fn fits(sort: Sort, after: &[Value]) -> bool {
    match sort {
        Sort::Place => matches!(after, [Value::Int(_), Value::Text(_), Value::Int(_)]),
        Sort::Code | Sort::Name => matches!(after, [Value::Text(_), Value::Int(_)]),
    }
}

fn sort(query: &CustomerQuery) -> Result<Sort, Problem> {
    let searches = query.keyword.as_deref().is_some_and(|typed| !pinyin::words(typed).is_empty());
    match query.sort.as_deref() {
        None if searches => Ok(Sort::Place),
        None | Some("code") => Ok(Sort::Code),
        Some("name") => Ok(Sort::Name),
        Some(_) => {
            Err(Problem::field("/sort", "排序只能是 code 或 name", "The order is `code` or `name`"))
        }
    }
}

pub(super) fn filter(query: CustomerQuery) -> Result<Filter, Problem> {
    let wrong = |pointer: &str| Problem::field(pointer, "编号写法不对", "This is no id");
    let owner = query.owner.as_deref().map(str::parse::<UserId>).transpose();
    let parent = query.parent.as_deref().map(str::parse::<CustomerId>).transpose();
    if let Some(status) = &query.status
        && !["active", "stopped", "merged"].contains(&status.as_str())
    {
        return Err(Problem::field(
            "/status",
            "状态只能是 active、stopped 或 merged",
            "The status is `active`, `stopped` or `merged`",
        ));
    }
    let typed: String = query.keyword.iter().flat_map(|typed| typed.chars()).take(200).collect();
    let mut words = pinyin::words(&typed);
    words.truncate(WORDS_MAX);
    Ok(Filter {
        words,
        owner: owner.map_err(|_| wrong("/owner"))?.map(UserId::number),
        parent: parent.map_err(|_| wrong("/parent"))?.map(CustomerId::number),
        query,
    })
}

/// Adds a customer.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers", tag = "customers",
    operation_id = "customer_create",
    params(("company" = String, Path)),
    request_body = NewCustomer,
    responses((status = 201, description = "The customer", body = Customer,
               links(("customer_view" = (operation_id = "customer_view",
                      parameters(("customer" = "$response.body#/id")))))),
              (status = 409, description = "Code or alias are taken", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_create(ctx: Ctx, input: Input<NewCustomer>) -> Result<Reply, Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let new = save::normalized(input.value)?;
    let mut change = ctx.begin(&input.digest).await?;
    let id = save::create(&ctx, &mut change, &new).await?;
    let customer = save::shown(&ctx, &mut change, id).await?;
    let (text, name) = (&customer.row.id, &customer.row.name);
    change.record(ctx.event("customer.create", text, name).with_detail(&customer));
    let reply = Reply::created(location(&ctx, id), &customer);
    change.answer(reply.version(customer.row.version)).await
}

pub(super) fn location(ctx: &Ctx, id: i64) -> String {
    let company = CompanyId::text(ctx.company);
    format!("/api/companies/{company}/customers/{}", CustomerId::text(id))
}

/// A customer; bank account and phones are masked.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/{customer}", tag = "customers",
    operation_id = "customer_view",
    params(("company" = String, Path), ("customer" = String, Path)),
    responses((status = 200, description = "The customer", body = Customer)),
    extensions(("x-permission" = json!("customers.read")))
)]
pub(super) async fn customer_view(
    ctx: Ctx,
    At(customer): At<CustomerId>,
) -> Result<Response, Problem> {
    let mut tx = ctx.read().await?;
    visible(&ctx, &mut tx, Permission::CustomersRead, customer.number()).await?;
    let shown = save::shown(&ctx, &mut tx, customer.number()).await?;
    let tag = [(axum::http::header::ETAG, etag(shown.row.version))];
    Ok((tag, Json(shown)).into_response())
}

/// Changes a customer; what is not named stays.
#[utoipa::path(
    patch, path = "/api/companies/{company}/customers/{customer}", tag = "customers",
    operation_id = "customer_change",
    params(("company" = String, Path), ("customer" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of what was read")),
    request_body = CustomerPatch,
    responses((status = 200, description = "The customer", body = Customer),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_change(
    ctx: Ctx,
    At(customer): At<CustomerId>,
    input: Input<CustomerPatch>,
) -> Result<Reply, Problem> {
    let (mut change, before) = open(&ctx, customer.number(), &input.digest).await?;
    let mut new = save::entered(&before);
    input.value.apply(&mut new);
    let mut new = validated(new)?;
    save::keep_old_name(&mut new, &before.row.name);
    save::change(&ctx, &mut change, customer.number(), &new).await?;
    answer(&ctx, change, customer.number(), "customer.change", &before).await
}

/// What was put together from a patch holds like what is entered.
fn validated(new: NewCustomer) -> Result<NewCustomer, Problem> {
    new.validate().map_err(|report| crate::input::invalid(&report))?;
    save::normalized(new)
}

/// Locks a customer that the caller may change, at the version that `If-Match` names.
pub(super) async fn open(
    ctx: &Ctx,
    id: i64,
    digest: &[u8; 32],
) -> Result<(Change, Customer), Problem> {
    ctx.require(Permission::CustomersWrite)?;
    let wanted = ctx.if_match()?;
    let mut change = ctx.begin(digest).await?;
    lock(&mut change, ctx.company, &[id]).await?;
    visible(ctx, &mut change, Permission::CustomersWrite, id).await?;
    let before = save::shown(ctx, &mut change, id).await?;
    if !store::advance(&mut change, id, wanted).await? {
        return Err(Problem::stale(before.row.version));
    }
    if before.row.status == "merged" {
        return Err(Problem::conflict(
            "customer_merged",
            "这个客户已并入另一个客户，不能再改；要改请先撤销合并",
            "This customer was merged into another one; undo the merge first",
        ));
    }
    Ok((change, before))
}

/// Records what became of a customer and answers with it.
pub(super) async fn answer(
    ctx: &Ctx,
    mut change: Change,
    id: i64,
    action: &str,
    before: &Customer,
) -> Result<Reply, Problem> {
    let after = save::shown(ctx, &mut change, id).await?;
    let detail = serde_json::json!({ "before": before, "after": after });
    change.record(ctx.event(action, &after.row.id, &after.row.name).with_detail(&detail));
    change.answer(Reply::ok(&after).version(after.row.version)).await
}

/// Stops a customer: nothing new is entered for it, everything stays.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/{customer}/stop", tag = "customers",
    operation_id = "customer_stop",
    params(("company" = String, Path), ("customer" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of what was read")),
    request_body = Reason,
    responses((status = 200, description = "The customer", body = Customer)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_stop(
    ctx: Ctx,
    At(customer): At<CustomerId>,
    input: Input<Reason>,
) -> Result<Reply, Problem> {
    set_status(&ctx, customer, &input, "stopped", "customer.stop").await
}

/// Takes a stopped customer up again.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/{customer}/reactivate", tag = "customers",
    operation_id = "customer_reactivate",
    params(("company" = String, Path), ("customer" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of what was read")),
    request_body = Reason,
    responses((status = 200, description = "The customer", body = Customer)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_reactivate(
    ctx: Ctx,
    At(customer): At<CustomerId>,
    input: Input<Reason>,
) -> Result<Reply, Problem> {
    set_status(&ctx, customer, &input, "active", "customer.reactivate").await
}

async fn set_status(
    ctx: &Ctx,
    customer: CustomerId,
    input: &Input<Reason>,
    status: &str,
    action: &str,
) -> Result<Reply, Problem> {
    let (mut change, _) = open(ctx, customer.number(), &input.digest).await?;
    store::set_status(&mut change, customer.number(), status).await?;
    let after = save::shown(ctx, &mut change, customer.number()).await?;
    let detail = serde_json::json!({ "reason": input.value.reason });
    change.record(ctx.event(action, &after.row.id, &after.row.name).with_detail(&detail));
    change.answer(Reply::ok(&after).version(after.row.version)).await
}

/// Bank account and phones of a customer, plainly; who read them is recorded.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/{customer}/sensitive", tag = "customers",
    operation_id = "customer_sensitive",
    params(("company" = String, Path), ("customer" = String, Path)),
    responses((status = 200, description = "What is sensitive", body = Sensitive)),
    extensions(("x-permission" = json!("customers.sensitive")))
)]
pub(super) async fn customer_sensitive(
    ctx: Ctx,
    At(customer): At<CustomerId>,
) -> Result<Json<Sensitive>, Problem> {
    let id = customer.number();
    let mut tx = ctx.read().await?;
    let brief = visible(&ctx, &mut tx, Permission::CustomersSensitive, id).await?;
    let sensitive = plain(&ctx, &mut tx, id).await?;
    drop(tx);
    ctx.note_read(ctx.event("customer.read_sensitive", customer, &brief.name)).await?;
    Ok(Json(sensitive))
}

async fn plain(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Sensitive, Problem> {
    let row = store::find(tx, ctx.company, id).await?.ok_or_else(Problem::not_found)?;
    let bank = save::bank(ctx, id, &row)?;
    Ok(Sensitive { bank, contacts: save::plain_contacts(ctx, tx, id).await? })
}
