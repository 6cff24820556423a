//! What a row says beside its amount: tax, rate, and what quantity and price come to.
//!
//! A line does not need them to be matched; a ledger keeps the tax and checks the rest (R09, R34).

use heqi_domain::Currency;

use crate::amount::{self, Decimal, Style};
use crate::plan::Plan;
use crate::{cell, words};

/// Figures of a row, minor units of the line's currency, signed as the file has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The tax.
    pub tax: Option<i64>,
    /// The tax rate in parts per million: 130,000 is 13 %.
    pub rate_ppm: Option<u32>,
    /// Quantity × price × (1 − discount), rounded half up.
    pub worth: Option<i64>,
}

/// Headings of a tax rate, folded; it has no role of its own, since no line needs it.
const RATES: [&str; 6] = ["税率", "增值税率", "税率(%)", "taxrate", "vatrate", "rateoftax"];

/// The columns that figures are read from, found once for a file.
pub(crate) struct FigureColumns {
    rate: Option<usize>,
}

impl FigureColumns {
    pub(crate) fn of(plan: &Plan) -> Self {
        let is_rate = |name: &str| RATES.contains(&words::fold(name).as_ref());
        Self { rate: plan.columns.iter().position(|column| is_rate(&column.name)) }
    }

    /// The figures of a row whose line is in this currency.
    pub(crate) fn read(&self, plan: &Plan, cells: &[&str], currency: Currency) -> Figures {
        let roles = &plan.roles;
        let style = Style { mark: plan.mark, scale: plan.scale, round: true };
        let tax = roles.tax.and_then(|at| amount::parse(cell::at(cells, at), style, currency).ok());
        let number = |column: Option<usize>| {
            amount::number(cell::at(cells, column?), plan.mark).ok().flatten()
        };
        // A unit of ten thousand is that of the amounts; whether of the prices nobody says.
        let goods = number(roles.quantity).zip(number(roles.price)).filter(|_| plan.scale == 0);
        let worth = goods.and_then(|(quantity, price)| {
            let product = amount::product(quantity, price, number(roles.discount)).ok()?;
            amount::to_minor(product, currency.exponent(), true).ok().map(|(minor, ..)| minor)
        });
        let rate_ppm = self.rate.and_then(|at| rate(cell::at(cells, at), plan));
        Figures { tax: tax.flatten().map(|it| it.minor), rate_ppm, worth }
    }
}

/// `13%`, `13` and `0.13` are one rate; `免税` is none to pay.
fn rate(text: &str, plan: &Plan) -> Option<u32> {
    if matches!(text, "免税" | "不征税" | "零税率") {
        return Some(0);
    }
    let percent = text.ends_with(['%', '％']);
    let bare = text.trim_end_matches(['%', '％']);
    let Decimal { digits, decimals } = amount::number(bare, plan.mark).ok().flatten()?;
    let unit = 10_i128.checked_pow(decimals)?;
    // A rate above one is percent, whether it says so or not.
    let factor = if percent || digits > unit { 10_000 } else { 1_000_000 };
    u32::try_from(digits.checked_mul(factor)? / unit).ok().filter(|ppm| *ppm <= 1_000_000)
}
