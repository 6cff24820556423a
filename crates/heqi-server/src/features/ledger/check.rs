//! Whether a document holds together: signs, legs, goods against the amount (R34).
//!
//! Pure but for the words of refusals: what the books say already is checked in `store`.

use heqi_domain::goods::{self, Goods, Worth};
use heqi_domain::{Currency, Money, Side, day_from_iso, day_text, decimal_text};

use super::line::{LedgerKind, NewLine};
use super::model::{NewDocument, NewGoods};
use super::store::Party;
use crate::problem::Problem;

/// A leg of a document, ready to be written.
#[derive(Debug, Clone)]
pub struct DraftLeg {
    /// The line.
    pub line: NewLine,
    /// Its goods and what they come to.
    pub goods: Vec<(NewGoods, Worth)>,
}

/// Which sign an amount of a kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Either,
}

/// The sign of a kind, from the receivable's side; none for what nobody enters by hand.
const fn sign_of(kind: LedgerKind) -> Option<Sign> {
    use LedgerKind as K;
    match kind {
        K::Sale | K::Refund => Some(Sign::Plus),
        K::Return | K::Receipt | K::Advance | K::Discount | K::Rebate | K::WriteOff => {
            Some(Sign::Minus)
        }
        // The first leg of an exchange is what came back.
        K::Exchange => Some(Sign::Minus),
        K::Opening | K::Fee | K::Adjustment | K::Transfer => Some(Sign::Either),
        K::Reversal | K::Unknown => None,
    }
}

/// The legs of a document; `first` is its customer, `second` the one of a transfer's other leg.
///
/// # Errors
/// 422 that names the field and both figures.
pub fn legs(
    new: &NewDocument,
    first: &Party,
    second: Option<&Party>,
) -> Result<Vec<DraftLeg>, Problem> {
    let sign = sign_of(new.kind).ok_or_else(|| not_by_hand(new.kind))?;
    refuse_sign(new.kind, sign, new.amount, "/amount")?;
    let currency = new.currency.clone().unwrap_or_else(|| first.currency.clone());
    let exponent = currency.parse::<Currency>().map_or(2, Currency::exponent);
    let line = |party: &Party, amount: i64, tax: Option<i64>, freight: Option<i64>| NewLine {
        customer: party.id,
        side: Side::Ours,
        currency: currency.clone(),
        kind: new.kind,
        reference: new.reference.clone(),
        other_reference: new.other_reference.clone(),
        memo: new.memo.clone(),
        business_date: new.business_date.clone(),
        posting_date: new.posting_date.clone().unwrap_or_else(|| new.business_date.clone()),
        due_date: new.due_date.clone().or_else(|| due(&new.business_date, party, amount)),
        amount,
        tax,
        freight,
        document: None,
        reverses: None,
        source: (String::new(), String::new()),
        batch: None,
    };
    let goods = worth(&new.goods, exponent, "/goods")?;
    refuse_amount(new.amount, &goods, new.freight, exponent, "/amount")?;
    let tax = tax_of(&goods)?.or(new.tax);
    refuse_tax(new.amount, tax, "/tax")?;
    let mut legs = vec![DraftLeg { line: line(first, new.amount, tax, new.freight), goods }];
    let two = matches!(new.kind, LedgerKind::Exchange | LedgerKind::Transfer);
    let Some(other) = new.other_leg.as_ref().filter(|_| two) else {
        return if two == new.other_leg.is_some() { Ok(legs) } else { Err(wrong_legs(two)) };
    };
    refuse_other(new, other.amount, first, second, &currency)?;
    let goods = worth(&other.goods, exponent, "/other_leg/goods")?;
    refuse_amount(other.amount, &goods, None, exponent, "/other_leg/amount")?;
    let tax = tax_of(&goods)?.or(other.tax);
    refuse_tax(other.amount, tax, "/other_leg/tax")?;
    legs.push(DraftLeg { line: line(second.unwrap_or(first), other.amount, tax, None), goods });
    Ok(legs)
}

/// Who owes more owes it by a day: the business date and the customer's term.
fn due(business_date: &str, party: &Party, amount: i64) -> Option<String> {
    let day = day_from_iso(business_date).filter(|_| amount > 0)?;
    let term = i32::try_from(party.term_days).ok()?;
    Some(day_text(day.checked_add(term)?)).filter(|text| text.len() == 10)
}

fn worth(
    goods: &[NewGoods],
    exponent: u32,
    pointer: &str,
) -> Result<Vec<(NewGoods, Worth)>, Problem> {
    let one = |(at, line): (usize, &NewGoods)| {
        let NewGoods { quantity_micro, price_micro, tax_ppm, .. } = *line;
        let goods = Goods { quantity_micro, price_micro, tax_ppm };
        let worth = goods.worth(exponent).map_err(|_| too_large(&format!("{pointer}/{at}")))?;
        Ok((line.clone(), worth))
    };
    goods.iter().enumerate().map(one).collect()
}

fn tax_of(goods: &[(NewGoods, Worth)]) -> Result<Option<i64>, Problem> {
    if goods.is_empty() {
        return Ok(None);
    }
    let tax = Money::total(goods.iter().map(|(_, worth)| worth.tax));
    Ok(Some(tax.map_err(|_| too_large("/goods"))?.minor()))
}

fn refuse_amount(
    amount: i64,
    goods: &[(NewGoods, Worth)],
    freight: Option<i64>,
    exponent: u32,
    pointer: &str,
) -> Result<(), Problem> {
    let worth: Vec<Worth> = goods.iter().map(|(_, worth)| *worth).collect();
    let freight = Money::from_minor(freight.unwrap_or(0));
    goods::check(Money::from_minor(amount), &worth, freight).map_err(|differs| {
        let [goods, stated] =
            [differs.goods, amount.into()].map(|minor| decimal_text(minor, exponent));
        let mut problem = Problem::field(
            pointer,
            format!(
                "商品合计（含税、运费）{goods}，单据金额 {stated}，两者相差超过 0.01；请改数量、\
                 单价、税率或金额（退回的数量写负数）"
            ),
            format!(
                "The goods with tax and freight come to {goods}, the document says {stated}; \
                 correct a quantity, price, rate or the amount (what comes back is negative)"
            ),
        );
        problem.code = "amount_differs_from_goods";
        problem.with_facts(serde_json::json!({ "goods": goods, "amount": stated }))
    })
}

fn refuse_tax(amount: i64, tax: Option<i64>, pointer: &str) -> Result<(), Problem> {
    let fits = |tax: i64| {
        tax.unsigned_abs() <= amount.unsigned_abs() && tax.signum() * amount.signum() >= 0
    };
    if tax.is_none_or(fits) {
        return Ok(());
    }
    Err(Problem::field(
        pointer,
        "税额须与金额同号，且不大于金额",
        "The tax has the sign of the amount and does not exceed it",
    ))
}

fn refuse_sign(kind: LedgerKind, sign: Sign, amount: i64, pointer: &str) -> Result<(), Problem> {
    let fits = match sign {
        Sign::Plus => amount > 0,
        Sign::Minus => amount < 0,
        Sign::Either => amount != 0,
    };
    if fits && amount != i64::MIN {
        return Ok(());
    }
    let labels = [heqi_domain::Lang::Zh, heqi_domain::Lang::En].map(|lang| kind.label(lang));
    let [zh, en] = match sign {
        Sign::Plus => ["使客户欠款增加，金额须为正数", "raises what the customer owes: plus"],
        Sign::Minus => ["使客户欠款减少，金额须为负数", "lowers what the customer owes: minus"],
        Sign::Either => ["金额不能为零", "must not be zero"],
    };
    let mut problem =
        Problem::field(pointer, format!("{}{zh}", labels[0]), format!("{}: {en}", labels[1]));
    problem.code = "wrong_sign";
    Err(problem)
}

fn refuse_other(
    new: &NewDocument,
    amount: i64,
    first: &Party,
    second: Option<&Party>,
    currency: &str,
) -> Result<(), Problem> {
    if new.kind == LedgerKind::Exchange {
        if second.is_some_and(|second| second.id != first.id) {
            return Err(Problem::field(
                "/other_leg/customer",
                "换货的退回和发出须是同一客户",
                "Both legs of an exchange are of one customer",
            ));
        }
        return refuse_sign(new.kind, Sign::Plus, amount, "/other_leg/amount");
    }
    let Some(second) = second.filter(|second| second.id != first.id) else {
        return Err(Problem::field(
            "/other_leg/customer",
            "转账须写明另一个客户",
            "A transfer names another customer",
        ));
    };
    if second.currency != currency {
        return Err(Problem::field(
            "/other_leg/customer",
            format!("两个客户的币种不同：{currency}、{}", second.currency),
            format!("The two accounts are in {currency} and {}", second.currency),
        ));
    }
    if new.amount.checked_neg() == Some(amount) {
        return Ok(());
    }
    Err(Problem::field(
        "/other_leg/amount",
        "转账两边金额须相等、正负相反",
        "The two legs of a transfer are opposite amounts",
    ))
}

fn wrong_legs(two: bool) -> Problem {
    if two {
        return Problem::field(
            "/other_leg",
            "换货、转账须有第二笔（other_leg）：换出的货，或另一个客户",
            "An exchange and a transfer need a second leg: what went out, the other customer",
        );
    }
    Problem::field(
        "/other_leg",
        "只有换货、转账才有第二笔（other_leg）",
        "Only an exchange and a transfer have a second leg",
    )
}

fn not_by_hand(kind: LedgerKind) -> Problem {
    if kind == LedgerKind::Reversal {
        return Problem::field(
            "/kind",
            "红冲请在原单上操作",
            "A reversal is made from the entry that it reverses",
        );
    }
    Problem::field("/kind", "请选择单据类型", "Choose what the document records")
}

fn too_large(pointer: &str) -> Problem {
    Problem::field(pointer, "数额太大，无法记账", "The figure is too large to be kept")
}
