//! What we say about each case, and why: one line, kept as data.

use serde_json::Value;

use crate::judges::*;

/// What we say about a case, and how that is found out.
pub enum Stand {
    /// The kernel does what the case expects.
    Agrees(Judge, &'static str),
    /// The kernel does something else, for this reason.
    Differs(Judge, &'static str),
    /// The case asks nothing that a matching kernel answers.
    Elsewhere(&'static str),
}

/// Whether the kernel does what the case expects.
pub type Judge = fn(&Value) -> bool;

use Stand::{Agrees, Differs, Elsewhere};

pub const STANDS: &[(&str, Stand)] = &[
    (
        "blnk-056",
        Agrees(
            tolerance,
            "bounds inclusive; the share is given as minor units and the pair needs a number",
        ),
    ),
    ("blnk-058", Agrees(tolerance, "a negative amount has the same tolerance")),
    ("blnk-059", Elsewhere("ledgers carry days; we compare no seconds")),
    (
        "blnk-061",
        Differs(
            contains,
            "one edit or a known confusion, never a percentage: 16 % makes two invoices one",
        ),
    ),
    (
        "blnk-063",
        Elsewhere("rules are passes with switches and an order, not a free algebra of AND and OR"),
    ),
    (
        "blnk-064",
        Agrees(group_amounts, "the sum must agree to the cent; the search says that it is unique"),
    ),
    ("blnk-066", Agrees(tolerance_of_ours, "1 % of ours as minor units, on a shared number")),
    (
        "blnk2-070",
        Agrees(groups, "one number, but the sum is 4.00 short: proposed to a person, not settled"),
    ),
    ("blnk2-071", Agrees(groups, "one of ours, three of theirs")),
    ("erpnext-001", Elsewhere("a filter of the list on the screen; the kernel sees every line")),
    (
        "erpnext-003",
        Differs(groups, "without a number 30 days early is too far to be certain; both stay open"),
    ),
    ("erpnext-004", Elsewhere("a limit of the list on the screen; the kernel sees every line")),
    (
        "erpnext-005",
        Differs(
            groups,
            "allocation is a different act: without a number part payments prove nothing",
        ),
    ),
    ("erpnext-007", Agrees(groups, "what the entry is called does not matter here")),
    ("erpnext-009", Agrees(groups, "equal amounts of one customer, unique both ways")),
    (
        "erpnext-010",
        Differs(still_open, "allocation is a different act; equal amounts are settled whole"),
    ),
    ("erpnext-011", Elsewhere("a list; our bridge is per currency anyway")),
    (
        "erpnext-013",
        Elsewhere(
            "exchange differences need the amount in the base currency, which no line carries yet",
        ),
    ),
    ("erpnext-014", Agrees(groups, "cost centers do not part what belongs together")),
    (
        "formance-091",
        Agrees(drift, "the drift per currency is the same; whether a surplus is fine is policy"),
    ),
    ("lasync-092", Elsewhere("reading a file twice is a question of intake")),
    (
        "lerian_alloc-073",
        Differs(
            allocation,
            "whole lines make the sum or nothing is taken; 40 is not allocated on the way",
        ),
    ),
    ("lerian_alloc-075", Differs(allocation, "a sum without a number must agree to the cent")),
    ("lerian_alloc-077", Agrees(allocation, "a zero line adds nothing and is no part")),
    ("lerian_alloc-078", Agrees(allocation, "nothing to meet, nothing joined")),
    ("lerian_alloc-079", Agrees(allocation, "two currencies never meet")),
    ("lerian_alloc-081", Agrees(allocation, "the order of input does not count")),
    (
        "lerian_alloc-082",
        Differs(negative_refused, "a negative amount is a return or a payment, never an error"),
    ),
    (
        "lerian_eng-090",
        Differs(
            groups,
            "unequal amounts under unlike numbers are a hint to a person, never settled",
        ),
    ),
    (
        "lerian_lag-087",
        Differs(
            lag,
            "a fee is accepted on a shared number only; nothing else joins unequal amounts",
        ),
    ),
    ("lerian_tol-084", Elsewhere("no line carries an amount in the base currency yet")),
    (
        "lerian_tol-085",
        Elsewhere("amounts are whole minor units; intake refuses 10.005 instead of rounding it"),
    ),
    ("oca_acc-055", Agrees(groups, "lines of two customers never meet")),
    (
        "oca_bank-050",
        Differs(
            split_allocation,
            "allocation is a different act; one equal amount for two lines is a question",
        ),
    ),
    ("oca_bank-051", Agrees(groups, "the amount in the document's currency counts")),
    ("oca_bank-052", Elsewhere("undo is an event of its own with a reason, above the kernel")),
    ("oca_bank-053", Elsewhere("review is a state of a decision, above the kernel")),
    (
        "oca_mass-017",
        Differs(groups, "two candidates are a question; newest first is a policy, not a proof"),
    ),
    (
        "oca_mass-021",
        Differs(write_off, "a write-off needs a shared number; a close amount alone joins nothing"),
    ),
    (
        "oca_model-023",
        Differs(
            proposals,
            "each line settles once: what the first payment settled is no candidate for the second",
        ),
    ),
    ("oca_model-024", Elsewhere("a scope of rules by cash book; a customer's ledger has none")),
    ("oca_model-026", Elsewhere("a scope of rules by amount; not offered")),
    (
        "oca_model-028",
        Agrees(second_search, "the reference decides before the memo, as in the second setting"),
    ),
    ("oca_model-030", Differs(amounts, "an overpayment without a number is a hint, never a match")),
    ("oca_model-032", Differs(amounts, "a tolerance never joins lines that share no number")),
    (
        "oca_model-034",
        Differs(
            overpaid,
            "money that differs from what it names by more than a fee is left to a person",
        ),
    ),
    ("oca_model-036", Differs(groups, "a payment 5 % above what it names is left to a person")),
    (
        "oca_model-037",
        Differs(groups, "a part payment that only names the invoice is allocated by a person"),
    ),
    ("oca_model-038", Elsewhere("write-off rules are not part of matching")),
    ("oca_model-039", Differs(groups, "amounts of two currencies never meet")),
    ("oca_model-043", Agrees(proposals, "one equal line goes before a sum")),
    ("oca_model-044", Agrees(groups, "a statement that names nobody meets the only customer")),
    ("oca_model-046", Elsewhere("the customer is assigned when the file is read")),
];
