//! Which characters of two texts differ: what the eye is led to when two lines lie side by side.

use serde::Serialize;
use utoipa::ToSchema;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Piece {
    /// The characters as they are written.
    pub text: String,
    /// Whether the other side has something else here.
    pub differs: bool,
}

/// One text of each side in pieces; put together they are the texts again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Marked {
    /// Ours.
    pub ours: Vec<Piece>,
    /// Theirs.
    pub theirs: Vec<Piece>,
}

/// Longest text that is compared as a sequence; beyond it only both ends are compared.
const SEQUENCE_MAX: usize = 200;

/// The pieces of two texts. Width and case make no difference, as nowhere in matching.
///
/// Texts of one length are compared place by place, since two swapped digits are two wrong
/// places to a reader and not one moved digit; others by their longest common sequence.
#[must_use]
pub fn mark(ours: &str, theirs: &str) -> Marked {
    let (left, right): (Vec<char>, Vec<char>) = (ours.chars().collect(), theirs.chars().collect());
    let (differs_left, differs_right) = if left.len() == right.len() {
        let differs: Vec<bool> = left.iter().zip(&right).map(|(a, b)| !same(*a, *b)).collect();
        (differs.clone(), differs)
    } else {
        by_sequence(&left, &right)
    };
    Marked { ours: pieces(&left, &differs_left), theirs: pieces(&right, &differs_right) }
}

fn same(one: char, other: char) -> bool {
    fold(one) == fold(other)
}

fn fold(letter: char) -> char {
    let narrow = match u32::from(letter) {
        0x3000 => ' ',
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(letter),
        _ => letter,
    };
    narrow.to_ascii_lowercase()
}

/// What is in no longest common sequence, after the common beginning and end are set aside.
fn by_sequence(left: &[char], right: &[char]) -> (Vec<bool>, Vec<bool>) {
    let start = left.iter().zip(right).take_while(|(a, b)| same(**a, **b)).count();
    let (rest_left, rest_right) = (&left[start..], &right[start..]);
    let pairs = rest_left.iter().rev().zip(rest_right.iter().rev());
    let ends = pairs.take_while(|(a, b)| same(**a, **b)).count();
    let middle_left = &rest_left[..rest_left.len() - ends];
    let middle_right = &rest_right[..rest_right.len() - ends];
    let mut differs = (vec![false; left.len()], vec![false; right.len()]);
    differs.0[start..start + middle_left.len()].fill(true);
    differs.1[start..start + middle_right.len()].fill(true);
    if middle_left.len().max(middle_right.len()) <= SEQUENCE_MAX {
        for (at_left, at_right) in common(middle_left, middle_right) {
            differs.0[start + at_left] = false;
            differs.1[start + at_right] = false;
        }
    }
    differs
}

/// The places of a longest common sequence.
fn common(left: &[char], right: &[char]) -> Vec<(usize, usize)> {
    let width = right.len() + 1;
    // Cell (i, j): length of the longest sequence common to left[i..] and right[j..].
    let mut lengths = vec![0_u16; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            lengths[i * width + j] = if same(left[i], right[j]) {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < left.len() && j < right.len() {
        if same(left[i], right[j]) {
            found.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

fn pieces(letters: &[char], differs: &[bool]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (letter, differs) in letters.iter().zip(differs) {
        match pieces.last_mut() {
            Some(last) if last.differs == *differs => last.text.push(*letter),
            _ => pieces.push(Piece { text: letter.to_string(), differs: *differs }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    //! Goal: the marks name every difference and nothing else, and no character is lost.

    use proptest::prelude::*;

    use super::*;

    /// `12[50].00`: what differs stands in brackets.
    fn shown(pieces: &[Piece]) -> String {
        let shown = |piece: &Piece| match piece.differs {
            true => format!("[{}]", piece.text),
            false => piece.text.clone(),
        };
        pieces.iter().map(shown).collect()
    }

    fn pair(ours: &str, theirs: &str) -> (String, String) {
        let marked = mark(ours, theirs);
        (shown(&marked.ours), shown(&marked.theirs))
    }

    #[test]
    fn marks_what_a_reader_would_mark() {
        for (ours, theirs, left, right) in [
            ("1,250.00", "1,520.00", "1,[25]0.00", "1,[52]0.00"),
            ("XS001", "ＸＳ００１", "XS001", "ＸＳ００１"),
            ("xs001", "XS001", "xs001", "XS001"),
            ("2026-10-31", "2026-11-01", "2026-1[0]-[3]1", "2026-1[1]-[0]1"),
            ("送货单 88", "88", "[送货单 ]88", "88"),
            ("", "88", "", "[88]"),
        ] {
            assert_eq!(pair(ours, theirs), (left.to_owned(), right.to_owned()), "{ours} {theirs}");
        }
        // One digit is missing: exactly one character of ours is marked, none of theirs.
        let (left, right) = pair("XS-20261008", "XS-2026108");
        assert_eq!((left.matches('[').count(), right.contains('[')), (1, false), "{left} {right}");
    }

    proptest! {
        #[test]
        fn pieces_are_the_texts_and_what_is_unmarked_is_common(
            ours in "[0-9A-C收款Ａ０-９]{0,24}",
            theirs in "[0-9a-c收款]{0,24}",
        ) {
            let marked = mark(&ours, &theirs);
            let whole = |pieces: &[Piece]| -> String {
                pieces.iter().map(|piece| piece.text.as_str()).collect()
            };
            prop_assert_eq!(whole(&marked.ours), &ours[..]);
            prop_assert_eq!(whole(&marked.theirs), &theirs[..]);
            let kept = |pieces: &[Piece]| -> String {
                pieces.iter().filter(|piece| !piece.differs)
                    .flat_map(|piece| piece.text.chars().map(fold)).collect()
            };
            prop_assert_eq!(kept(&marked.ours), kept(&marked.theirs));
        }

        #[test]
        fn a_text_beside_itself_has_no_mark(text in "\\PC{0,300}") {
            prop_assert!(!mark(&text, &text).ours.iter().any(|piece| piece.differs));
        }

        #[test]
        fn sides_can_be_swapped_in_how_much_is_marked(
            ours in "[0-9]{0,12}", theirs in "[0-9]{0,12}",
        ) {
            let count = |pieces: &[Piece]| -> usize {
                pieces.iter().filter(|p| p.differs).map(|p| p.text.chars().count()).sum()
            };
            let (one, other) = (mark(&ours, &theirs), mark(&theirs, &ours));
            prop_assert_eq!(count(&one.ours), count(&other.theirs));
        }
    }

    #[test]
    fn very_long_texts_are_compared_at_both_ends() {
        let ours = format!("A{}Z", "x".repeat(400));
        let theirs = format!("A{}Z", "y".repeat(300));
        let marked = mark(&ours, &theirs);
        assert_eq!(marked.ours.len(), 3);
        assert!(!marked.ours[0].differs && marked.ours[1].differs && !marked.ours[2].differs);
    }
}
