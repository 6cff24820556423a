//! Adding, seeing, changing products and services; in and out as a table.

use axum::Json;
use axum::response::{IntoResponse, Response};
use heqi_domain::{CompanyId, Id, ProductId};
use heqi_platform::{DbError, Value};

use super::model::{NewProduct, Product, ProductBatch, ProductBatchResult, ProductQuery};
use super::store;
use crate::answer::{Reply, etag};
use crate::ctx::{At, Ctx};
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};
use crate::table_file::{self, EXPORT_MAX, Format};

/// Products and services.
#[utoipa::path(
    get, path = "/api/companies/{company}/products", tag = "catalog",
    operation_id = "product_list",
    params(("company" = String, Path), ProductQuery),
    responses((status = 200, description = "A page of products", body = Page<Product>)),
    extensions(("x-permission" = json!("catalog.read")))
)]
pub(super) async fn product_list(
    ctx: Ctx,
    Query(query): Query<ProductQuery>,
) -> Result<Json<Page<Product>>, Problem> {
    ctx.require(Permission::CatalogRead)?;
    let page = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    let (limit, after) = (page.limit()?, page.after(&ctx.app.keys.cursor)?);
    let fits = |after: &[Value]| matches!(after, [Value::Int(_), Value::Text(_), Value::Int(_)]);
    if after.as_deref().is_some_and(|after| !fits(after)) {
        return Err(Problem::field(
            "/cursor",
            "翻页标记属于另一张表；请从第一页重新开始",
            "The cursor is of another list; begin at the first page",
        ));
    }
    let rows = store::list(&mut ctx.read().await?, ctx.company, &query, after, limit).await?;
    Ok(Json(Page::cut(rows, limit, &ctx.app.keys.cursor, |row| {
        let id = row.id.parse::<ProductId>().map_or(0, ProductId::number);
        vec![Value::Int(row.place), Value::Text(row.entered.code.clone()), Value::Int(id)]
    })))
}

/// Adds a product or service.
#[utoipa::path(
    post, path = "/api/companies/{company}/products", tag = "catalog",
    operation_id = "product_create",
    params(("company" = String, Path)),
    request_body = NewProduct,
    responses((status = 201, description = "The product", body = Product,
               links(("product_view" = (operation_id = "product_view",
                      parameters(("product" = "$response.body#/id")))))),
              (status = 409, description = "The code is taken", body = ProblemBody)),
    extensions(("x-permission" = json!("catalog.write")))
)]
pub(super) async fn product_create(ctx: Ctx, input: Input<NewProduct>) -> Result<Reply, Problem> {
    ctx.require(Permission::CatalogWrite)?;
    check(&input.value)?;
    let mut change = ctx.begin(&input.digest).await?;
    let id = store::insert(&mut change, ctx.company, &input.value).await.map_err(code_taken)?;
    let found = store::find(&mut change, ctx.company, id).await?;
    let product = found.ok_or_else(Problem::not_found)?;
    let event = ctx.event("product.create", &product.id, &product.entered.name);
    change.record(event.with_detail(&product));
    let company = CompanyId::text(ctx.company);
    let reply =
        Reply::created(format!("/api/companies/{company}/products/{}", product.id), &product);
    change.answer(reply.version(product.version)).await
}

/// A service says how it is billed; goods are counted in a unit.
fn check(new: &NewProduct) -> Result<(), Problem> {
    if new.code.trim() != new.code || new.name.trim().is_empty() {
        let field = if new.name.trim().is_empty() { "/name" } else { "/code" };
        return Err(Problem::field(
            field,
            "不能为空，前后不能有空格",
            "This must not be empty nor begin or end with blanks",
        ));
    }
    Ok(())
}

fn code_taken(error: DbError) -> Problem {
    if error.is_unique("code") {
        return Problem::conflict(
            "code_taken",
            "商品编码已有；请换一个",
            "The code is taken; choose another",
        );
    }
    error.into()
}

/// A product or service.
#[utoipa::path(
    get, path = "/api/companies/{company}/products/{product}", tag = "catalog",
    operation_id = "product_view",
    params(("company" = String, Path), ("product" = String, Path)),
    responses((status = 200, description = "The product", body = Product)),
    extensions(("x-permission" = json!("catalog.read")))
)]
pub(super) async fn product_view(
    ctx: Ctx,
    At(product): At<ProductId>,
) -> Result<Response, Problem> {
    ctx.require(Permission::CatalogRead)?;
    let found = store::find(&mut ctx.read().await?, ctx.company, product.number()).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let tag = [(axum::http::header::ETAG, etag(found.version))];
    Ok((tag, Json(found)).into_response())
}

/// Replaces what is said about a product.
#[utoipa::path(
    put, path = "/api/companies/{company}/products/{product}", tag = "catalog",
    operation_id = "product_change",
    params(("company" = String, Path), ("product" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of what was read")),
    request_body = NewProduct,
    responses((status = 200, description = "The product", body = Product),
              (status = 412, description = "Somebody was faster", body = ProblemBody)),
    extensions(("x-permission" = json!("catalog.write")))
)]
pub(super) async fn product_change(
    ctx: Ctx,
    At(product): At<ProductId>,
    input: Input<NewProduct>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::CatalogWrite)?;
    let (id, wanted) = (product.number(), ctx.if_match()?);
    check(&input.value)?;
    let mut change = ctx.begin(&input.digest).await?;
    let before = store::find(&mut change, ctx.company, id).await?.ok_or_else(Problem::not_found)?;
    let updated = store::update(&mut change, ctx.company, id, wanted, &input.value).await;
    if !updated.map_err(code_taken)? {
        return Err(Problem::stale(before.version));
    }
    let after = store::find(&mut change, ctx.company, id).await?.ok_or_else(Problem::not_found)?;
    let detail = serde_json::json!({ "before": before, "after": after });
    let event = ctx.event("product.change", &after.id, &after.entered.name);
    change.record(event.with_detail(&detail));
    change.answer(Reply::ok(&after).version(after.version)).await
}

/// Adds many products; those whose code exists are left as they are.
#[utoipa::path(
    post, path = "/api/companies/{company}/products/batch", tag = "catalog",
    operation_id = "product_batch",
    params(("company" = String, Path)),
    request_body = ProductBatch,
    responses((status = 200, description = "How many were added", body = ProductBatchResult)),
    extensions(("x-permission" = json!("catalog.write")))
)]
pub(super) async fn product_batch(ctx: Ctx, input: Input<ProductBatch>) -> Result<Reply, Problem> {
    ctx.require(Permission::CatalogWrite)?;
    let items = &input.value.items;
    items.iter().try_for_each(check)?;
    let mut change = ctx.begin(&input.digest).await?;
    let codes: Vec<&str> = items.iter().map(|item| item.code.as_str()).collect();
    let mut taken = store::taken_codes(&mut change, ctx.company, &codes).await?;
    let mut result = ProductBatchResult { created: 0, existing: Vec::new() };
    for item in items {
        if taken.contains(&item.code) {
            result.existing.push(item.code.clone());
            continue;
        }
        store::insert(&mut change, ctx.company, item).await.map_err(code_taken)?;
        taken.push(item.code.clone());
        result.created += 1;
    }
    change.record(ctx.event("product.batch", "products", "").with_detail(&result));
    change.answer(Reply::ok(&result)).await
}

/// The products that a list would show, as a file; who took it is recorded.
#[utoipa::path(
    get, path = "/api/companies/{company}/products/export", tag = "catalog",
    operation_id = "product_export",
    params(("company" = String, Path), ProductQuery),
    responses((status = 200, description = "CSV (UTF-8 with BOM) or XLSX",
               content(
                   (String = "text/csv"),
                   (Vec<u8> =
                       "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))),
    extensions(("x-permission" = json!("catalog.read")))
)]
pub(super) async fn product_export(
    ctx: Ctx,
    Query(query): Query<ProductQuery>,
) -> Result<Response, Problem> {
    ctx.require(Permission::CatalogRead)?;
    let format = Format::named(query.format.as_deref())?;
    PageQuery { limit: query.limit, cursor: None }.limit()?;
    let mut tx = ctx.read().await?;
    let rows = store::list(&mut tx, ctx.company, &query, None, EXPORT_MAX).await?;
    drop(tx);
    let zh = "编码 名称 类型 规格 单位 条码 税收分类编码 税率 计费规则 停用";
    let en = "code name kind spec unit barcode tax_category tax_rate billing_rule stopped";
    let heads: Vec<&'static str> = ctx.lang.pick(zh, en).split(' ').collect();
    let cells = rows.into_iter().map(|row| cells(row.entered)).collect();
    table_file::export(&ctx, ("product", "products"), format, &heads, cells).await
}

fn cells(product: NewProduct) -> Vec<String> {
    vec![
        product.code,
        product.name,
        product.kind.code().to_owned(),
        product.spec,
        product.unit,
        product.barcode,
        product.tax_category,
        rate(product.tax_ppm),
        product.billing_rule,
        if product.stopped { "1" } else { "" }.to_owned(),
    ]
}

/// A rate as people write it: 130000 as `13%`, 5500 as `0.55%`.
fn rate(ppm: i64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod unit {
    #[test]
    fn a_rate_is_written_as_people_do() {
        let written = [130_000, 5_500, 0, 1_000_000].map(super::rate);
        assert_eq!(written, ["13%", "0.55%", "0%", "100%"]);
    }
}
