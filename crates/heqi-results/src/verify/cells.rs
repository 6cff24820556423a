//! Cells taken apart: ids, codes, amounts, verdicts.

use std::collections::HashMap;

use heqi_domain::{Currency, LineIx, Lines, Money, Reason, Side};
use heqi_matching::{GroupId, Pass, State, Verdict};

/// The lines of both sides by the id that results call them.
pub struct Names {
    sides: [HashMap<String, LineIx>; 2],
}

impl Names {
    pub fn new(lines: [&Lines; 2]) -> Self {
        let names = |lines: &Lines| {
            (0..lines.len() as LineIx).map(|at| (lines.id_of(at).into_owned(), at)).collect()
        };
        Self { sides: lines.map(names) }
    }

    pub fn line(&self, side: Side, id: &str) -> Option<LineIx> {
        self.sides[usize::from(side == Side::Theirs)].get(id).copied()
    }
}

pub fn side(code: &str) -> Option<Side> {
    [Side::Ours, Side::Theirs].into_iter().find(|side| side.code() == code)
}

pub fn state(code: &str) -> Option<State> {
    [State::Settled, State::Differs, State::Suggested].into_iter().find(|it| it.code() == code)
}

pub fn pass(code: &str) -> Option<Pass> {
    Pass::ALL.into_iter().find(|pass| pass.code() == code)
}

/// `G` or `D` and sixteen hexadecimal digits.
pub fn id(prefix: char, text: &str) -> Option<GroupId> {
    let digits = text.strip_prefix(prefix).filter(|digits| digits.len() == 16)?;
    let lower = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(digits, 16).ok().filter(|_| lower).map(GroupId)
}

pub fn amount(text: &str, currency: Currency) -> Option<i64> {
    Money::parse(text, currency.exponent()).ok().map(Money::minor)
}

/// `main+note+note`. A first code that may be a note is one, unless `main_first` says that the
/// row always has a main reason.
pub fn verdict(code: &str, main_first: bool) -> Option<Verdict> {
    let mut verdict = Verdict::NONE;
    if code.is_empty() {
        return Some(verdict);
    }
    for (at, code) in code.split('+').enumerate() {
        let reason = Reason::from_code(code)?;
        if at == 0 && (main_first || !reason.is_note()) {
            verdict = Verdict::of(reason);
        } else if reason.is_note() {
            verdict = verdict.with(reason);
        } else {
            return None;
        }
    }
    Some(verdict)
}
