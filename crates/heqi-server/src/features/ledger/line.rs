//! A line of a ledger, and how lines are posted: in number order, never into a signed period.

use heqi_domain::{EntryKind, Lang, Side};
use heqi_platform::{DbError, Sql, Timestamp, Tx, Value, fault};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{allowed, text};
use crate::problem::Problem;

macro_rules! kinds {
    ($($name:ident = $code:literal, $zh:literal, $en:literal, $kernel:ident;)*) => {
        /// What a line records: R03.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[derive(Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum LedgerKind {
            $(#[doc = $zh] $name,)*
        }

        impl LedgerKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word used in the database and in JSON.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The word for people.
            #[must_use]
            pub const fn label(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => lang.pick($zh, $en),)* }
            }

            /// What the kernel takes it for.
            #[must_use]
            pub const fn entry_kind(self) -> EntryKind {
                match self { $(Self::$name => EntryKind::$kernel,)* }
            }
        }
    };
}

kinds! {
    Opening = "opening", "期初", "Opening balance", Unknown;
    Sale = "sale", "销售", "Sale", Sale;
    Return = "return", "退货", "Return", Return;
    Exchange = "exchange", "换货", "Exchange", Exchange;
    Receipt = "receipt", "收款", "Receipt", Receipt;
    Advance = "advance", "预收", "Advance received", Receipt;
    Refund = "refund", "退款", "Refund", Refund;
    Discount = "discount", "折让", "Allowance", Discount;
    Rebate = "rebate", "返利", "Rebate", Discount;
    Fee = "fee", "费用", "Fee", Unknown;
    Adjustment = "adjustment", "调整", "Adjustment", Adjustment;
    WriteOff = "write_off", "坏账核销", "Write-off", WriteOff;
    Transfer = "transfer", "转账", "Transfer between customers", Unknown;
    Reversal = "reversal", "红冲", "Reversal", Reversal;
    Unknown = "unknown", "未注明", "Not stated", Unknown;
}

impl LedgerKind {
    /// The kind that a code names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// A line to be posted. Dates are `2026-11-24`; the amount is signed from the receivable's side,
/// in minor units: plus = the customer owes more.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// The number of the customer.
    pub customer: i64,
    /// Whose book.
    pub side: Side,
    /// ISO 4217.
    pub currency: String,
    /// What it records.
    pub kind: LedgerKind,
    /// Document number as written.
    pub reference: String,
    /// Further keys as written.
    pub other_reference: String,
    /// Memo.
    pub memo: String,
    /// Day of the document.
    pub business_date: String,
    /// Day of the books; the business date for their lines.
    pub posting_date: String,
    /// Due date.
    pub due_date: Option<String>,
    /// Signed minor units.
    pub amount: i64,
    /// The tax in it.
    pub tax: Option<i64>,
    /// The freight in it.
    pub freight: Option<i64>,
    /// The document it is a leg of.
    pub document: Option<i64>,
    /// The line it reverses.
    pub reverses: Option<i64>,
    /// The system it comes from and its key there; empty if entered here.
    pub source: (String, String),
    /// Batch and row of the file it comes from.
    pub batch: Option<(i64, i64)>,
}

impl NewLine {
    /// A line in CNY that says no more than this; its posting date is its business date.
    #[must_use]
    pub fn new(customer: i64, side: Side, kind: LedgerKind, date: &str, amount: i64) -> Self {
        Self {
            customer,
            side,
            currency: "CNY".to_owned(),
            kind,
            reference: String::new(),
            other_reference: String::new(),
            memo: String::new(),
            business_date: date.to_owned(),
            posting_date: date.to_owned(),
            due_date: None,
            amount,
            tax: None,
            freight: None,
            document: None,
            reverses: None,
            source: Default::default(),
            batch: None,
        }
    }

    /// Digest of what the line says, without where it came from: n equal rows have n times the
    /// same digest. Fields carry their length, so that none can flow into the next.
    #[must_use]
    pub fn content(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut put = |field: &[u8]| {
            hash.update((field.len() as u32).to_le_bytes());
            hash.update(field);
        };
        put(b"heqi.line.v1");
        put(&self.customer.to_le_bytes());
        put(&self.amount.to_le_bytes());
        for text in [
            side_code(self.side),
            &self.currency,
            self.kind.code(),
            &self.reference,
            &self.other_reference,
            &self.memo,
            &self.business_date,
            self.due_date.as_deref().unwrap_or_default(),
        ] {
            put(text.as_bytes());
        }
        hash.finalize().into()
    }
}

/// `ours` or `theirs`.
#[must_use]
pub const fn side_code(side: Side) -> &'static str {
    match side {
        Side::Ours => "ours",
        Side::Theirs => "theirs",
    }
}

/// Posts lines: locks their customers, refuses what is booked within a signed period, gives the
/// next voucher numbers, writes. The numbers of the lines, in their order.
///
/// The day of the books decides, since balances are by it. A document that came late keeps its
/// own date and is booked on the first open day: [`first_open_day`].
///
/// # Errors
/// 404 for an unknown customer; with the position of the line, 409 `period_signed`,
/// `customer_stopped` for new sales, `customer_merged` for anything but a reversal.
pub async fn post(
    tx: &mut Tx,
    company: i64,
    by: &str,
    lines: &[NewLine],
) -> Result<Vec<i64>, Problem> {
    let wanted: Vec<i64> = lines.iter().map(|line| line.customer).collect();
    let locked = allowed::Locked::take(tx, company, &wanted).await?;
    for (at, line) in lines.iter().enumerate() {
        allowed::refuse_customer(&locked.briefs, line.customer, (line.side, line.kind), at)?;
        let account = (locked.signing(line.customer)?, line.currency.as_str());
        allowed::refuse_locked(tx, &locked.briefs, company, account, (&line.posting_date, at))
            .await?;
    }
    let series: Vec<_> = lines.iter().map(|line| series(line.side, &line.posting_date)).collect();
    let vouchers = vouchers(tx, company, &series).await?;
    let now = tx.now();
    // Account by account, each in its own order: the rows of an account lie together in the
    // index that everybody asks.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|at| (lines[*at].customer, lines[*at].side));
    let mut ids = vec![0; lines.len()];
    for at in &order {
        ids[*at] = tx.next_id();
    }
    let chunks = text::write(tx, company, lines, (&order, &ids)).await?;
    let rows = order.iter().enumerate().map(|(place, at)| {
        let text_chunk = chunks.get(place / text::CHUNK).copied();
        let posted = Some(Posting { voucher: vouchers[*at], by, at: now, text_chunk });
        let id = ids[*at];
        let stamp = Stamp { id, created_by: by, changed_by: by, created_at: now, version: 1 };
        row(&lines[*at], company, &stamp, posted)
    });
    tx.insert_many("line", COLUMNS, rows).await?;
    fault::at("ledger.posted")?;
    touch(tx, company, &wanted).await?;
    Ok(ids)
}

/// A line that waits for its posting: its number, its account, the day of the books.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub id: i64,
    pub customer: i64,
    pub currency: String,
    pub kind: LedgerKind,
    pub posting_date: String,
}

/// Posts lines of ours that were drafted; their voucher numbers, in their order.
///
/// # Errors
/// As [`post`]. Nothing is written before every line may be posted.
pub(super) async fn post_waiting(
    tx: &mut Tx,
    company: i64,
    by: &str,
    lines: &[Waiting],
) -> Result<Vec<i64>, Problem> {
    let wanted: Vec<i64> = lines.iter().map(|line| line.customer).collect();
    let locked = allowed::Locked::take(tx, company, &wanted).await?;
    for (at, line) in lines.iter().enumerate() {
        allowed::refuse_customer(&locked.briefs, line.customer, (Side::Ours, line.kind), at)?;
        let account = (locked.signing(line.customer)?, line.currency.as_str());
        allowed::refuse_locked(tx, &locked.briefs, company, account, (&line.posting_date, at))
            .await?;
    }
    let series: Vec<_> = lines.iter().map(|line| series(Side::Ours, &line.posting_date)).collect();
    let vouchers = vouchers(tx, company, &series).await?;
    for (line, voucher) in lines.iter().zip(&vouchers) {
        let update = Sql::new(
            "UPDATE line SET state = 'posted', voucher_no = $1, posted_by = $2, posted_at = $3, \
             version = version + 1 WHERE company_id = $4 AND id = $5 AND state = 'review'",
        );
        let update = update.bind(*voucher).bind(by).bind(tx.now()).bind(company).bind(line.id);
        if tx.execute(update).await? != 1 {
            return Err(DbError::Conflict.into());
        }
    }
    touch(tx, company, &wanted).await?;
    Ok(vouchers)
}

/// Writes a draft of ours.
///
/// # Errors
/// Whatever the database says.
pub(super) async fn draft(
    tx: &mut Tx,
    company: i64,
    line: &NewLine,
    stamp: &Stamp<'_>,
) -> Result<(), DbError> {
    let row = row(line, company, stamp, None);
    tx.insert_many("line", COLUMNS, std::iter::once(row)).await?;
    Ok(())
}

/// Says that the ledgers of these customers changed: whoever watches them is told. Part of
/// [`post`]; for those who withdraw lines themselves.
///
/// # Errors
/// Whatever the database says.
pub async fn touch(tx: &mut Tx, company: i64, customers: &[i64]) -> Result<(), DbError> {
    let next = Sql::new(
        "INSERT INTO ledger_clock (company_id, sequence) VALUES ($1, 1) \
         ON CONFLICT (company_id) DO UPDATE SET sequence = ledger_clock.sequence + 1 \
         RETURNING sequence",
    );
    let sequence: i64 = tx.one(next.bind(company)).await?.get("sequence")?;
    let mut sorted = customers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    // One statement for all: on SQLite each one costs more the larger the database is.
    let mut mark = Sql::new(
        "INSERT INTO ledger_change (company_id, customer_id, sequence) \
         SELECT customer.company_id, customer.id, CAST($1 AS BIGINT) FROM customer \
         WHERE customer.company_id = $2 AND customer.id IN ",
    );
    mark = mark.bind(sequence).bind(company);
    mark.push_ids(&sorted).push(
        " ORDER BY customer.id ON CONFLICT (company_id, customer_id) \
         DO UPDATE SET sequence = excluded.sequence",
    );
    tx.execute(mark).await?;
    Ok(())
}

/// The day of the books for a document of this date: its own, or the day after the last signed
/// one if it came late.
#[must_use]
pub fn first_open_day(locked_through: &str, date: &str) -> String {
    let after = heqi_domain::day_from_iso(locked_through).filter(|_| date <= locked_through);
    after.map_or_else(|| date.to_owned(), |day| heqi_domain::day_text(day + 1))
}

/// Company, side and year of the posting date have their own numbers.
fn series(side: Side, posting_date: &str) -> String {
    format!("{}-{}", side_code(side), posting_date.get(..4).unwrap_or_default())
}

/// The next numbers of each series, without a gap.
async fn vouchers(tx: &mut Tx, company: i64, series: &[String]) -> Result<Vec<i64>, DbError> {
    let mut counts: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    for name in series {
        *counts.entry(name).or_default() += 1;
    }
    for (name, count) in &mut counts {
        let take = Sql::new(
            "INSERT INTO voucher_series (company_id, series, next) VALUES ($1, $2, $3 + 1) \
             ON CONFLICT (company_id, series) DO UPDATE SET next = voucher_series.next + $3 \
             RETURNING next",
        );
        let row = tx.one(take.bind(company).bind(*name).bind(*count)).await?;
        // What is left in the map is the next number to give out.
        *count = row.get::<i64>("next")? - *count;
    }
    let mut numbers = Vec::with_capacity(series.len());
    for name in series {
        let next = counts.entry(name).or_default();
        numbers.push(*next);
        *next += 1;
    }
    Ok(numbers)
}

/// Who wrote a line, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp<'a> {
    pub id: i64,
    pub created_by: &'a str,
    pub changed_by: &'a str,
    pub created_at: Timestamp,
    pub version: i64,
}

const COLUMNS: &str = "id, company_id, customer_id, side, currency, kind, reference, \
     other_reference, memo, business_date, posting_date, due_date, amount, tax, freight, state, \
     voucher_no, document_id, reverses_id, source, source_key, batch_id, batch_row, content, \
     created_by, changed_by, posted_by, posted_at, created_at, version, text_chunk";

/// How a line was posted.
#[derive(Clone, Copy, Debug)]
struct Posting<'a> {
    voucher: i64,
    by: &'a str,
    at: Timestamp,
    text_chunk: Option<i64>,
}

/// The values of a line, posted or a draft.
fn row(line: &NewLine, company: i64, stamp: &Stamp<'_>, posted: Option<Posting<'_>>) -> Vec<Value> {
    let (batch, batch_row) = line.batch.unzip();
    vec![
        stamp.id.into(),
        company.into(),
        line.customer.into(),
        side_code(line.side).into(),
        (&line.currency).into(),
        line.kind.code().into(),
        (&line.reference).into(),
        (&line.other_reference).into(),
        (&line.memo).into(),
        (&line.business_date).into(),
        (&line.posting_date).into(),
        line.due_date.clone().into(),
        line.amount.into(),
        line.tax.into(),
        line.freight.into(),
        posted.map_or("draft", |_| "posted").into(),
        posted.map(|it| it.voucher).into(),
        line.document.into(),
        line.reverses.into(),
        (&line.source.0).into(),
        (&line.source.1).into(),
        batch.into(),
        batch_row.into(),
        line.content().into(),
        stamp.created_by.into(),
        stamp.changed_by.into(),
        posted.map_or("", |it| it.by).into(),
        posted.map(|it| it.at).into(),
        stamp.created_at.into(),
        stamp.version.into(),
        posted.and_then(|it| it.text_chunk).into(),
    ]
}
