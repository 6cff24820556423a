//! Blocks 分组: which lines may meet.
//!
//! Lines meet only within one customer and one currency. Customers of the two sides are the
//! same if their names are, else if their names without legal suffix and spacing are and the
//! answer is unique. If one side names no customer at all, its currency decides.

use std::collections::BTreeMap;

use heqi_domain::{Account, Lines, fold_name};

/// The blocks of a run and where each account of either side belongs.
pub(crate) struct Blocks {
    /// The blocks, by customer and currency.
    pub accounts: Vec<Account>,
    /// Per account of ours: its block.
    pub of_ours: Vec<u32>,
    /// Per account of theirs: its block.
    pub of_theirs: Vec<u32>,
}

/// Finds the blocks of two sides. Independent of the order of lines and accounts.
pub(crate) fn find(ours: &Lines, theirs: &Lines) -> Blocks {
    let ours_named = names(ours);
    let theirs_named = names(theirs);
    let nameless = |lines: &Lines, named: &[String]| !lines.accounts.is_empty() && named.is_empty();
    let pooled = nameless(ours, &ours_named) || nameless(theirs, &theirs_named);
    let all = if ours_named.is_empty() { &theirs_named } else { &ours_named };
    let only = if all.len() == 1 { all[0].clone() } else { String::new() };
    let folded = unique_folds(&ours_named);
    let resolve = |account: &Account, theirs_side: bool| -> Account {
        let customer = if pooled {
            only.clone()
        } else if theirs_side && ours_named.binary_search(&account.customer).is_err() {
            let known = folded.get(&fold_name(&account.customer)).cloned().flatten();
            known.unwrap_or_else(|| account.customer.clone())
        } else {
            account.customer.clone()
        };
        Account { customer, currency: account.currency }
    };
    let map = |lines: &Lines, side: bool| -> Vec<Account> {
        lines.accounts.iter().map(|account| resolve(account, side)).collect()
    };
    let (ours_accounts, theirs_accounts) = (map(ours, false), map(theirs, true));
    let mut accounts: Vec<Account> =
        ours_accounts.iter().chain(&theirs_accounts).cloned().collect();
    accounts.sort_unstable();
    accounts.dedup();
    let index = |wanted: &[Account]| -> Vec<u32> {
        wanted
            .iter()
            .map(|account| accounts.partition_point(|known| known < account) as u32)
            .collect()
    };
    let (of_ours, of_theirs) = (index(&ours_accounts), index(&theirs_accounts));
    Blocks { accounts, of_ours, of_theirs }
}

fn names(lines: &Lines) -> Vec<String> {
    let mut names: Vec<String> = lines
        .accounts
        .iter()
        .map(|account| account.customer.clone())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Folded name → the one name that folds to it, `None` where several do.
fn unique_folds(names: &[String]) -> BTreeMap<String, Option<String>> {
    let mut folds: BTreeMap<String, Option<String>> = BTreeMap::new();
    for name in names {
        folds
            .entry(fold_name(name))
            .and_modify(|known| *known = None)
            .or_insert_with(|| Some(name.clone()));
    }
    folds
}

#[cfg(test)]
mod tests {
    use heqi_domain::{Currency, Side};

    use super::*;

    fn side(side: Side, customers: &[&str]) -> Lines {
        let mut lines = Lines::new(side);
        for customer in customers {
            lines
                .accounts
                .push(Account { customer: (*customer).to_owned(), currency: Currency::CNY });
        }
        lines
    }

    #[track_caller]
    fn check(ours: &[&str], theirs: &[&str], expected: &[&str]) {
        let blocks = find(&side(Side::Ours, ours), &side(Side::Theirs, theirs));
        let names: Vec<&str> =
            blocks.accounts.iter().map(|account| account.customer.as_str()).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn the_same_customer_under_two_spellings_is_one_block() {
        check(&["海星贸易有限公司", "B"], &["海星贸易 公司", "B"], &["B", "海星贸易有限公司"]);
    }

    #[test]
    fn two_candidates_are_not_guessed() {
        check(&["A Ltd", "A GmbH"], &["A"], &["A", "A GmbH", "A Ltd"]);
    }

    #[test]
    fn a_statement_that_names_nobody_meets_the_only_customer() {
        check(&["A"], &[""], &["A"]);
        check(&["A", "B"], &[""], &[""]);
    }
}
