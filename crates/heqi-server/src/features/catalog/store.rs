//! Every statement about products.

use heqi_domain::{Id, ProductId};
use heqi_platform::{DbError, Row, Sql, Tx, Value};

use super::model::{NewProduct, Product, ProductKind, ProductQuery};
use crate::features::customers::pinyin;

const COLUMNS: &str = "id, code, name, kind, spec, unit, barcode, tax_category, tax_ppm, \
                       billing_rule, status, version";

pub(super) async fn insert(tx: &mut Tx, company: i64, new: &NewProduct) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO product (id, company_id, code, name, search, kind, spec, unit, barcode, \
         tax_category, tax_ppm, billing_rule, status, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)",
    );
    let insert = fields(insert.bind(id).bind(company), new);
    tx.execute(insert.bind(now)).await?;
    Ok(id)
}

/// Changes a product; false if somebody was faster.
pub(super) async fn update(
    tx: &mut Tx,
    company: i64,
    id: i64,
    version: i64,
    new: &NewProduct,
) -> Result<bool, DbError> {
    let now = tx.now();
    let update = Sql::new(
        "UPDATE product SET code = $3, name = $4, search = $5, kind = $6, spec = $7, unit = $8, \
         barcode = $9, tax_category = $10, tax_ppm = $11, billing_rule = $12, status = $13, \
         updated_at = $14, version = version + 1 \
         WHERE id = $1 AND company_id = $2 AND version = $15",
    );
    let update = fields(update.bind(id).bind(company), new);
    Ok(tx.execute(update.bind(now).bind(version)).await? == 1)
}

/// Binds what a person enters, in the order of the columns.
fn fields(sql: Sql, new: &NewProduct) -> Sql {
    let names = [new.name.as_str(), new.spec.as_str()];
    let search = pinyin::search_text(&new.code, names.into_iter().filter(|it| !it.is_empty()));
    let sql = sql.bind(&new.code).bind(&new.name).bind(search).bind(new.kind.code());
    let sql = sql.bind(&new.spec).bind(&new.unit).bind(&new.barcode).bind(&new.tax_category);
    let status = if new.stopped { "stopped" } else { "active" };
    sql.bind(new.tax_ppm).bind(&new.billing_rule).bind(status)
}

pub(super) async fn find(tx: &mut Tx, company: i64, id: i64) -> Result<Option<Product>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM product WHERE company_id = ").push_bind(company);
    sql.push(" AND id = ").push_bind(id);
    tx.optional(sql).await?.map(|row| read(&row)).transpose()
}

/// Locks a product until the transaction ends; whether it is there.
pub(super) async fn lock(tx: &mut Tx, company: i64, id: i64) -> Result<bool, DbError> {
    let sql = Sql::new("SELECT id FROM product WHERE company_id = $1 AND id = $2");
    Ok(tx.optional(sql.bind(company).bind(id).for_update()).await?.is_some())
}

/// Products, one more than `limit` if there is one; the best of a search first, then by code.
pub(super) async fn list(
    tx: &mut Tx,
    company: i64,
    query: &ProductQuery,
    after: Option<Vec<Value>>,
    limit: usize,
) -> Result<Vec<Product>, DbError> {
    let words = pinyin::words(query.keyword.as_deref().unwrap_or_default());
    let mut sql = Sql::new("SELECT * FROM (SELECT ");
    sql.push(COLUMNS).push(", ");
    pinyin::push_place(&mut sql, &words);
    sql.push(" AS place FROM product WHERE company_id = ").push_bind(company);
    pinyin::push_words(&mut sql, &words);
    if let Some(status) = &query.status {
        sql.push(" AND status = ").push_bind(status);
    }
    if let Some(kind) = &query.kind {
        sql.push(" AND kind = ").push_bind(kind);
    }
    sql.push(") found");
    if let Some(after) = after {
        sql.push(" WHERE (place, code, id) > (");
        for (at, value) in after.into_iter().enumerate() {
            sql.push(if at == 0 { "" } else { ", " }).push_bind(value);
        }
        sql.push(")");
    }
    sql.push(" ORDER BY place, code, id LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(read).collect()
}

/// The codes among these that are taken.
pub(super) async fn taken_codes(
    tx: &mut Tx,
    company: i64,
    codes: &[&str],
) -> Result<Vec<String>, DbError> {
    let mut taken = Vec::new();
    for piece in codes.chunks(500) {
        let mut sql = Sql::new("SELECT code FROM product WHERE company_id = ");
        sql.push_bind(company).push(" AND code IN ").push_list(piece.iter().copied());
        for row in tx.rows(sql).await? {
            taken.push(row.get("code")?);
        }
    }
    Ok(taken)
}

fn read(row: &Row) -> Result<Product, DbError> {
    let kind: String = row.get("kind")?;
    Ok(Product {
        id: ProductId::text(row.get("id")?),
        entered: NewProduct {
            code: row.get("code")?,
            name: row.get("name")?,
            kind: if kind == "service" { ProductKind::Service } else { ProductKind::Goods },
            spec: row.get("spec")?,
            unit: row.get("unit")?,
            barcode: row.get("barcode")?,
            tax_category: row.get("tax_category")?,
            tax_ppm: row.get("tax_ppm")?,
            billing_rule: row.get("billing_rule")?,
            stopped: row.get::<String>("status")? == "stopped",
        },
        version: row.get("version")?,
        place: row.get("place").unwrap_or_default(),
    })
}
