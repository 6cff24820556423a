//! What must be known about the reading before the figures: mirrored, outside the period.

use heqi_domain::Period;

use super::{Outside, View};
use crate::terminal::{Terminal, count, say};

/// Why their amounts were mirrored; nothing where they stand as read.
pub fn view_note(view: View, terminal: &Terminal) -> Option<String> {
    Some(match view {
        View::AsRead => return None,
        View::Asked => terminal
            .pick(
                "对方账按指定的应付口径换算为应收口径",
                "theirs: mirrored from payable to receivable, as asked",
            )
            .to_owned(),
        View::Stated => terminal
            .pick(
                "对方账以应付记账（见其列名），已换算为应收口径",
                "theirs: kept as a payable (its columns say so), mirrored to the receivable",
            )
            .to_owned(),
        View::Detected { same, opposite } => {
            let (shared, opposite) = (count(same + opposite), count(opposite));
            say!(
                terminal,
                "对方账以应付记账（单号相同的 {shared} 笔中有 {opposite} 笔方向相反），\
                 已换算为应收口径",
                "theirs: kept as a payable ({opposite} of {shared} shared references carry the \
                 opposite sign), mirrored to the receivable"
            )
        }
    })
}

/// How many lines of a side the period leaves out.
pub fn outside_note(word: &str, period: Period, outside: Outside, terminal: &Terminal) -> String {
    let period = period.label(terminal.lang);
    let mut parts = Vec::new();
    let mut part = |number: u64, zh: &str, en: &str| {
        if number > 0 {
            let number = count(number);
            let words = terminal.pick(zh, en);
            parts.push(say!(terminal, "{words} {number} 行", "{number} {words}"));
        }
    };
    part(outside.before, "期前", "before it");
    part(outside.after, "期后", "after it");
    part(outside.undated, "无日期", "without a date");
    let parts = parts.join(terminal.pick("、", ", "));
    say!(
        terminal,
        "{word}只核对{period}：{parts}未参与",
        "{word}: only {period} is matched; left out: {parts}"
    )
}
