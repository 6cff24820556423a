//! The SQL of documents and lines.

use heqi_domain::goods::Worth;
use heqi_domain::{BatchId, CustomerId, DocumentId, Id, LineId};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx, Value};

use super::check::DraftLeg;
use super::line::{self, LedgerKind, Stamp};
use super::model::{Document, GoodsShown, Leg, Line, NewDocument, NewGoods, NewLeg};
use crate::ctx::Ctx;
use crate::permission::Scope;
use crate::problem::Problem;

/// A customer as documents need it.
#[derive(Debug, Clone)]
pub struct Party {
    /// The number.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The currency of its account.
    pub currency: String,
    /// Days until what it owes is due.
    pub term_days: i64,
    /// `active`, `stopped` or `merged`.
    pub status: String,
}

/// A customer within a scope.
pub async fn party(ctx: &Ctx, tx: &mut Tx, scope: &Scope, id: &str) -> Result<Party, Problem> {
    let id: CustomerId = id.parse().map_err(|_| no_customer())?;
    let mut sql = Sql::new(
        "SELECT id, name, currency, term_days, status FROM customer \
         WHERE company_id = $1 AND id = $2",
    );
    sql = sql.bind(ctx.company).bind(id.number());
    scope.push(&mut sql);
    let row = tx.optional(sql).await?.ok_or_else(no_customer)?;
    Ok(Party {
        id: row.get("id")?,
        name: row.get("name")?,
        currency: row.get("currency")?,
        term_days: row.get("term_days")?,
        status: row.get("status")?,
    })
}

fn no_customer() -> Problem {
    Problem::field(
        "/customer",
        "没有这个客户，或不在您的范围内",
        "There is no such customer, or it is not in your scope",
    )
}

/// The columns of a line as clients see it; `line` and `customer` are in reach.
const SHOWN: &str = "line.id, line.customer_id, customer.code, customer.name, line.side, \
     line.currency, line.kind, line.reference, line.other_reference, line.memo, \
     line.business_date, line.posting_date, line.due_date, line.amount, line.tax, line.freight, \
     line.state, line.voucher_no, line.document_id, line.reverses_id, line.batch_id, line.source, \
     line.reason, line.created_by, line.changed_by, line.posted_by, line.posted_at, \
     line.created_at, line.version, (SELECT MIN(other.id) FROM line other \
     WHERE other.reverses_id = line.id AND other.state <> 'rejected') AS reversed_by";

/// `SELECT` of lines as clients see them; a `WHERE` is to follow.
pub fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(SHOWN).push(" FROM line JOIN customer ON customer.id = line.customer_id");
    sql
}

/// A row of [`select`].
pub fn read(row: &Row) -> Result<Line, DbError> {
    let kind: String = row.get("kind")?;
    let id = |name: &str| row.get::<Option<i64>>(name);
    Ok(Line {
        id: LineId::text(row.get("id")?),
        customer: CustomerId::text(row.get("customer_id")?),
        customer_code: row.get("code")?,
        customer_name: row.get("name")?,
        side: row.get("side")?,
        currency: row.get("currency")?,
        kind: LedgerKind::from_code(&kind).unwrap_or(LedgerKind::Unknown),
        reference: row.get("reference")?,
        other_reference: row.get("other_reference")?,
        memo: row.get("memo")?,
        business_date: row.get("business_date")?,
        posting_date: row.get("posting_date")?,
        due_date: row.get("due_date")?,
        amount: row.get("amount")?,
        tax: row.get("tax")?,
        freight: row.get("freight")?,
        state: row.get("state")?,
        voucher_no: row.get("voucher_no")?,
        document: id("document_id")?.map(DocumentId::text),
        reverses: id("reverses_id")?.map(LineId::text),
        reversed_by: id("reversed_by")?.map(LineId::text),
        batch: id("batch_id")?.map(BatchId::text),
        source: row.get("source")?,
        reason: row.get("reason")?,
        created_by: row.get("created_by")?,
        posted_by: row.get("posted_by")?,
        posted_at: row.get("posted_at")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

/// A line within the scope.
pub async fn line(tx: &mut Tx, company: i64, scope: &Scope, id: i64) -> Result<Line, Problem> {
    let mut sql = select();
    sql.push(" WHERE line.company_id = ").push_bind(company);
    sql.push(" AND line.id = ").push_bind(id);
    scope.push(&mut sql);
    let row = tx.optional(sql).await?.ok_or_else(Problem::not_found)?;
    Ok(read(&row)?)
}

/// Lines by their numbers, in the order of the numbers.
pub async fn lines(tx: &mut Tx, company: i64, ids: &[i64]) -> Result<Vec<Line>, DbError> {
    let mut sql = select();
    // The sign keeps SQLite from taking an index of the whole company for a list of numbers.
    sql.push(" WHERE +line.company_id = ").push_bind(company);
    sql.push(" AND line.id IN ").push_list(ids.iter().copied()).push(" ORDER BY line.id");
    tx.rows(sql).await?.iter().map(read).collect()
}

/// What decides whether a document may be acted on.
#[derive(Debug, Clone)]
pub struct Held {
    /// The document as it is shown.
    pub document: Document,
    /// The numbers of its lines and of their customers.
    pub legs: Vec<(i64, i64)>,
    /// Who wrote it first and last.
    pub writers: [String; 2],
}

/// A document with its legs, if all of its customers are within the scope.
pub async fn document(tx: &mut Tx, company: i64, scope: &Scope, id: i64) -> Result<Held, Problem> {
    let mut sql = select();
    sql.push(" WHERE +line.company_id = ").push_bind(company);
    sql.push(" AND line.document_id = ").push_bind(id);
    let all = sql.clone();
    scope.push(&mut sql);
    sql.push(" ORDER BY line.id");
    let rows = tx.rows(sql).await?;
    if rows.is_empty() || (!scope.all && tx.rows(all).await?.len() != rows.len()) {
        return Err(Problem::not_found());
    }
    let mut legs = Vec::with_capacity(rows.len());
    for row in &rows {
        let goods = goods(tx, row.get("id")?).await?;
        legs.push(Leg { line: read(row)?, goods });
    }
    let numbers = |row: &Row| Ok((row.get("id")?, row.get("customer_id")?));
    let numbers: Result<Vec<(i64, i64)>, DbError> = rows.iter().map(numbers).collect();
    let first = &legs[0].line;
    let amount = legs.iter().map(|leg| i128::from(leg.line.amount)).sum::<i128>();
    Ok(Held {
        legs: numbers?,
        writers: [first.created_by.clone(), rows[0].get("changed_by")?],
        document: Document {
            id: DocumentId::text(id),
            state: first.state.clone(),
            amount: i64::try_from(amount).unwrap_or_default(),
            currency: first.currency.clone(),
            version: first.version,
            legs,
        },
    })
}

async fn goods(tx: &mut Tx, line: i64) -> Result<Vec<GoodsShown>, DbError> {
    let sql = Sql::new(
        "SELECT product_code, name, spec, unit, quantity_micro, price_micro, tax_ppm, net, tax \
         FROM goods_line WHERE line_id = $1 ORDER BY position",
    );
    let rows = tx.rows(sql.bind(line)).await?;
    let read = |row: &Row| {
        Ok(GoodsShown {
            goods: NewGoods {
                product_code: row.get("product_code")?,
                name: row.get("name")?,
                spec: row.get("spec")?,
                unit: row.get("unit")?,
                quantity_micro: row.get("quantity_micro")?,
                price_micro: row.get("price_micro")?,
                tax_ppm: row.get("tax_ppm")?,
            },
            net: row.get("net")?,
            tax: row.get("tax")?,
        })
    };
    rows.iter().map(read).collect()
}

/// What a draft keeps when it is written anew.
#[derive(Debug, Clone)]
pub struct Before {
    /// The document.
    pub id: i64,
    /// The version that the new writing has.
    pub version: i64,
    /// Its lines: attachments hang on them.
    pub lines: Vec<i64>,
    /// Who wrote it first, and when.
    pub created: (String, Timestamp),
}

/// Writes the legs of a draft; the number of the document.
pub async fn insert(
    tx: &mut Tx,
    company: i64,
    by: &str,
    before: Option<&Before>,
    legs: Vec<DraftLeg>,
) -> Result<i64, DbError> {
    let id = before.map_or_else(|| tx.next_id(), |before| before.id);
    let created = before.map(|before| (before.created.0.as_str(), before.created.1));
    let (created_by, created_at) = created.unwrap_or((by, tx.now()));
    let version = before.map_or(1, |before| before.version);
    for (at, mut leg) in legs.into_iter().enumerate() {
        leg.line.document = Some(id);
        let known = before.and_then(|before| before.lines.get(at).copied());
        let number = known.unwrap_or_else(|| tx.next_id());
        let stamp = Stamp { id: number, created_by, changed_by: by, created_at, version };
        line::draft(tx, company, &leg.line, &stamp).await?;
        let rows: Vec<_> = (1_i64..)
            .zip(&leg.goods)
            .map(|(position, goods)| goods_row(tx.next_id(), company, number, position, goods))
            .collect();
        if !rows.is_empty() {
            tx.insert_many("goods_line", GOODS, rows.into_iter()).await?;
        }
    }
    Ok(id)
}

const GOODS: &str = "id, company_id, line_id, position, product_code, name, spec, unit, \
     quantity_micro, price_micro, tax_ppm, net, tax";

fn goods_row(
    id: i64,
    company: i64,
    line: i64,
    position: i64,
    (goods, worth): &(NewGoods, Worth),
) -> Vec<Value> {
    vec![
        id.into(),
        company.into(),
        line.into(),
        position.into(),
        (&goods.product_code).into(),
        (&goods.name).into(),
        (&goods.spec).into(),
        (&goods.unit).into(),
        goods.quantity_micro.into(),
        goods.price_micro.into(),
        goods.tax_ppm.into(),
        worth.net.into(),
        worth.tax.into(),
    ]
}

/// Takes the legs of a draft out, to write them anew; none if its version is another by now.
pub async fn clear(
    tx: &mut Tx,
    company: i64,
    document: i64,
    version: i64,
) -> Result<bool, DbError> {
    let goods = Sql::new(
        "DELETE FROM goods_line WHERE line_id IN (SELECT id FROM line WHERE company_id = $1 \
         AND document_id = $2 AND version = $3 AND voucher_no IS NULL)",
    );
    tx.execute(goods.bind(company).bind(document).bind(version)).await?;
    let lines = Sql::new(
        "DELETE FROM line WHERE company_id = $1 AND document_id = $2 AND version = $3 \
         AND voucher_no IS NULL AND state IN ('draft', 'rejected')",
    );
    Ok(tx.execute(lines.bind(company).bind(document).bind(version)).await? > 0)
}

/// Moves a document that is not posted from one of `from` to `to`; false if its version or its
/// state is another by now.
pub async fn set_state(
    tx: &mut Tx,
    company: i64,
    (document, version): (i64, i64),
    from: &[&'static str],
    (to, reason): (&'static str, &str),
) -> Result<bool, DbError> {
    let mut sql = Sql::new(
        "UPDATE line SET state = $1, reason = $2, version = version + 1 \
         WHERE company_id = $3 AND document_id = $4 AND version = $5 AND voucher_no IS NULL \
         AND state IN ",
    );
    sql = sql.bind(to).bind(reason).bind(company).bind(document).bind(version);
    sql.push_list(from.iter().copied());
    Ok(tx.execute(sql).await? > 0)
}

/// What the books of an account say about openings.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The day of the opening that stands, if there is one.
    pub opening: Option<String>,
    /// The first day of the other entries that stand.
    pub first: Option<String>,
}

/// Openings and other posted entries of ours in an account, without what is reversed.
pub async fn opened(
    tx: &mut Tx,
    company: i64,
    customer: i64,
    currency: &str,
) -> Result<Opened, DbError> {
    let sql = Sql::new(
        "SELECT MAX(CASE WHEN kind = 'opening' THEN business_date END) AS opening, \
         MIN(CASE WHEN kind <> 'opening' THEN business_date END) AS first FROM line \
         WHERE company_id = $1 AND customer_id = $2 AND side = 'ours' AND currency = $3 \
         AND state = 'posted' AND kind <> 'reversal' AND NOT EXISTS (SELECT 1 FROM line other \
         WHERE other.reverses_id = line.id AND other.state = 'posted')",
    );
    let row = tx.one(sql.bind(company).bind(customer).bind(currency)).await?;
    Ok(Opened { opening: row.get("opening")?, first: row.get("first")? })
}

impl Document {
    /// The document as it was written, to be changed.
    #[must_use]
    pub fn as_new(&self) -> NewDocument {
        let first = &self.legs[0];
        let goods = |leg: &Leg| leg.goods.iter().map(|shown| shown.goods.clone()).collect();
        let other_leg = self.legs.get(1).map(|leg| NewLeg {
            customer: Some(leg.line.customer.clone()),
            amount: leg.line.amount,
            tax: leg.line.tax,
            goods: goods(leg),
        });
        let line = first.line.clone();
        NewDocument {
            customer: line.customer,
            kind: line.kind,
            currency: Some(line.currency),
            reference: line.reference,
            other_reference: line.other_reference,
            memo: line.memo,
            business_date: line.business_date,
            posting_date: Some(line.posting_date),
            due_date: line.due_date,
            amount: line.amount,
            tax: line.tax,
            freight: line.freight,
            goods: goods(first),
            other_leg,
        }
    }
}
