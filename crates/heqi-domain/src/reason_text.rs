//! What a person reads about a [`Reason`]: name, meaning, who takes it up, what to do next.
//!
//! One file per language, one row per reason, in the order of the reasons. The sentence about
//! a particular discrepancy, with its figures, is written by `heqi-matching`.

mod en;
mod zh;

use crate::{Lang, Reason};

/// Everything said about one reason in one language. Texts are phrases without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonText {
    /// The reason that the row is about; equals the reason it was asked for.
    pub reason: Reason,
    /// The name in lists and workbooks.
    pub label: &'static str,
    /// What is seen.
    pub meaning: &'static str,
    /// Who takes it up unless the enterprise rules otherwise.
    pub owner: &'static str,
    /// What that person does first.
    pub next_step: &'static str,
}

impl Reason {
    /// The texts of this reason in a language.
    #[must_use]
    pub const fn text(self, lang: Lang) -> &'static ReasonText {
        match lang {
            Lang::Zh => &zh::TEXTS[self as usize],
            Lang::En => &en::TEXTS[self as usize],
        }
    }

    /// The name in lists and workbooks: `尾差`, `Rounding`.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        self.text(lang).label
    }

    /// What is seen, as a phrase without a full stop.
    #[must_use]
    pub const fn meaning(self, lang: Lang) -> &'static str {
        self.text(lang).meaning
    }

    /// Who takes it up unless the enterprise rules otherwise.
    #[must_use]
    pub const fn owner(self, lang: Lang) -> &'static str {
        self.text(lang).owner
    }

    /// What that person does first, as a phrase without a full stop.
    #[must_use]
    pub const fn next_step(self, lang: Lang) -> &'static str {
        self.text(lang).next_step
    }
}

/// One row of a table, in the order: label, meaning, owner, next step.
const fn row(reason: Reason, texts: [&'static str; 4]) -> ReasonText {
    let [label, meaning, owner, next_step] = texts;
    ReasonText { reason, label, meaning, owner, next_step }
}

#[cfg(test)]
mod tests {
    //! Goal: no reason without its texts, none with another's, each in its own language.

    use std::collections::BTreeSet;

    use super::*;

    fn parts(text: &ReasonText) -> [&'static str; 4] {
        [text.label, text.meaning, text.owner, text.next_step]
    }

    #[test]
    fn every_reason_has_its_own_texts() {
        assert_eq!((zh::TEXTS.len(), en::TEXTS.len()), (Reason::ALL.len(), Reason::ALL.len()));
        for reason in Reason::ALL {
            for lang in Lang::ALL {
                let text = reason.text(lang);
                assert_eq!(text.reason, *reason, "the row of {} is out of order", reason.code());
                for part in parts(text) {
                    assert_eq!(part.trim(), part);
                    assert!(!part.is_empty(), "{} lacks a text in {lang}", reason.code());
                    assert!(!part.ends_with(['.', '。']), "`{part}` ends with a full stop");
                }
            }
        }
    }

    #[test]
    fn no_two_reasons_share_a_name_a_meaning_or_a_next_step() {
        for lang in Lang::ALL {
            for which in [0, 1, 3] {
                let texts: BTreeSet<&str> =
                    Reason::ALL.iter().map(|reason| parts(reason.text(lang))[which]).collect();
                assert_eq!(texts.len(), Reason::ALL.len(), "text {which} in {lang} repeats");
            }
        }
    }

    #[test]
    fn each_language_keeps_to_itself() {
        let is_chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        for reason in Reason::ALL {
            for part in parts(reason.text(Lang::En)) {
                assert!(part.is_ascii(), "`{part}` is not plain English");
            }
            for part in parts(reason.text(Lang::Zh)) {
                assert!(part.chars().any(is_chinese), "`{part}` is not Chinese");
                assert!(!part.contains(|letter: char| letter.is_ascii_alphabetic()), "`{part}`");
                assert!(!part.contains([',', ';', ':', '(']), "`{part}`: use ，；：（");
                assert!(!part.contains('帐'), "`{part}`: write 账");
            }
            assert!(reason.label(Lang::Zh).chars().count() <= 8, "{}", reason.label(Lang::Zh));
            assert!(reason.label(Lang::En).len() <= 32, "{}", reason.label(Lang::En));
        }
    }
}
