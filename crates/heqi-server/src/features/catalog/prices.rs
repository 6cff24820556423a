//! Prices 价格表: of a product for a customer or for everybody, from a day to a day.
//!
//! The price of a day is that of the customer, else that of its group company, and so on up,
//! else that for everybody. Two rows of one list never hold on the same day: the product is
//! locked while a row is added, and the row in the way is told.

use axum::Json;
use heqi_domain::{CustomerId, Id, PriceListId, ProductId, day_from_iso};
use heqi_platform::{DbError, Row, Sql, Tx};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{NewPrice, PriceEnd, PriceQuery};
use super::store;
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::customers;
use crate::input::{Input, Query};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Levels of groups above a customer that are asked for a price.
const GROUP_DEPTH_MAX: i64 = 8;

/// A price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Price {
    /// Its id.
    pub id: String,
    /// The product.
    pub product: String,
    /// For whom; none: for everybody.
    pub customer: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Price of one unit without tax, in millionths of the currency unit.
    pub price_micro: i64,
    /// The first day.
    pub valid_from: String,
    /// The last day; none: until further notice.
    pub valid_to: Option<String>,
    /// Changes with every change.
    pub version: i64,
}

/// The price of a product for a customer on a day (`2026-11-24`), in the currency of its account.
///
/// # Errors
/// Whatever the database says.
pub async fn price_on(
    tx: &mut Tx,
    company: i64,
    customer: i64,
    product: i64,
    date: &str,
) -> Result<Option<Price>, DbError> {
    let sql = Sql::new(
        "WITH RECURSIVE up (id, parent_id, depth) AS \
         (SELECT id, parent_id, CAST(0 AS BIGINT) FROM customer \
          WHERE company_id = $1 AND id = $2 \
          UNION ALL SELECT customer.id, customer.parent_id, up.depth + 1 FROM customer \
          JOIN up ON customer.id = up.parent_id WHERE up.depth < $5) \
         SELECT p.id, p.product_id, p.customer_id, p.currency, p.price_micro, p.valid_from, \
         p.valid_to, p.version FROM product_price p LEFT JOIN up ON up.id = p.customer_id \
         WHERE p.company_id = $1 AND p.product_id = $3 AND p.valid_from <= $4 \
         AND (p.valid_to IS NULL OR p.valid_to >= $4) \
         AND (p.customer_id IS NULL OR up.id IS NOT NULL) \
         AND p.currency = (SELECT currency FROM customer WHERE company_id = $1 AND id = $2) \
         ORDER BY COALESCE(up.depth, 1000) LIMIT 1",
    );
    let sql = sql.bind(company).bind(customer).bind(product).bind(date).bind(GROUP_DEPTH_MAX);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

const COLUMNS: &str = "SELECT id, product_id, customer_id, currency, price_micro, valid_from, \
                       valid_to, version FROM product_price WHERE company_id = ";

fn read(row: &Row) -> Result<Price, DbError> {
    Ok(Price {
        id: PriceListId::text(row.get("id")?),
        product: ProductId::text(row.get("product_id")?),
        customer: row.get::<Option<i64>>("customer_id")?.map(CustomerId::text),
        currency: row.get("currency")?,
        price_micro: row.get("price_micro")?,
        valid_from: row.get("valid_from")?,
        valid_to: row.get("valid_to")?,
        version: row.get("version")?,
    })
}

/// The prices of a product; those of customers out of the caller's reach are left out.
#[utoipa::path(
    get, path = "/api/companies/{company}/products/{product}/prices", tag = "catalog",
    operation_id = "price_list",
    params(("company" = String, Path), ("product" = String, Path)),
    responses((status = 200, description = "Every price, the latest first", body = Vec<Price>)),
    extensions(("x-permission" = json!("catalog.read")))
)]
pub(super) async fn price_list(
    ctx: Ctx,
    At(product): At<ProductId>,
) -> Result<Json<Vec<Price>>, Problem> {
    let scope = ctx.require(Permission::CatalogRead)?;
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, product.number()).await?;
    found.ok_or_else(Problem::not_found)?;
    let mut sql = Sql::new(COLUMNS);
    sql.push_bind(ctx.company).push(" AND product_id = ").push_bind(product.number());
    sql.push(" AND (customer_id IS NULL OR (1 = 1");
    scope.push_customers(&mut sql, "customer_id", ctx.company);
    sql.push(")) ORDER BY valid_from DESC, id DESC LIMIT 1000");
    let rows = tx.rows(sql).await?;
    Ok(Json(rows.iter().map(read).collect::<Result<_, _>>()?))
}

/// The price of a product for a customer on a day.
#[utoipa::path(
    get, path = "/api/companies/{company}/products/{product}/price", tag = "catalog",
    operation_id = "price_view",
    params(("company" = String, Path), ("product" = String, Path), PriceQuery),
    responses((status = 200, description = "The price", body = Price)),
    extensions(("x-permission" = json!("catalog.read")))
)]
pub(super) async fn price_view(
    ctx: Ctx,
    At(product): At<ProductId>,
    Query(query): Query<PriceQuery>,
) -> Result<Json<Price>, Problem> {
    ctx.require(Permission::CatalogRead)?;
    let mut tx = ctx.read().await?;
    store::find(&mut tx, ctx.company, product.number()).await?.ok_or_else(Problem::not_found)?;
    let customer = query.customer.and_then(|id| id.parse::<CustomerId>().ok());
    let customer = customer.ok_or_else(|| {
        Problem::field("/customer", "请给出客户编号", "The id of the customer is missing")
    })?;
    customers::visible(&ctx, &mut tx, Permission::CatalogRead, customer.number()).await?;
    let date = query.date.unwrap_or_else(|| tx.now().book_date());
    is_day("/date", &date)?;
    let (customer, product) = (customer.number(), product.number());
    let found = price_on(&mut tx, ctx.company, customer, product, &date).await?;
    found.map(Json).ok_or_else(Problem::not_found)
}

/// Adds a price.
#[utoipa::path(
    post, path = "/api/companies/{company}/products/{product}/prices", tag = "catalog",
    operation_id = "price_create",
    params(("company" = String, Path), ("product" = String, Path)),
    request_body = NewPrice,
    responses((status = 201, description = "The price", body = Price),
              (status = 409, description = "Another price holds then", body = ProblemBody)),
    extensions(("x-permission" = json!("catalog.write")))
)]
pub(super) async fn price_create(
    ctx: Ctx,
    At(product): At<ProductId>,
    input: Input<NewPrice>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::CatalogWrite)?;
    let (new, product) = (&input.value, product.number());
    span(&new.valid_from, new.valid_to.as_deref())?;
    let mut change = ctx.begin(&input.digest).await?;
    if !store::lock(&mut change, ctx.company, product).await? {
        return Err(Problem::not_found());
    }
    match new.customer {
        Some(customer) => {
            let id = customer.number();
            customers::visible(&ctx, &mut change, Permission::CatalogWrite, id).await?;
        }
        None if !scope.all => return Err(Problem::forbidden(Permission::CatalogWrite.code())),
        None => {}
    }
    refuse_overlap(&mut change, &ctx, product, 0, new).await?;
    let (id, now) = (change.next_id(), change.now());
    let insert = Sql::new(
        "INSERT INTO product_price (id, company_id, product_id, customer_id, currency, \
         price_micro, valid_from, valid_to, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let insert = insert.bind(id).bind(ctx.company).bind(product);
    let insert = insert.bind(new.customer.map(Id::number)).bind(&new.currency);
    let insert = insert.bind(new.price_micro).bind(&new.valid_from);
    change.execute(insert.bind(new.valid_to.as_ref()).bind(now)).await?;
    let price = find(&mut change, ctx.company, product, id).await?;
    let event = ctx.event("price.create", &price.id, &price.product);
    change.record(event.with_detail(&price));
    change.answer(Reply::created(String::new(), &price).version(price.version)).await
}

async fn find(tx: &mut Tx, company: i64, product: i64, id: i64) -> Result<Price, Problem> {
    let mut sql = Sql::new(COLUMNS);
    sql.push_bind(company).push(" AND product_id = ").push_bind(product);
    sql.push(" AND id = ").push_bind(id);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    Ok(read(&row)?)
}

/// Refuses if another price of the same list holds on one of the days, and tells which.
async fn refuse_overlap(
    tx: &mut Tx,
    ctx: &Ctx,
    product: i64,
    except: i64,
    new: &NewPrice,
) -> Result<(), Problem> {
    let mut sql = Sql::new(COLUMNS);
    sql.push_bind(ctx.company).push(" AND product_id = ").push_bind(product);
    sql.push(" AND id <> ").push_bind(except);
    sql.push(" AND currency = ").push_bind(&new.currency);
    match new.customer {
        Some(customer) => sql.push(" AND customer_id = ").push_bind(customer.number()),
        None => sql.push(" AND customer_id IS NULL"),
    };
    sql.push(" AND (valid_to IS NULL OR valid_to >= ").push_bind(&new.valid_from).push(")");
    if let Some(last) = &new.valid_to {
        sql.push(" AND valid_from <= ").push_bind(last);
    }
    sql.push(" ORDER BY valid_from LIMIT 1");
    let Some(row) = tx.optional(sql).await? else { return Ok(()) };
    let other = read(&row)?;
    let until = other.valid_to.as_deref();
    let problem = Problem::conflict(
        "price_overlap",
        format!(
            "与已有价格的有效期重叠（{} 至 {}）；请先给它定截止日期",
            other.valid_from,
            until.unwrap_or("长期")
        ),
        format!(
            "Another price holds from {} to {}; end that one first",
            other.valid_from,
            until.unwrap_or("further notice")
        ),
    );
    Err(problem.with_facts(serde_json::json!({ "price": other })))
}

/// Sets the last day of a price.
#[utoipa::path(
    patch, path = "/api/companies/{company}/products/{product}/prices/{pricelist}",
    tag = "catalog", operation_id = "price_end",
    params(("company" = String, Path), ("product" = String, Path), ("pricelist" = String, Path),
           ("If-Match" = String, Header, description = "The version of the price")),
    request_body = PriceEnd,
    responses((status = 200, description = "The price", body = Price),
              (status = 409, description = "Another price holds then", body = ProblemBody)),
    extensions(("x-permission" = json!("catalog.write")))
)]
pub(super) async fn price_end(
    ctx: Ctx,
    At(product): At<ProductId>,
    At(id): At<PriceListId>,
    input: Input<PriceEnd>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::CatalogWrite)?;
    let (product, id, wanted) = (product.number(), id.number(), ctx.if_match()?);
    let mut change = ctx.begin(&input.digest).await?;
    if !store::lock(&mut change, ctx.company, product).await? {
        return Err(Problem::not_found());
    }
    let before = find(&mut change, ctx.company, product, id).await?;
    reachable(&ctx, &mut change, &before).await?;
    if before.version != wanted {
        return Err(Problem::stale(before.version));
    }
    let new = NewPrice {
        customer: before.customer.as_ref().and_then(|id| id.parse().ok()),
        currency: before.currency.clone(),
        price_micro: before.price_micro,
        valid_from: before.valid_from.clone(),
        valid_to: input.value.valid_to,
    };
    span(&new.valid_from, new.valid_to.as_deref())?;
    refuse_overlap(&mut change, &ctx, product, id, &new).await?;
    let update =
        Sql::new("UPDATE product_price SET valid_to = $1, version = version + 1 WHERE id = $2");
    change.execute(update.bind(new.valid_to.as_ref()).bind(id)).await?;
    let after = find(&mut change, ctx.company, product, id).await?;
    let detail = serde_json::json!({ "before": before, "after": after });
    change.record(ctx.event("price.end", &after.id, &after.product).with_detail(&detail));
    change.answer(Reply::ok(&after).version(after.version)).await
}

/// A price of a customer out of reach is not there; one for everybody is not changed in part.
async fn reachable(ctx: &Ctx, tx: &mut Tx, price: &Price) -> Result<(), Problem> {
    let permission = Permission::CatalogWrite;
    match price.customer.as_ref().and_then(|id| id.parse::<CustomerId>().ok()) {
        Some(id) => customers::visible(ctx, tx, permission, id.number()).await.map(drop),
        None if ctx.require(permission)?.all => Ok(()),
        None => Err(Problem::forbidden(permission.code())),
    }
}

fn span(first: &str, last: Option<&str>) -> Result<(), Problem> {
    is_day("/valid_from", first)?;
    let Some(last) = last else { return Ok(()) };
    is_day("/valid_to", last)?;
    if last < first {
        return Err(Problem::field(
            "/valid_to",
            "截止日期早于生效日期",
            "The last day is before the first",
        ));
    }
    Ok(())
}

fn is_day(pointer: &str, text: &str) -> Result<(), Problem> {
    if day_from_iso(text).is_some() {
        return Ok(());
    }
    Err(Problem::field(pointer, "日期写法应如 2026-11-24", "A date is written like 2026-11-24"))
}
