//! What stands in the address bar, and how it is read: every error names its parameter.

use heqi_domain::{Currency, CustomerId, Money, Side, day_from_iso};
use serde::Deserialize;
use utoipa::IntoParams;

use super::filter::{Filter, Word};
use super::sort::Sort;
use crate::features::ledger::line::LedgerKind;
use crate::page::PageQuery;
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
pub struct BalanceDay {
    /// Business date up to which lines count; all unless said otherwise.
    pub as_of: Option<String>,
    /// Day up to whose end lines had been posted; all unless said otherwise.
    pub known_on: Option<String>,
}

/// The same of many customers, a page at a time.
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
            customers: Vec::new(),
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
pub(in super::super) fn side(code: &str) -> Result<&'static str, Problem> {
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
pub(in super::super) fn date(pointer: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
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
fn amount_of(text: &str, exponent: u32) -> Option<i64> {
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
