//! Whether the kernel does what a case expects, case form by case form.

use heqi_domain::{Currency, Money, NO_DAY, day_from_iso};
use heqi_matching::{RuleSet, State};
use serde_json::Value;

use crate::common::{Line, Named, Run, line, run};

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub fn minor(amount: &str, currency: &str) -> i64 {
    let exponent = currency.parse::<Currency>().unwrap().exponent();
    Money::parse(amount, exponent).unwrap_or_else(|error| panic!("{amount}: {error}")).minor()
}

pub fn currency_of(row: &Value, fallback: &'static str) -> &'static str {
    let named = match text(row, "foreign_currency") {
        "" => text(row, "currency"),
        foreign => foreign,
    };
    let known = ["CNY", "USD", "EUR", "JPY", "DKK"];
    known.into_iter().find(|code| *code == named).unwrap_or(fallback)
}

/// Lines of a side. What a line is called is left out: peers settle a debit with the credit that
/// pays it, we compare one fact in two books, and '+' on both sides means that they settle.
pub fn side(case: &Value, name: &str) -> Vec<Line> {
    let rows = |name: &str| case[name].as_array().cloned().unwrap_or_default();
    let all = rows("ours").into_iter().chain(rows("theirs"));
    let named = all.map(|row| currency_of(&row, "")).find(|code| !code.is_empty());
    let fallback = named.unwrap_or("CNY");
    let convert = |row: Value| {
        let currency = currency_of(&row, fallback);
        let amount = match text(&row, "foreign_amount") {
            "" => text(&row, "amount").to_owned(),
            foreign => foreign.to_owned(),
        };
        let date = text(&row, "date").get(..10).and_then(day_from_iso);
        Line {
            customer: text(&row, "party").to_owned(),
            currency,
            day: date.unwrap_or(NO_DAY),
            reference: text(&row, "ref").to_owned(),
            text: [text(&row, "text"), text(&row, "note")].join(" ").trim().to_owned(),
            // '?' is given by the checks.
            ..line(text(&row, "id"), if amount == "?" { 0 } else { minor(&amount, currency) })
        }
    };
    rows(name).into_iter().map(convert).collect()
}

pub fn rules() -> RuleSet {
    RuleSet::preset("default").unwrap()
}

pub fn run_case(case: &Value) -> Run {
    run(&side(case, "ours"), &side(case, "theirs"), &rules())
}

pub fn certain(run: &Run) -> Vec<Named> {
    run.named().into_iter().filter(|group| group.state != State::Suggested).collect()
}

pub fn ids(value: &Value) -> Vec<String> {
    let mut ids: Vec<String> = value
        .as_array()
        .map(|list| list.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    ids.sort();
    ids
}

/// Exactly the expected groups are certain.
pub fn groups(case: &Value) -> bool {
    let mut got: Vec<(Vec<String>, Vec<String>)> =
        certain(&run_case(case)).into_iter().map(|group| (group.ours, group.theirs)).collect();
    let expected = case["expected"]["groups"].as_array().cloned().unwrap_or_default();
    let mut expected: Vec<(Vec<String>, Vec<String>)> =
        expected.iter().map(|group| (ids(&group["ours"]), ids(&group["theirs"]))).collect();
    got.sort();
    expected.sort();
    got == expected
}

/// For each statement line, the best group that holds it is the proposal.
pub fn proposals(case: &Value) -> bool {
    let named = run_case(case).named();
    let expected = case["expected"]["proposals"].as_object().unwrap();
    expected.iter().all(|(statement, ours)| {
        let group = named.iter().find(|group| group.theirs.contains(statement));
        group.map(|group| group.ours.clone()).unwrap_or_default() == ids(ours)
    })
}

/// `ok`: the named lines make the target; not ok: nothing is certain, nothing allocated.
pub fn allocation(case: &Value) -> bool {
    let expected = &case["expected"];
    let list = expected["allocations"].as_array().unwrap();
    let mut ours: Vec<String> = list.iter().map(|part| text(part, "ours").to_owned()).collect();
    ours.sort();
    let got = certain(&run_case(case));
    match got.first() {
        None => ours.is_empty() && expected["ok"] == false,
        Some(group) => got.len() == 1 && group.ours == ours && expected["ok"] == true,
    }
}

pub fn still_open(case: &Value) -> bool {
    certain(&run_case(case)).is_empty()
}

pub fn split_allocation(case: &Value) -> bool {
    certain(&run_case(case)).iter().any(|group| group.ours.len() == 2)
}

/// Two amounts under one number: settled within a share of ours? Four decimals are counted, in
/// the one kind of currency that has them.
pub fn settles(ours: &str, theirs: &str, fraction: &str) -> bool {
    let (a, b) = (minor(ours, "CLF"), minor(theirs, "CLF"));
    let mut rules = rules();
    let share = i128::from(minor(fraction, "CLF")) * i128::from(a.unsigned_abs()) / 10_000;
    rules.differences.rounding = i64::try_from(share).unwrap();
    let row = |id: &str, amount: i64| Line {
        reference: "INV-70001".to_owned(),
        currency: "CLF",
        ..line(id, amount)
    };
    let run = run(&[row("O1", a)], &[row("T1", b)], &rules);
    run.named().iter().any(|group| group.state == State::Settled && group.theirs == ["T1"])
}

pub fn tolerance(case: &Value) -> bool {
    let shared = text(&case["rule"], "fraction").to_owned();
    case["expected"]["pair_checks"].as_array().unwrap().iter().all(|check| {
        let own = text(check, "fraction");
        let fraction = if own.is_empty() { &shared } else { own };
        settles(text(check, "ours"), text(check, "theirs"), fraction) == check["match"]
    })
}

pub fn tolerance_of_ours(case: &Value) -> bool {
    let fraction = text(&case["rule"], "fraction");
    case["expected"]["checks"].as_array().unwrap().iter().all(|check| {
        let theirs = text(&case["theirs"][0], "amount");
        settles(text(check, "ours_amount"), theirs, fraction) == check["match"]
    })
}

/// References alone: same amount, no date, nothing by amount.
pub fn contains(case: &Value) -> bool {
    let mut rules = rules();
    rules.passes.amount_date = false;
    rules.passes.combination = false;
    case["expected"]["pair_checks"].as_array().unwrap().iter().all(|check| {
        let row = |id: &str, name: &str| Line {
            reference: text(check, name).to_owned(),
            ..line(id, 10_000)
        };
        let run = run(&[row("O1", "ours")], &[row("T1", "theirs")], &rules);
        !certain(&run).is_empty() == check["match"]
    })
}

/// The checks of a case that set the statement's amount; `matched` or `match` is expected.
pub fn with_amount(case: &Value, rules: &RuleSet, check: &Value) -> bool {
    let mut theirs = side(case, "theirs");
    theirs[0].amount = minor(text(check, "amount"), theirs[0].currency);
    !certain(&run(&side(case, "ours"), &theirs, rules)).is_empty()
}

pub fn amounts(case: &Value) -> bool {
    let checks = case["expected"]["checks"].as_array().unwrap();
    checks.iter().all(|check| with_amount(case, &rules(), check) == check["matched"])
}

pub fn group_amounts(case: &Value) -> bool {
    let checks = case["expected"]["checks"].as_array().unwrap().iter();
    let mut about_amounts = checks.filter(|check| check["amount"].is_string());
    about_amounts.all(|check| with_amount(case, &rules(), check) == check["match"])
}

pub fn write_off(case: &Value) -> bool {
    case["expected"]["checks"].as_array().unwrap().iter().all(|check| {
        let mut rules = rules();
        rules.differences.rounding = minor(text(check, "write_off_limit"), "CNY");
        let run = run(&side(case, "ours"), &side(case, "theirs"), &rules);
        !certain(&run).is_empty() == check["matched"]
    })
}

pub fn overpaid(case: &Value) -> bool {
    let got = certain(&run_case(case));
    let matched = |id: &str| got.iter().any(|group| group.theirs.iter().any(|known| known == id));
    let checks = case["expected"]["checks"].as_array().unwrap();
    checks.iter().all(|check| matched(text(check, "theirs")) == check["matched"])
}

pub fn second_search(case: &Value) -> bool {
    let got = certain(&run_case(case));
    let expected = ids(&case["expected"]["checks"][1]["proposal"]);
    got.len() == 1 && got[0].ours == expected
}

pub fn negative_refused(_: &Value) -> bool {
    // A negative target against a negative candidate: equal, so they settle.
    certain(&run(&[line("C1", -100)], &[line("T1", -100)], &rules())).is_empty()
}

pub fn lag(case: &Value) -> bool {
    let mut rules = rules();
    (rules.dates.earlier, rules.dates.later) = (-1, 3);
    rules.differences.rounding = minor(text(&case["rule"], "fee_tolerance"), "USD");
    case["expected"]["pair_checks"].as_array().unwrap().iter().all(|check| {
        let theirs = Line {
            day: day_from_iso(text(check, "date")).unwrap(),
            currency: currency_of(check, "USD"),
            ..line("T1", minor(text(check, "theirs"), "USD"))
        };
        // The case names no party.
        let theirs = Line { customer: String::new(), ..theirs };
        !certain(&run(&side(case, "ours"), &[theirs], &rules)).is_empty() == check["match"]
    })
}

/// What is left over per currency, ledger against payments (which are negative).
pub fn drift(case: &Value) -> bool {
    case["expected"]["checks"].as_array().unwrap().iter().all(|check| {
        let rows = |name: &str, sign: i64| -> Vec<Line> {
            let balances = check[name].as_object().unwrap().iter();
            balances
                .map(|(currency, amount)| Line {
                    currency: ["USD", "EUR", "DKK"]
                        .into_iter()
                        .find(|code| code == currency)
                        .unwrap(),
                    ..line(&format!("{name}-{currency}"), sign * amount.as_i64().unwrap() * 100)
                })
                .collect()
        };
        let run = run(&rows("ledger", 1), &rows("payments", -1), &rules());
        let drift = check["drift"].as_object().unwrap();
        run.outcome.blocks.len() == drift.len()
            && run.outcome.blocks.iter().all(|block| {
                let [ours, theirs] = block.closing();
                let expected = drift[block.account.currency.code()].as_i64().unwrap() * 100;
                (ours - theirs).unsigned_abs() == u128::from(expected.unsigned_abs())
            })
    })
}
