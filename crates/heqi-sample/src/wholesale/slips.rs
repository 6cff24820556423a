//! What goes wrong between two ledgers, and how the next month clears it.
//!
//! Each takes its drafts out of what the customer books as it is, writes what was booked
//! instead, and labels it. In the month in work nothing has been cleared yet.

use heqi_domain::Reason;

use super::Kind;
use super::draft::{Draft, Line, Slip, Wrote};
use super::goods::{MICRO, gross, nearest};
use super::theirs::Bookkeeper;

/// Something that can go wrong.
pub(super) struct Wrong {
    pub weight: u64,
    /// Does it; false where the month offers nothing that it could happen to.
    pub happen: fn(&mut Bookkeeper) -> bool,
    /// Whether it stays open and therefore happens in the month in work only.
    pub only_in_work: bool,
}

const fn wrong(weight: u64, happen: fn(&mut Bookkeeper) -> bool) -> Wrong {
    Wrong { weight, happen, only_in_work: false }
}

const fn open(weight: u64, happen: fn(&mut Bookkeeper) -> bool) -> Wrong {
    Wrong { weight, happen, only_in_work: true }
}

pub(super) const SLIPS: [Wrong; 16] = [
    wrong(14, goods_in_transit),
    wrong(12, money_in_transit),
    wrong(12, left_out),
    wrong(9, return_not_booked_by_us),
    wrong(10, digits_swapped),
    wrong(7, booked_twice),
    wrong(4, posted_twice_by_us),
    wrong(10, paid_in_one),
    wrong(9, discount_taken),
    wrong(5, bank_charge),
    wrong(10, cents),
    wrong(9, without_number),
    wrong(6, fee_left_out),
    open(6, unlike_amount),
    open(5, payment_unknown_to_us),
    open(4, wrong_direction),
];

fn slip(reason: Reason, ours: Vec<usize>, theirs: Vec<usize>) -> Slip {
    let (cleared_ours, cleared_theirs) = (vec![], vec![]);
    Slip { customer: 0, month: 0, reason, ours, theirs, cleared_ours, cleared_theirs }
}

/// Goods sent on the last days arrive in the next month.
fn goods_in_transit(keeper: &mut Bookkeeper) -> bool {
    let last = keeper.dates().last;
    let late = |draft: &Draft| draft.kind == Kind::Sale && draft.day >= last - 3;
    let Some(sale) = keeper.take(late) else { return false };
    let mut line = keeper.line_of(sale);
    let memo = line.memo.clone();
    let next = keeper.books.months.get(keeper.month + 1).map(|month| month.first);
    let mut cleared = vec![];
    if let Some(first) = next {
        let day = first + keeper.random.between(0, 3) as i32;
        (line.day, line.month, line.memo) = (day, keeper.month + 1, memo);
        cleared.push(keeper.write(line));
    }
    keeper.label(Slip { cleared_theirs: cleared, ..slip(Reason::Cutoff, vec![sale], vec![]) });
    true
}

/// A payment of the last day reaches us in the first days of the next month.
fn money_in_transit(keeper: &mut Bookkeeper) -> bool {
    let dates = keeper.dates();
    let soon = |draft: &Draft| {
        draft.customer == keeper.customer
            && draft.kind == Kind::Receipt
            && draft.mirrored
            && (dates.last + 1..=dates.last + 4).contains(&draft.day)
    };
    let arrival = keeper.books.drafts.iter().position(soon);
    let owed = keeper.books.balance(keeper.customer, dates.last);
    let (wrote, amount, cleared) = match arrival {
        Some(receipt) => {
            keeper.books.drafts[receipt].mirrored = false;
            (Wrote::Ours(receipt), keeper.books.drafts[receipt].amount, vec![receipt])
        }
        // After the month in work nothing is known yet.
        None if !dates.signed && owed > 100_000 => {
            let serial = keeper.random.below(1_000_000);
            let wrote = Wrote::Text(format!("HD{:010}", 20_000_000 + serial));
            (
                wrote,
                -(owed * keeper.random.between(20, 60) / 5_000_000 * 50_000).max(50_000),
                vec![],
            )
        }
        None => return false,
    };
    let day = dates.last - keeper.random.between(0, 1) as i32;
    let (customer, month) = (keeper.customer, keeper.month);
    let memo = "网银付货款".to_owned();
    let line = keeper.write(Line { customer, month, day, wrote, memo, amount });
    keeper.label(Slip { cleared_ours: cleared, ..slip(Reason::Cutoff, vec![], vec![line]) });
    true
}

/// The customer leaves a sale out and books it a month late.
fn left_out(keeper: &mut Bookkeeper) -> bool {
    let last = keeper.dates().last;
    let early = |draft: &Draft| draft.kind == Kind::Sale && draft.day < last - 7;
    let Some(sale) = keeper.take(early) else { return false };
    let line = keeper.line_of(sale);
    let cleared_theirs = keeper.write_later(line, "补记上月漏记采购");
    keeper.label(Slip { cleared_theirs, ..slip(Reason::MissingTheirs, vec![sale], vec![]) });
    true
}

/// The customer's return has reached the warehouse, but not our books.
fn return_not_booked_by_us(keeper: &mut Bookkeeper) -> bool {
    let goods_sold = |draft: &&usize| keeper.books.drafts[**draft].kind == Kind::Sale;
    let Some(&sale) = keeper.left.iter().find(goods_sold) else { return false };
    let Some(&sold) = keeper.books.drafts[sale].goods.first() else { return false };
    let pieces = (sold.quantity_micro / MICRO / 8).max(1);
    let goods = vec![sold.of(-pieces * MICRO)];
    let amount = gross(&goods);
    let name = keeper.products[sold.product].name;
    let mut line = keeper.line_of(sale);
    line.day = (line.day + 5).min(keeper.dates().last);
    line.wrote = Wrote::Text(format!("CT{:04}", keeper.random.between(1, 9_999)));
    (line.memo, line.amount) = (format!("退货给供应商 {name}"), amount);
    let theirs = keeper.write(line);
    let memo = format!("补录上月退货 {name}");
    let mut draft = Draft::plain(keeper.customer, Kind::Return, 0, &memo, amount);
    (draft.goods, draft.related) = (goods, Some(sale));
    let cleared_ours = keeper.post_later(draft);
    let labeled = slip(Reason::ReturnNotCredited, vec![], vec![theirs]);
    keeper.label(Slip { cleared_ours, ..labeled });
    true
}

/// The amount with two unlike neighboring digits of its yuan swapped; none if it has none.
fn with_digits_swapped(amount: i64) -> Option<i64> {
    let mut unit = 100;
    while amount / (unit * 10) > 0 {
        let (low, high) = (amount / unit % 10, amount / (unit * 10) % 10);
        let stays_long = low > 0 || amount / (unit * 100) > 0;
        if low != high && stays_long {
            return Some(amount + (low - high) * unit * 10 + (high - low) * unit);
        }
        unit *= 10;
    }
    None
}

fn digits_swapped(keeper: &mut Bookkeeper) -> bool {
    let long = |draft: &Draft| {
        draft.kind == Kind::Sale
            && draft.amount > 20_000
            && with_digits_swapped(draft.amount).is_some()
    };
    let Some(sale) = keeper.take(long) else { return false };
    let mut line = keeper.line_of(sale);
    let right = line.amount;
    let Some(slipped) = with_digits_swapped(right) else { return false };
    line.amount = slipped;
    let mut correction = line.clone();
    correction.amount = right - slipped;
    let theirs = keeper.write(line);
    let cleared_theirs = keeper.write_later(correction, "更正上月金额录入错误");
    keeper.label(Slip { cleared_theirs, ..slip(Reason::DigitSlip, vec![sale], vec![theirs]) });
    true
}

/// The customer books a purchase or a payment twice.
fn booked_twice(keeper: &mut Bookkeeper) -> bool {
    let either = |draft: &Draft| matches!(draft.kind, Kind::Sale | Kind::Receipt);
    let Some(draft) = keeper.take(either) else { return false };
    let line = keeper.line_of(draft);
    let again = Line { day: (line.day + 3).min(keeper.dates().last), ..line.clone() };
    let reversal = Line { amount: -line.amount, ..line.clone() };
    keeper.write(line);
    let theirs = keeper.write(again);
    let cleared_theirs = keeper.write_later(reversal, "红冲上月重复记账");
    keeper.label(Slip { cleared_theirs, ..slip(Reason::DuplicateTheirs, vec![], vec![theirs]) });
    true
}

/// We post a sale a second time under another number and reverse it in the next month.
fn posted_twice_by_us(keeper: &mut Bookkeeper) -> bool {
    let sold = |draft: &Draft| draft.kind == Kind::Sale;
    let Some(sale) = keeper.take(sold) else { return false };
    let line = keeper.line_of(sale);
    keeper.write(line);
    let original = keeper.books.drafts[sale].clone();
    let again = keeper.books.post(Draft { mirrored: false, ..original.clone() });
    let memo = format!("红冲 重复录入的{}", original.memo);
    let goods = original.goods.iter().map(|line| line.of(-line.quantity_micro)).collect();
    let mut back = Draft::plain(keeper.customer, Kind::Reversal, 0, &memo, -original.amount);
    (back.goods, back.related) = (goods, Some(again));
    let cleared_ours = keeper.post_later(back);
    keeper.label(Slip { cleared_ours, ..slip(Reason::DuplicateOurs, vec![again], vec![]) });
    true
}

/// One payment of the customer stands in our books as two receipts.
fn paid_in_one(keeper: &mut Bookkeeper) -> bool {
    let large = |draft: &Draft| draft.kind == Kind::Receipt && draft.amount < -200_000;
    let Some(receipt) = keeper.take(large) else { return false };
    let line = keeper.line_of(receipt);
    let draft = &mut keeper.books.drafts[receipt];
    let second = draft.amount * keeper.random.between(25, 60) / 100 / 100 * 100;
    draft.amount -= second;
    let rest = Draft { amount: second, mirrored: false, ..draft.clone() };
    let rest = keeper.books.post(rest);
    let theirs = keeper.write(line);
    keeper.label(slip(Reason::Merged, vec![receipt, rest], vec![theirs]));
    true
}

/// A receipt of ours large enough to pay less than was asked for.
fn take_large_receipt(keeper: &mut Bookkeeper) -> Option<usize> {
    keeper.take(|draft| draft.kind == Kind::Receipt && draft.amount < -100_000)
}

/// The customer pays less a cash discount and books both; we know of the payment only.
fn discount_taken(keeper: &mut Bookkeeper) -> bool {
    let Some(receipt) = take_large_receipt(keeper) else { return false };
    let percent = keeper.random.between(1, 2);
    let mut line = keeper.line_of(receipt);
    let short = nearest(i128::from(-line.amount * percent), 100);
    keeper.books.drafts[receipt].amount += short;
    line.amount += short;
    let memo = format!("扣供应商现金折扣 {percent}%");
    let taken = Line { wrote: Wrote::Nothing, memo, amount: -short, ..line.clone() };
    keeper.write(line);
    let theirs = keeper.write(taken);
    let memo = format!("补记上月客户已扣现金折扣 {percent}%");
    let draft = Draft::plain(keeper.customer, Kind::Discount, 0, &memo, -short);
    let cleared_ours = keeper.post_later(draft);
    keeper.label(Slip { cleared_ours, ..slip(Reason::Discount, vec![], vec![theirs]) });
    true
}

/// The bank keeps a charge back: we receive less than the customer sent.
fn bank_charge(keeper: &mut Bookkeeper) -> bool {
    let Some(receipt) = take_large_receipt(keeper) else { return false };
    let charge = *keeper.random.pick(&[500, 1_050, 1_500, 2_000, 5_000]);
    let line = keeper.line_of(receipt);
    keeper.books.drafts[receipt].amount += charge;
    let theirs = keeper.write(line);
    let memo = "上月汇款手续费由我方承担";
    let draft = Draft::plain(keeper.customer, Kind::Adjustment, 0, memo, -charge);
    let cleared_ours = keeper.post_later(draft);
    keeper.label(Slip { cleared_ours, ..slip(Reason::BankCharge, vec![receipt], vec![theirs]) });
    true
}

/// The customer rounds each line of the invoice, or types a cent less.
fn cents(keeper: &mut Bookkeeper) -> bool {
    let sold = |draft: &Draft| draft.kind == Kind::Sale && draft.amount > 1_000;
    let Some(sale) = keeper.take(sold) else { return false };
    let mut line = keeper.line_of(sale);
    let off = keeper.random.between(1, 4);
    let off = if keeper.random.chance(500) { off } else { -off };
    line.amount += off;
    let theirs = keeper.write(line);
    let draft = Draft::plain(keeper.customer, Kind::Adjustment, 0, "尾差调整", off);
    let cleared_ours = keeper.post_later(draft);
    keeper.label(Slip { cleared_ours, ..slip(Reason::Rounding, vec![sale], vec![theirs]) });
    true
}

/// All agrees, but the customer wrote no number.
pub(super) fn without_number(keeper: &mut Bookkeeper) -> bool {
    let Some(draft) = keeper.take(|draft| draft.kind == Kind::Sale) else { return false };
    let line = keeper.line_of(draft);
    let theirs = keeper.write(Line { wrote: Wrote::Nothing, ..line });
    keeper.label(slip(Reason::MissingReference, vec![draft], vec![theirs]));
    true
}

/// The customer accepts a charge of ours a month late.
fn fee_left_out(keeper: &mut Bookkeeper) -> bool {
    let Some(fee) = keeper.take(|draft| draft.kind == Kind::Fee) else { return false };
    let line = keeper.line_of(fee);
    let cleared_theirs = keeper.write_later(line, "补记上月运杂费");
    keeper.label(Slip { cleared_theirs, ..slip(Reason::FreightFee, vec![fee], vec![]) });
    true
}

/// The same document with another amount, and nobody knows yet why.
fn unlike_amount(keeper: &mut Bookkeeper) -> bool {
    let large = |draft: &Draft| draft.kind == Kind::Sale && draft.amount > 50_000;
    let Some(sale) = keeper.take(large) else { return false };
    let mut line = keeper.line_of(sale);
    line.amount -= keeper.random.between(1_111, 19_999);
    let theirs = keeper.write(line);
    keeper.label(slip(Reason::Amount, vec![sale], vec![theirs]));
    true
}

/// The customer says that it paid in cash; we know nothing of it.
fn payment_unknown_to_us(keeper: &mut Bookkeeper) -> bool {
    let dates = keeper.dates();
    let (customer, month) = (keeper.customer, keeper.month);
    let day = dates.first + keeper.random.between(9, 19) as i32;
    let amount = -keeper.random.between(3, 60) * 10_000;
    let (wrote, memo) = (Wrote::Nothing, "现金付货款 业务员代收".to_owned());
    let theirs = keeper.write(Line { customer, month, day, wrote, memo, amount });
    keeper.label(slip(Reason::UnrecognisedPayment, vec![], vec![theirs]));
    true
}

/// The customer books a return of goods as if it were a purchase.
fn wrong_direction(keeper: &mut Bookkeeper) -> bool {
    let Some(back) = keeper.take(|draft| draft.kind == Kind::Return) else { return false };
    let mut line = keeper.line_of(back);
    line.amount = -line.amount;
    let theirs = keeper.write(line);
    keeper.label(slip(Reason::WrongSign, vec![back], vec![theirs]));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_the_lowest_unlike_neighbors_of_the_yuan() {
        assert_eq!(with_digits_swapped(153_000), Some(150_300));
        assert_eq!(with_digits_swapped(155_042), Some(150_542));
        assert_eq!(with_digits_swapped(3_012), None);
        assert_eq!(with_digits_swapped(555_500), None);
    }
}
