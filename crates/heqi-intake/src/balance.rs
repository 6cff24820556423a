//! The running balance: which way it runs, and where it breaks.
//!
//! A statement may list old rows first or new rows first, and its balance may rise with debits
//! (a receivable) or with credits (a payable, a bank account). All four readings are tried; the
//! one under which most neighbouring rows agree is taken, if it holds for most of them.

use heqi_domain::Lines;

use crate::checks::warning;
use crate::collect::Balance;
use crate::row_numbers::RowNumbers;
use crate::{Warning, amount};

/// Breaks that are reported one by one.
const TOLD: usize = 20;

/// The running balance of a file.
pub(crate) struct Chain {
    /// The balance rises with debit (plus) amounts.
    pub rises_with_debit: bool,
    /// Balance before the first line in time, minor units, with its currency's decimals.
    pub opening: Option<(i64, u32)>,
    /// Balance after the last line in time.
    pub closing: Option<(i64, u32)>,
    /// Rows at which the balance does not follow.
    pub breaks: Vec<Break>,
}

/// A place where the balance does not follow.
pub(crate) struct Break {
    /// Physical row whose balance is not what the rows before make it.
    pub row: u64,
    /// Balance that would follow.
    pub expected: i128,
    /// Balance that stands there.
    pub found: i64,
    exponent: u32,
}

/// A reading: newest first or last, rising with debits or credits.
#[derive(Clone, Copy)]
struct ReadingOrder {
    newest_first: bool,
    sign: i128,
}

/// How the lines that carry a balance are strung together.
#[derive(Clone, Copy)]
enum By {
    /// One balance a currency, whoever the counterparty: a bank statement.
    Currency,
    /// One balance a customer and currency.
    Account,
}

/// The running balance, if the file has one: three balances at least, of which four fifths
/// follow (all of them, where there are fewer than five).
pub(crate) fn chain(lines: &Lines, rows: &RowNumbers, balances: &[Balance]) -> Option<Chain> {
    if balances.len() < 2 {
        return None;
    }
    let best = [By::Currency, By::Account]
        .into_iter()
        .map(|by| strings(lines, balances, by))
        .filter_map(|strings| best_reading(lines, &strings))
        .max_by_key(|(share, ..)| *share)?;
    let (_, reading, strings) = best;
    let mut breaks = Vec::new();
    for string in &strings {
        breaks.extend(links(lines, string, reading).filter_map(|link| link.broken(rows)));
    }
    breaks.sort_by_key(|it| it.row);
    let (opening, closing) = match strings.as_slice() {
        [only] => ends(lines, only, reading),
        _ => (None, None),
    };
    Some(Chain { rises_with_debit: reading.sign > 0, opening, closing, breaks })
}

type Rated<'a> = (u64, ReadingOrder, Vec<Vec<&'a Balance>>);

/// The reading under which most links hold, with their share in per mille.
fn best_reading<'a>(lines: &Lines, strings: &[Vec<&'a Balance>]) -> Option<Rated<'a>> {
    let readings = [(false, 1), (false, -1), (true, 1), (true, -1)];
    let rated = readings.map(|(newest_first, sign)| {
        let reading = ReadingOrder { newest_first, sign };
        let (mut good, mut all) = (0_u64, 0_u64);
        for string in strings {
            for link in links(lines, string, reading).filter(|it| it.says_something()) {
                all += 1;
                good += u64::from(link.holds());
            }
        }
        (good, all, reading)
    });
    let (good, all, reading) = rated.into_iter().rev().max_by_key(|(good, ..)| *good)?;
    let tie = rated.iter().filter(|(other, _, it)| *other == good && it.sign != reading.sign);
    if all == 0 || tie.count() > 0 || good * 5 < all * 4 {
        return None;
    }
    Some((good * 1000 / all, reading, strings.to_vec()))
}

/// The balances of each currency or account, in file order.
fn strings<'a>(lines: &Lines, balances: &'a [Balance], by: By) -> Vec<Vec<&'a Balance>> {
    let currency = |account: usize| lines.accounts[account].currency;
    let first_of = |account: usize| match by {
        By::Account => account,
        By::Currency => {
            (0..account).find(|it| currency(*it) == currency(account)).unwrap_or(account)
        }
    };
    let home: Vec<usize> = (0..lines.accounts.len()).map(first_of).collect();
    let mut strings: Vec<Vec<&Balance>> = vec![Vec::new(); lines.accounts.len()];
    for balance in balances {
        let account = lines.account[balance.line as usize] as usize;
        strings[home[account]].push(balance);
    }
    strings.retain(|string| !string.is_empty());
    strings
}

/// Two neighbouring balances and the amount between them.
struct Link {
    earlier: i64,
    amount: i128,
    later: i64,
    line: u32,
    exponent: u32,
}

impl Link {
    fn holds(&self) -> bool {
        i128::from(self.earlier) + self.amount == i128::from(self.later)
    }

    /// A link over nothing says nothing about the direction.
    const fn says_something(&self) -> bool {
        self.amount != 0
    }

    fn broken(&self, rows: &RowNumbers) -> Option<Break> {
        let expected = i128::from(self.earlier) + self.amount;
        (!self.holds()).then(|| Break {
            row: u64::from(rows.get(self.line)),
            expected,
            found: self.later,
            exponent: self.exponent,
        })
    }
}

fn links<'a>(
    lines: &'a Lines,
    string: &'a [&Balance],
    reading: ReadingOrder,
) -> impl Iterator<Item = Link> + 'a {
    let of = |balance: &Balance| i128::from(lines.amount[balance.line as usize]);
    string.windows(2).map(move |pair| {
        let (earlier, later) =
            if reading.newest_first { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
        let account = lines.account[later.line as usize] as usize;
        Link {
            earlier: earlier.balance,
            amount: of(later) * reading.sign,
            later: later.balance,
            line: later.line,
            exponent: lines.accounts[account].currency.exponent(),
        }
    })
}

type End = Option<(i64, u32)>;

/// Balance before the first and after the last line in time.
fn ends(lines: &Lines, string: &[&Balance], reading: ReadingOrder) -> (End, End) {
    let (Some(first), Some(last)) = (string.first(), string.last()) else { return (None, None) };
    let (first, last) = if reading.newest_first { (last, first) } else { (first, last) };
    let account = lines.account[first.line as usize] as usize;
    let exponent = lines.accounts[account].currency.exponent();
    let amount = i128::from(lines.amount[first.line as usize]) * reading.sign;
    let before = i64::try_from(i128::from(first.balance) - amount).ok();
    (before.map(|it| (it, exponent)), Some((last.balance, exponent)))
}

/// Says where the balance breaks.
pub(crate) fn report(chain: &Chain, warnings: &mut Vec<Warning>) {
    for place in chain.breaks.iter().take(TOLD) {
        let row = place.row;
        let expected = amount::text(place.expected, place.exponent);
        let found = amount::text(i128::from(place.found), place.exponent);
        warnings.push(warning(
            "running_balance_break",
            Some(row),
            format!(
                "row {row}: the balance is {found}, the rows before make it {expected}; rows \
                may be missing"
            ),
            format!("第 {row} 行余额为 {found}，按前后行推算应为 {expected}，可能缺行"),
        ));
    }
    let more = chain.breaks.len().saturating_sub(TOLD);
    if more > 0 {
        warnings.push(warning(
            "running_balance_break",
            None,
            format!("the balance breaks in {more} more rows"),
            format!("另有 {more} 行余额不连续"),
        ));
    }
}
