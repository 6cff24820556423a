//! What can happen between two ledgers: a table of events and their frequency.
//!
//! Each event adds its lines to both sides and says in the truth which reason it stands for.

use heqi_domain::{Day, Reason};

use super::draft::{Document, Numbered, WAYS, WAYS_OF_FORM, Wrote};
use super::story::Story;

type Event = fn(&mut Story);

/// Events in which both sides agree, by frequency.
pub(super) const AGREEMENTS: [(u64, Event); 4] =
    [(600, sale), (40, returned), (10, exchange), (250, payment)];

/// Events that leave something to explain, by frequency; about 25 in 100 of all events.
pub(super) const DISCREPANCIES: [(u64, Event); 31] = [
    (20, missing_theirs),
    (15, missing_ours),
    (8, amount_mistyped),
    (8, digits_swapped),
    (2, point_shifted),
    (8, tax_left_out),
    (14, cents_rounded),
    (5, discount_taken),
    (5, quantity_short),
    (5, freight_not_booked),
    (6, return_not_credited),
    (2, exchange_half_booked),
    (5, posted_twice_by_us),
    (6, posted_twice_by_them),
    (3, reversed_by_us_only),
    (4, booked_on_the_wrong_side),
    (25, reference_in_another_form),
    (15, reference_left_blank),
    (8, booked_weeks_later),
    (8, booked_in_the_next_period),
    (6, payment_in_transit),
    (4, payment_never_arrived),
    (10, bank_kept_a_charge),
    (8, one_payment_for_several),
    (8, payment_without_number),
    (10, one_invoice_for_several),
    (10, delivered_in_parts),
    (4, billed_by_other_parts),
    (3, set_off_against_payable),
    (3, booked_on_a_sister),
    (2, price_agreed_lower),
];

fn sale(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(None));
    let ours = story.sale(customer, Some(group));
    story.booked(ours, group);
}

fn returned(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(None));
    let ours = story.returned(customer, Some(group));
    story.booked(ours, group);
}

fn exchange(story: &mut Story) {
    let (customer, groups) = (story.someone(), [story.group(None), story.group(None)]);
    let legs = story.exchange(customer, groups);
    for (leg, group) in legs.into_iter().zip(groups) {
        story.booked(leg, group);
    }
}

fn payment(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(None));
    let ours = story.receipt(customer, group);
    story.booked(ours, group);
}

fn missing_theirs(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::MissingTheirs)));
    story.sale(customer, Some(group));
}

fn missing_ours(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::MissingOurs)));
    let ours = story.sale(customer, None);
    story.booked(ours, group);
}

/// A sale that the customer books at another amount; no change, no discrepancy.
fn at_another_amount(story: &mut Story, reason: Reason, change: impl Fn(&mut Story, usize) -> i64) {
    let customer = story.someone();
    let group = story.group(Some(reason));
    let ours = story.sale(customer, Some(group));
    let amount = change(story, ours);
    if amount == story.ours[ours].amount {
        story.groups[group] = None;
    }
    story.booked(ours, group).amount = amount;
}

/// One digit of the yuan is another: 3,250.00 becomes 3,850.00.
fn amount_mistyped(story: &mut Story) {
    at_another_amount(story, Reason::Amount, |story, ours| {
        let amount = story.ours[ours].amount;
        let places = u64::from(amount.ilog10()).saturating_sub(2).max(1);
        let unit = 10_i64.pow(2 + story.random.below(places) as u32);
        let digit = amount / unit % 10;
        let other = (digit + story.random.between(2, 8)) % 10;
        let changed = amount + (other - digit) * unit;
        if changed > 0 { changed } else { amount }
    });
}

/// Two neighboring digits that differ change places: 3,250.00 becomes 3,520.00.
fn digits_swapped(story: &mut Story) {
    at_another_amount(story, Reason::DigitSlip, |story, ours| {
        let amount = story.ours[ours].amount;
        let start = story.random.below(amount.ilog10().into()) as u32;
        for step in 0..amount.ilog10() {
            let unit = 10_i64.pow((start + step) % amount.ilog10());
            let (low, high) = (amount / unit % 10, amount / unit / 10 % 10);
            if low != high {
                return amount + (high - low) * unit + (low - high) * unit * 10;
            }
        }
        amount
    });
}

fn point_shifted(story: &mut Story) {
    at_another_amount(story, Reason::DigitSlip, |story, ours| story.ours[ours].amount * 10);
}

fn tax_left_out(story: &mut Story) {
    at_another_amount(story, Reason::Tax, |story, ours| {
        let draft = &story.ours[ours];
        let percent = draft.goods.map_or(0, |goods| goods.product.tax);
        draft.amount - super::tax_within(draft.amount, percent)
    });
}

fn cents_rounded(story: &mut Story) {
    at_another_amount(story, Reason::Rounding, |story, ours| {
        let cents = story.random.between(1, 5);
        story.ours[ours].amount + if story.random.chance(500) { cents } else { -cents }
    });
}

fn discount_taken(story: &mut Story) {
    at_another_amount(story, Reason::Discount, |story, ours| {
        let amount = story.ours[ours].amount;
        let percent = *story.random.pick(&[1, 2, 3, 5]);
        amount - super::share_of(amount, percent)
    });
}

fn quantity_short(story: &mut Story) {
    at_another_amount(story, Reason::PriceQuantity, |story, ours| {
        let draft = &story.ours[ours];
        let (amount, goods) = (draft.amount, draft.goods);
        let Some(goods) = goods.filter(|goods| goods.quantity > 1) else { return amount };
        let short = 1 + story.random.below((goods.quantity / 12).max(1) as u64) as i64;
        amount - short.min(goods.quantity - 1) * goods.price
    });
}

fn price_agreed_lower(story: &mut Story) {
    at_another_amount(story, Reason::PriceQuantity, |story, ours| {
        let draft = &story.ours[ours];
        let Some(goods) = draft.goods else { return draft.amount };
        draft.amount - (goods.price / 50).max(1) * goods.quantity
    });
}

fn freight_not_booked(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::FreightFee)));
    story.freight(customer, group);
}

fn return_not_credited(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::ReturnNotCredited)));
    let ours = story.returned(customer, None);
    story.booked(ours, group);
}

fn exchange_half_booked(story: &mut Story) {
    let customer = story.someone();
    let groups = [story.group(None), story.group(Some(Reason::ExchangeHalf))];
    let [back, _] = story.exchange(customer, groups);
    story.booked(back, groups[0]);
}

fn posted_twice_by_us(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(None));
    let ours = story.sale(customer, Some(group));
    story.booked(ours, group);
    let mut copy = story.ours[ours].clone();
    copy.numbered = Numbered::As(ours);
    copy.invoiced_with = Some(ours);
    copy.group = Some(story.group(Some(Reason::DuplicateOurs)));
    story.ours.push(copy);
}

fn posted_twice_by_them(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(None));
    let ours = story.sale(customer, Some(group));
    let mut copy = story.booked(ours, group).clone();
    copy.group = story.group(Some(Reason::DuplicateTheirs));
    story.theirs.push(copy);
}

fn reversed_by_us_only(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::ReversalOneSided)));
    let ours = story.sale(customer, Some(group));
    let mut reversal = story.ours[ours].clone();
    reversal.document = Document::Reversal;
    reversal.numbered = Numbered::As(ours);
    reversal.memo = "红冲 开票信息有误".to_owned();
    reversal.amount = -reversal.amount;
    reversal.day = (reversal.day + 1).min(story.last);
    story.ours.push(reversal);
}

fn booked_on_the_wrong_side(story: &mut Story) {
    at_another_amount(story, Reason::WrongSign, |story, ours| -story.ours[ours].amount);
}

fn reference_in_another_form(story: &mut Story) {
    let (customer, way) = (story.someone(), story.random.below(WAYS));
    // Separators and lower case are no other number.
    let reason = (way >= WAYS_OF_FORM).then_some(Reason::WrongReference);
    let group = story.group(reason);
    let ours = story.sale(customer, Some(group));
    story.booked(ours, group).reference = Wrote::Otherwise(ours, way);
}

fn reference_left_blank(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::MissingReference)));
    let ours = story.sale(customer, Some(group));
    story.booked(ours, group).reference = Wrote::Nothing;
}

fn payment_without_number(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::MissingReference)));
    let ours = story.receipt(customer, group);
    story.booked(ours, group).reference = Wrote::Nothing;
}

fn booked_weeks_later(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::Date)));
    let ours = story.sale(customer, Some(group));
    let day = story.first + story.random.below(4) as Day;
    story.ours[ours].day = day;
    story.booked(ours, group).day = day + 24;
}

fn booked_in_the_next_period(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::Cutoff)));
    let ours = story.sale(customer, Some(group));
    let (last, later) = (story.last, story.random.between(1, 4) as Day);
    story.ours[ours].day = last - story.random.below(3) as Day;
    story.booked(ours, group).day = last + later;
}

fn payment_in_transit(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::Cutoff)));
    let amount = story.random.between(1, 60) * 500_000;
    story.alone(customer, "网银付货款", -amount, group);
    let day = story.last - story.random.below(2) as Day;
    story.theirs.last_mut().into_iter().for_each(|line| line.day = day);
}

fn payment_never_arrived(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::UnrecognisedPayment)));
    let amount = story.random.between(1, 60) * 500_000;
    story.alone(customer, "电汇货款", -amount, group);
    let early = story.first + story.random.below(10) as Day;
    story.theirs.last_mut().into_iter().for_each(|line| line.day = early);
}

fn bank_kept_a_charge(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::BankCharge)));
    let ours = story.receipt(customer, group);
    let charge = *story.random.pick(&[500, 1_000, 1_500, 2_000, 2_500, 5_000]);
    // The customer paid the whole sum, less arrived.
    let paid = story.ours[ours].amount;
    story.ours[ours].amount = paid + charge;
    story.booked(ours, group).amount = paid;
}

/// Several documents of ours of one customer within a few days.
fn several(
    story: &mut Story,
    group: usize,
    one: impl Fn(&mut Story, usize) -> usize,
) -> Vec<usize> {
    let (customer, count) = (story.someone(), story.random.between(2, 4));
    let drafts: Vec<usize> = (0..count).map(|_| one(story, customer)).collect();
    let day = story.ours[drafts[0]].day.min(story.last - 3).max(story.first);
    for draft in &drafts {
        story.ours[*draft].group = Some(group);
        story.ours[*draft].day = (day + story.random.below(3) as Day).min(story.last);
    }
    drafts
}

/// One line of theirs for all the drafts, dated as the last of them.
fn booked_together(story: &mut Story, drafts: &[usize], group: usize, reference: Wrote) {
    let total = drafts.iter().map(|draft| story.ours[*draft].amount).sum();
    let day = drafts.iter().map(|draft| story.ours[*draft].day).max();
    let line = story.booked(drafts[0], group);
    (line.amount, line.reference) = (total, reference);
    line.day = day.unwrap_or(line.day);
}

fn one_payment_for_several(story: &mut Story) {
    let group = story.group(Some(Reason::Merged));
    let drafts = several(story, group, |story, customer| story.receipt(customer, group));
    booked_together(story, &drafts, group, Wrote::Nothing);
    let named = story.random.chance(600);
    if let Some(line) = story.theirs.last_mut().filter(|_| named) {
        line.mentions = drafts;
    }
}

fn one_invoice_for_several(story: &mut Story) {
    let group = story.group(Some(Reason::Merged));
    let drafts = several(story, group, |story, customer| story.sale(customer, Some(group)));
    for draft in &drafts[1..] {
        story.ours[*draft].invoiced_with = Some(drafts[0]);
    }
    booked_together(story, &drafts, group, Wrote::Invoice(drafts[0]));
}

/// Cuts an amount into parts of at least one cent.
fn parts(story: &mut Story, amount: i64, count: usize) -> Vec<i64> {
    let mut rest = amount;
    let mut parts: Vec<i64> = (1..count)
        .map(|_| {
            let part = rest * story.random.between(25, 65) / 100;
            rest -= part;
            part
        })
        .collect();
    parts.push(rest);
    parts
}

fn delivered_in_parts(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::Split)));
    let ours = story.sale(customer, Some(group));
    let (numbered, count) = (story.random.chance(500), story.random.between(2, 4) as usize);
    let amount = story.ours[ours].amount;
    for (place, part) in parts(story, amount, count).into_iter().enumerate() {
        let line = story.booked(ours, group);
        line.amount = part;
        if numbered {
            line.reference = Wrote::Part(ours, place + 1);
        }
    }
}

fn billed_by_other_parts(story: &mut Story) {
    let group = story.group(Some(Reason::Regrouped));
    let drafts = several(story, group, |story, customer| story.sale(customer, Some(group)));
    for draft in &drafts[1..] {
        story.ours[*draft].invoiced_with = Some(drafts[0]);
    }
    let total = drafts.iter().map(|draft| story.ours[*draft].amount).sum();
    for part in parts(story, total, drafts.len() + 1) {
        let line = story.booked(drafts[0], group);
        (line.amount, line.reference) = (part, Wrote::Invoice(drafts[0]));
    }
}

fn set_off_against_payable(story: &mut Story) {
    let (customer, group) = (story.someone(), story.group(Some(Reason::Withholding)));
    let amount = story.random.between(20, 4_000) * 1_000;
    story.alone(customer, "应收应付对冲 抵账协议", -amount, group);
}

fn booked_on_a_sister(story: &mut Story) {
    let (customer, other) = (story.someone(), story.someone());
    let group = story.group((customer != other).then_some(Reason::WrongParty));
    let ours = story.sale(customer, Some(group));
    story.booked(ours, group).customer = other;
}
