//! The query 查账 (R04): filters that combine, a keyword, an amount, in keyset pages.
//!
//! A filter is what stands in the address bar; the list, its total, a saved view and an export
//! read it the same way, and the scope of the reader is always part of it.

use heqi_domain::{Currency, CustomerId, Money, Side, day_from_iso};
use heqi_platform::{DbError, Sql, Tx, Value};
use serde::Deserialize;
use utoipa::IntoParams;

use super::line::LedgerKind;
use super::model::Line;
use super::{store, text};
use crate::page::PageQuery;
use crate::permission::Scope;
use crate::problem::Problem;

/// A filter as it stands in the address bar.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LineQuery {
    /// One customer: `customer-17`.
    pub customer: Option<String>,
    /// A customer and all of its branches.
    pub group: Option<String>,
    /// `ours` or `theirs`.
    pub side: Option<String>,
    /// Kinds, with commas between them: `sale,return`.
    pub kind: Option<String>,
    /// States, with commas between them; all but `withdrawn` unless said otherwise.
    pub state: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// First business date.
    pub from: Option<String>,
    /// Last business date.
    pub to: Option<String>,
    /// The amount: `1234.5`, `1,234.50`; with a sign only that sign.
    pub amount: Option<String>,
    /// The least amount; without signs the size counts.
    pub amount_min: Option<String>,
    /// The greatest amount.
    pub amount_max: Option<String>,
    /// Words that all occur: document number, further keys, memo, customer (pinyin too), amount.
    pub q: Option<String>,
    /// `-date` (newest first), `date`, `-amount` or `amount`.
    pub sort: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Which day a balance is of, and when it was known.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct BalanceQuery {
    /// Business date up to which lines count; all unless said otherwise.
    pub as_of: Option<String>,
    /// Day up to whose end lines had been posted; all unless said otherwise.
    pub known_on: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Which part of an account.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AccountQuery {
    /// `ours` (unless said otherwise) or `theirs`.
    pub side: Option<String>,
    /// The currency of the customer unless said otherwise.
    pub currency: Option<String>,
    /// First business date.
    pub from: Option<String>,
    /// Last business date.
    pub to: Option<String>,
    /// `back` for the rows before the cursor, or the last ones without a cursor.
    pub direction: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` or `previous` of another page.
    pub cursor: Option<String>,
}

/// Which kind of file.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` (UTF-8, unless said otherwise), `csv_gbk` or `xlsx`.
    pub format: Option<String>,
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    by_amount: bool,
    descending: bool,
}

/// A filter that was understood.
#[derive(Clone, Debug)]
pub struct Filter {
    customer: Option<i64>,
    group: Option<i64>,
    side: Option<&'static str>,
    kinds: Vec<&'static str>,
    states: Vec<&'static str>,
    currency: Option<String>,
    from: Option<String>,
    to: Option<String>,
    amounts: Vec<(i64, i64)>,
    words: Vec<Word>,
    /// Lines outside of which nothing is found, if few hold one of the words.
    within: Option<Vec<i64>>,
    /// How the lines are sorted.
    pub sort: Sort,
}

/// A word of the keyword: the pattern it is looked for with, and the amount it may be.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    pattern: String,
    amount: Option<i64>,
}

/// Words of a keyword; more only repeat themselves.
const WORDS_MAX: usize = 6;

impl LineQuery {
    /// Which page.
    #[must_use]
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }

    /// The filter.
    ///
    /// # Errors
    /// 422 that names the parameter.
    pub fn filter(&self) -> Result<Filter, Problem> {
        let currency = self.currency.as_deref().map(str::parse::<Currency>).transpose();
        let currency = currency.map_err(|_| {
            Problem::field("/currency", "币种写法如 CNY", "A currency is written like CNY")
        })?;
        let exponent = currency.unwrap_or(Currency::CNY).exponent();
        Ok(Filter {
            customer: customer("/customer", self.customer.as_deref())?,
            group: customer("/group", self.group.as_deref())?,
            side: self.side.as_deref().map(side).transpose()?,
            kinds: codes("/kind", self.kind.as_deref(), |code| {
                LedgerKind::from_code(code).map(LedgerKind::code)
            })?,
            states: codes("/state", self.state.as_deref(), |code| {
                STATES.iter().copied().find(|state| *state == code)
            })?,
            currency: currency.map(|currency| currency.code().to_owned()),
            from: date("/from", self.from.as_deref())?,
            to: date("/to", self.to.as_deref())?,
            amounts: self.amounts(exponent)?,
            words: words(self.q.as_deref().unwrap_or_default(), exponent)?,
            within: None,
            sort: sort(self.sort.as_deref())?,
        })
    }

    /// Ranges of signed amounts, of which a line has to be in one.
    fn amounts(&self, exponent: u32) -> Result<Vec<(i64, i64)>, Problem> {
        let read = |pointer: &str, text: &Option<String>| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => match amount_of(text, exponent) {
                Some(amount) => Ok(Some((amount, text.starts_with(['-', '+', '−'])))),
                None => Err(Problem::field(
                    pointer,
                    format!("「{text}」读不成金额；请写 1234.5 或 1,234.50"),
                    format!("`{text}` is no amount; write 1234.5 or 1,234.50"),
                )),
            },
        };
        if let Some((amount, signed)) = read("/amount", &self.amount)? {
            let opposite = amount.checked_neg().filter(|_| !signed);
            let ranges = std::iter::once(amount).chain(opposite);
            return Ok(ranges.map(|amount| (amount, amount)).collect());
        }
        let least = read("/amount_min", &self.amount_min)?;
        let most = read("/amount_max", &self.amount_max)?;
        if least.is_none() && most.is_none() {
            return Ok(Vec::new());
        }
        let signed = [least, most].into_iter().flatten().any(|(_, signed)| signed);
        let most = most.map_or(i64::MAX, |(amount, _)| amount);
        if signed {
            return Ok(vec![(least.map_or(i64::MIN, |(amount, _)| amount), most)]);
        }
        let least = least.map_or(0, |(amount, _)| amount);
        Ok(vec![(least, most), (-most, -least)])
    }
}

const STATES: [&str; 5] = ["draft", "review", "rejected", "posted", "withdrawn"];

fn customer(pointer: &str, id: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = id.filter(|text| !text.is_empty()) else { return Ok(None) };
    let id = text.parse::<CustomerId>();
    id.map(|id| Some(id.number())).map_err(|_| {
        Problem::field(pointer, "客户编号写法如 customer-17", "A customer's id is like customer-17")
    })
}

/// `ours` or `theirs`.
pub(super) fn side(code: &str) -> Result<&'static str, Problem> {
    let known = [Side::Ours, Side::Theirs].map(Side::code);
    known.into_iter().find(|known| *known == code).ok_or_else(|| {
        Problem::field("/side", "只能是 ours 或 theirs", "It is either ours or theirs")
    })
}

fn codes(
    pointer: &str,
    text: Option<&str>,
    known: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<&'static str>, Problem> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    let read = |word: &str| {
        known(word).ok_or_else(|| {
            Problem::field(pointer, format!("没有「{word}」"), format!("There is no `{word}`"))
        })
    };
    words.map(read).collect()
}

/// A day in ISO form, if one is given.
pub(super) fn date(pointer: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if day_from_iso(text).is_some() {
        return Ok(Some(text.to_owned()));
    }
    Err(Problem::field(
        pointer,
        format!("日期「{text}」须写成 2026-11-24 这样"),
        format!("`{text}` is no date; write it like 2026-11-24"),
    ))
}

fn sort(text: Option<&str>) -> Result<Sort, Problem> {
    let (by_amount, descending) = match text.unwrap_or("-date") {
        "-date" | "" => (false, true),
        "date" => (false, false),
        "-amount" => (true, true),
        "amount" => (true, false),
        _ => {
            let [zh, en] = [
                "只能是 date、-date、amount、-amount",
                "It is one of date, -date, amount, -amount",
            ];
            return Err(Problem::field("/sort", zh, en));
        }
    };
    Ok(Sort { by_amount, descending })
}

fn words(text: &str, exponent: u32) -> Result<Vec<Word>, Problem> {
    if text.chars().count() > 100 || text.chars().any(char::is_control) {
        let [zh, en] = ["关键词最多 100 字，不含控制字符", "A keyword has up to 100 characters"];
        return Err(Problem::field("/q", zh, en));
    }
    let word = |text: &str| Word {
        text: text.to_owned(),
        pattern: format!("%{}%", escaped(&text.to_lowercase())),
        amount: amount_of(text, exponent),
    };
    Ok(text.split_whitespace().take(WORDS_MAX).map(word).collect())
}

/// The text as a part of a LIKE pattern that stands for itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// An amount as people write it: `1234.5`, `1,234.50`, `-3`, full-width digits too.
pub(super) fn amount_of(text: &str, exponent: u32) -> Option<i64> {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
            '，' => ',',
            '．' => '.',
            '−' | '－' => '-',
            other => other,
        })
        .collect();
    let plain = plain.trim_start_matches('+');
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let whole = digits.split('.').next().unwrap_or_default();
    if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        if first.is_empty() || first.len() > 3 || !groups.all(|group| group.len() == 3) {
            return None;
        }
    }
    let digits = digits.replacen(',', "", whole.matches(',').count());
    Money::parse(&format!("{sign}{digits}"), exponent).ok().map(Money::minor)
}

/// The words of a line that a keyword is looked for in.
const WORDS_OF_LINE: &str =
    "LOWER(line.reference || ' ' || line.other_reference || ' ' || line.memo)";

/// More candidates than this are no help: the page fills soon without them.
const CANDIDATES_MAX: usize = 20_000;

impl Filter {
    /// Looks the words up in the index, so that only lines that may hold one are looked at.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn narrow(&mut self, tx: &mut Tx, company: i64) -> Result<(), DbError> {
        for word in &self.words {
            let Some(mut ids) = text::find(tx, company, &word.text, CANDIDATES_MAX).await? else {
                continue;
            };
            let mut beside = Sql::new("SELECT id FROM line WHERE text_chunk IS NULL");
            beside.push(" AND company_id = ").push_bind(company);
            beside.push(" UNION ALL SELECT id FROM line WHERE company_id = ").push_bind(company);
            push_customers(beside.push(" AND "), word, company);
            let either = word.amount.into_iter().chain(word.amount.and_then(i64::checked_neg));
            for amount in either {
                beside.push(" UNION ALL SELECT id FROM line WHERE company_id = ");
                beside.push_bind(company).push(" AND amount = ").push_bind(amount);
            }
            beside.push(" LIMIT ").push_bind(CANDIDATES_MAX as i64 + 1);
            for row in tx.rows(beside).await? {
                ids.push(row.get("id")?);
            }
            if ids.len() <= CANDIDATES_MAX {
                self.within = Some(ids);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Appends ` WHERE …`: the company, the scope and the filter. `line` is in reach.
    pub fn push(&self, sql: &mut Sql, company: i64, scope: &Scope) {
        if let Some(within) = &self.within {
            // The sign keeps SQLite from walking through the company instead.
            sql.push(" WHERE line.id IN ").push_ids(within);
            sql.push(" AND +line.company_id = ").push_bind(company);
        } else {
            sql.push(" WHERE line.company_id = ").push_bind(company);
        }
        scope.push_customers(sql, "line.customer_id", company);
        if let Some(customer) = self.customer {
            sql.push(" AND line.customer_id = ").push_bind(customer);
        }
        if let Some(group) = self.group {
            sql.push(" AND line.customer_id IN (WITH RECURSIVE branch (id) AS (");
            sql.push("SELECT customer.id FROM customer WHERE customer.id = ").push_bind(group);
            sql.push(" UNION SELECT customer.id FROM customer JOIN branch ");
            sql.push("ON customer.parent_id = branch.id WHERE customer.company_id = ");
            sql.push_bind(company).push(") SELECT id FROM branch)");
        }
        for (column, value) in [
            (" AND line.side = ", self.side),
            (" AND line.currency = ", self.currency.as_deref()),
            (" AND line.business_date >= ", self.from.as_deref()),
            (" AND line.business_date <= ", self.to.as_deref()),
        ] {
            if let Some(value) = value {
                sql.push(column).push_bind(value);
            }
        }
        match self.kinds.as_slice() {
            [] => {}
            // One kind is an equality, by which its index is sorted by date.
            [kind] => _ = sql.push(" AND line.kind = ").push_bind(*kind),
            kinds => _ = sql.push(" AND line.kind IN ").push_list(kinds.iter().copied()),
        }
        if self.states.is_empty() {
            sql.push(" AND line.state <> 'withdrawn'");
        } else {
            sql.push(" AND line.state IN ").push_list(self.states.iter().copied());
            if !self.states.iter().any(|state| ["posted", "withdrawn"].contains(state)) {
                // In the words of the index of what waits, or it would not be taken.
                sql.push(" AND line.state <> 'posted' AND line.state <> 'withdrawn'");
            }
        }
        self.push_amounts(sql);
        for word in &self.words {
            push_word(sql, word, company);
        }
    }

    fn push_amounts(&self, sql: &mut Sql) {
        for (at, (least, most)) in self.amounts.iter().enumerate() {
            sql.push(if at == 0 { " AND (" } else { " OR " });
            if least == most {
                sql.push("line.amount = ").push_bind(*least);
            } else {
                sql.push("line.amount BETWEEN ").push_bind(*least);
                sql.push(" AND ").push_bind(*most);
            }
        }
        if !self.amounts.is_empty() {
            sql.push(")");
        }
    }
}

fn push_word(sql: &mut Sql, word: &Word, company: i64) {
    sql.push(" AND (").push(WORDS_OF_LINE).push(" LIKE ").push_bind(&word.pattern);
    sql.push(" ESCAPE '\\' OR ");
    push_customers(sql, word, company);
    if let Some(amount) = word.amount {
        sql.push(" OR line.amount = ").push_bind(amount);
        if let Some(opposite) = amount.checked_neg() {
            sql.push(" OR line.amount = ").push_bind(opposite);
        }
    }
    sql.push(")");
}

/// Appends a condition: the customer's name, code or pinyin holds the word.
fn push_customers(sql: &mut Sql, word: &Word, company: i64) {
    sql.push("line.customer_id IN (SELECT customer.id FROM customer ");
    sql.push("WHERE customer.company_id = ").push_bind(company);
    sql.push(" AND LOWER(customer.name || ' ' || customer.code || ' ' || customer.search) LIKE ");
    sql.push_bind(&word.pattern).push(" ESCAPE '\\')");
}

impl Sort {
    /// What a line is sorted by; the name of the order first, so that a cursor of another order
    /// is refused.
    #[must_use]
    pub fn values(self, line: &Line) -> Vec<Value> {
        let id = line.id.parse::<heqi_domain::LineId>().map_or(0, heqi_domain::LineId::number);
        let first: Value =
            if self.by_amount { line.amount.into() } else { (&line.business_date).into() };
        vec![self.name().into(), first, id.into()]
    }

    const fn name(self) -> &'static str {
        match (self.by_amount, self.descending) {
            (false, true) => "-date",
            (false, false) => "date",
            (true, true) => "-amount",
            (true, false) => "amount",
        }
    }

    /// Appends ` AND (…) < (…)`: behind the place of a cursor.
    fn push_after(self, sql: &mut Sql, after: &[Value]) -> Result<(), Problem> {
        let [Value::Text(name), first, id @ Value::Int(_)] = after else { return Err(other()) };
        if name != self.name() || matches!(first, Value::Int(_)) != self.by_amount {
            return Err(other());
        }
        sql.push(if self.by_amount { " AND (line.amount, " } else { " AND (line.business_date, " });
        sql.push(if self.descending { "line.id) < (" } else { "line.id) > (" });
        sql.push_bind(first.clone()).push(", ").push_bind(id.clone()).push(")");
        Ok(())
    }

    fn push_order(self, sql: &mut Sql) {
        sql.push(match self.name() {
            "-date" => " ORDER BY line.business_date DESC, line.id DESC",
            "date" => " ORDER BY line.business_date, line.id",
            "-amount" => " ORDER BY line.amount DESC, line.id DESC",
            _ => " ORDER BY line.amount, line.id",
        });
    }
}

fn other() -> Problem {
    Problem::invalid(
        "cursor_of_another_order",
        "翻页标记属于另一种排序；请从第一页重新开始",
        "The cursor belongs to another order; begin at the first page",
    )
}

/// Lines behind a place, at most `limit` of them.
///
/// # Errors
/// 422 for a cursor of another order.
pub async fn lines(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    filter: &Filter,
    after: Option<&[Value]>,
    limit: usize,
) -> Result<Vec<Line>, Problem> {
    // First the numbers of the page, then what is shown of them: no more than a page is joined.
    let mut page = Sql::new("SELECT line.id FROM line");
    filter.push(&mut page, company, scope);
    if let Some(after) = after {
        filter.sort.push_after(&mut page, after)?;
    }
    filter.sort.push_order(&mut page);
    page.push(" LIMIT ").push_bind(limit as i64);
    let ids: Result<Vec<i64>, DbError> = tx.rows(page).await?.iter().map(|r| r.get("id")).collect();
    let mut found = store::lines(tx, company, &ids?).await?;
    let key = |line: &Line| match filter.sort.values(line).as_slice() {
        [_, Value::Int(amount), Value::Int(id)] => (String::new(), *amount, *id),
        [_, Value::Text(date), Value::Int(id)] => (date.clone(), 0, *id),
        _ => (String::new(), 0, 0),
    };
    found.sort_by_cached_key(key);
    if filter.sort.descending {
        found.reverse();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1234.5", Some(123_450)),
            ("1,234.50", Some(123_450)),
            ("１，２３４．５０", Some(123_450)),
            ("-1,234,567", Some(-123_456_700)),
            ("−0.05", Some(-5)),
            ("1,2,00", None),
            ("12,34.50", None),
            (",123", None),
            ("1234,567", None),
            ("SO-17", None),
            ("1.234", None),
        ] {
            assert_eq!(amount_of(text, 2), expected, "{text}");
        }
    }

    #[test]
    fn without_a_sign_the_size_counts() {
        let query = |min: &str, max: &str| LineQuery {
            amount_min: Some(min.into()),
            amount_max: Some(max.into()),
            ..LineQuery::default()
        };
        assert_eq!(query("1", "2").amounts(2).unwrap(), [(100, 200), (-200, -100)]);
        assert_eq!(query("-2", "1").amounts(2).unwrap(), [(-200, 100)]);
        let exact = LineQuery { amount: Some("-3".into()), ..LineQuery::default() };
        assert_eq!(exact.amounts(2).unwrap(), [(-300, -300)]);
    }

    #[test]
    fn a_keyword_stands_for_itself() {
        let words = words("50%_折 A\\b", 2).unwrap();
        assert_eq!(words[0].pattern, "%50\\%\\_折%");
        assert_eq!(words[1].pattern, "%a\\\\b%");
    }
}
