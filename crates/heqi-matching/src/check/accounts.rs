//! Which block each account belongs in, worked out again from the names.

use std::collections::{BTreeMap, BTreeSet};

use heqi_domain::{Account, Lines};
use unicode_normalization::UnicodeNormalization;

use super::violation::{Place, Violations};
use crate::outcome::Outcome;

/// Per account of ours and of theirs: its block; none (and a violation) where no block fits.
pub(crate) fn blocks(
    outcome: &Outcome,
    ours: &Lines,
    theirs: &Lines,
    found: &mut Violations,
) -> [Vec<Option<u32>>; 2] {
    let place: BTreeMap<&Account, u32> =
        outcome.blocks.iter().zip(0..).map(|(block, at)| (&block.account, at)).collect();
    if place.len() != outcome.blocks.len() {
        found.add(Place::Whole, "blocks", String::new(), "each account once", "one twice");
    }
    let mut used = BTreeSet::new();
    let names = |lines: &Lines| -> BTreeSet<String> {
        let named = lines.accounts.iter().map(|account| account.customer.clone());
        named.filter(|name| !name.is_empty()).collect()
    };
    let (our_names, their_names) = (names(ours), names(theirs));
    let nameless =
        |lines: &Lines, names: &BTreeSet<String>| !lines.accounts.is_empty() && names.is_empty();
    let pooled = nameless(ours, &our_names) || nameless(theirs, &their_names);
    let mut of = |lines: &Lines, is_theirs: bool| -> Vec<Option<u32>> {
        let mut all = Vec::with_capacity(lines.accounts.len());
        for account in &lines.accounts {
            let customer = expected(&account.customer, is_theirs, pooled, &our_names, &their_names);
            let wanted = Account { customer, currency: account.currency };
            let block = place.get(&wanted).copied();
            match block {
                Some(block) => {
                    used.insert(block);
                }
                None => {
                    let name = format!("customer `{}` {}", account.customer, account.currency);
                    let wanted = format!("a block `{}` {}", wanted.customer, wanted.currency);
                    found.add(Place::Whole, "block", name, wanted, "none");
                }
            }
            all.push(block);
        }
        all
    };
    let both = [of(ours, false), of(theirs, true)];
    for (block, at) in outcome.blocks.iter().zip(0..) {
        if !used.contains(&at) {
            let name = format!("`{}` {}", block.account.customer, block.account.currency);
            found.add(Place::Block(at as usize), "block", String::new(), "an account of it", name);
        }
    }
    both
}

/// The customer under which an account stands in the result.
fn expected(
    customer: &str,
    is_theirs: bool,
    pooled: bool,
    ours: &BTreeSet<String>,
    theirs: &BTreeSet<String>,
) -> String {
    if pooled {
        // One side names nobody: the other side's only customer, or all of them pooled.
        let mut named = ours.iter().chain(theirs);
        return match (named.next(), named.next()) {
            (Some(only), None) => only.clone(),
            _ => String::new(),
        };
    }
    if !is_theirs || ours.contains(customer) {
        return customer.to_owned();
    }
    let bare = bare_name(customer);
    let mut alike = ours.iter().filter(|name| bare_name(name) == bare);
    match (alike.next(), alike.next()) {
        (Some(only), None) => only.clone(),
        _ => customer.to_owned(),
    }
}

/// A name without width, case, blanks, marks and the words for a company's legal form.
fn bare_name(name: &str) -> String {
    const FORMS: &[&str] = &[
        "股份有限公司",
        "有限责任公司",
        "有限公司",
        "公司",
        "COLTD",
        "COMPANYLIMITED",
        "LIMITED",
        "LTD",
        "GMBH",
        "INC",
        "LLC",
        "PLC",
    ];
    let mut bare = String::new();
    for letter in name.nfkc().flat_map(char::to_uppercase) {
        if letter.is_alphanumeric() {
            bare.push(letter);
        }
    }
    let form = FORMS.iter().find(|form| bare.len() > form.len() && bare.ends_with(**form));
    if let Some(form) = form {
        bare.truncate(bare.len() - form.len());
    }
    bare
}
