//! A discrepancy in one sentence, Chinese or English, from its evidence and lines.

use heqi_domain::{Lang, LineIx, Lines, NO_DAY, Reason, day_text, grouped_text};

use crate::evidence::Witness;
use crate::outcome::{Discrepancy, Outcome};

/// The sentence of a discrepancy: what is seen, on which documents, by how much.
#[must_use]
pub fn sentence(
    discrepancy: &Discrepancy,
    outcome: &Outcome,
    ours: &Lines,
    theirs: &Lines,
    lang: Lang,
) -> String {
    let account = &outcome.blocks[discrepancy.block as usize].account;
    let exponent = account.currency.exponent();
    let amount = grouped_text(i128::from(discrepancy.amount), exponent);
    let label = discrepancy
        .verdict
        .main
        .or_else(|| discrepancy.verdict.notes().next())
        .map_or("", |reason| reason.text(lang).label);
    let ours_text = side_text(ours, &discrepancy.ours, exponent, lang);
    let theirs_text = side_text(theirs, &discrepancy.theirs, exponent, lang);
    let twice =
        matches!(discrepancy.verdict.main, Some(Reason::DuplicateOurs | Reason::DuplicateTheirs));
    let mut text = match (lang, ours_text.is_empty(), theirs_text.is_empty()) {
        (Lang::Zh, false, true) if twice => {
            format!("{label}：我方 {ours_text}，另有相同一笔已核对")
        }
        (Lang::Zh, true, false) if twice => {
            format!("{label}：对方 {theirs_text}，另有相同一笔已核对")
        }
        (Lang::En, false, true) if twice => {
            format!("{label}: ours {ours_text}, its equal is matched")
        }
        (Lang::En, true, false) if twice => {
            format!("{label}: theirs {theirs_text}, its equal is matched")
        }
        (Lang::Zh, false, false) => {
            format!("{label}：我方 {ours_text}，对方 {theirs_text}，相差 {amount}")
        }
        (Lang::Zh, false, true) => format!("{label}：我方 {ours_text}，对方未见"),
        (Lang::Zh, true, false) => format!("{label}：对方 {theirs_text}，我方未见"),
        (Lang::Zh, true, true) => format!("{label}：相差 {amount}"),
        (Lang::En, false, false) => {
            format!("{label}: ours {ours_text}, theirs {theirs_text}, difference {amount}")
        }
        (Lang::En, false, true) => format!("{label}: ours {ours_text}, nothing on their side"),
        (Lang::En, true, false) => format!("{label}: theirs {theirs_text}, nothing on our side"),
        (Lang::En, true, true) => format!("{label}: difference {amount}"),
    };
    if let Some(rate) = discrepancy.evidence.rate_ppm {
        let percent = grouped_text(i128::from(rate), 4);
        let percent = percent.trim_end_matches('0').trim_end_matches('.').to_owned();
        text.push_str(&match lang {
            Lang::Zh => format!("，恰为 {percent}% 的税额"),
            Lang::En => format!(", exactly a tax of {percent} %"),
        });
    }
    if !twice && let Some(witness) = discrepancy.evidence.witness {
        text.push_str(&counted(&witness, exponent, lang));
    }
    text
}

/// The counting witness, where it proves that lines are missing whatever the pairing.
fn counted(witness: &Witness, exponent: u32, lang: Lang) -> String {
    let (ours, theirs) = (witness.ours, witness.theirs);
    let missing = ours.abs_diff(theirs);
    if missing == 0 || ours.max(theirs) < 2 {
        return String::new();
    }
    let amount = grouped_text(i128::from(witness.amount), exponent);
    match lang {
        Lang::Zh => format!(
            "；前后半年内 {amount} 的款项我方 {ours} 笔、对方 {theirs} 笔，\
             无论怎样勾对至少差 {missing} 笔"
        ),
        Lang::En => format!(
            "; of {amount} you list {ours} within half a year and they list {theirs}: whatever \
             the pairing, at least {missing} missing"
        ),
    }
}

/// Up to three lines by number, date and amount; more are only counted.
fn side_text(lines: &Lines, indices: &[LineIx], exponent: u32, lang: Lang) -> String {
    let mut parts: Vec<String> = indices
        .iter()
        .take(3)
        .map(|line| {
            let index = *line as usize;
            let reference = match (lines.reference.get(*line), lang) {
                ("", Lang::Zh) => "无单号",
                ("", Lang::En) => "no number",
                (written, _) => written,
            };
            let day = if lines.day[index] == NO_DAY {
                String::new()
            } else {
                let day = day_text(lines.day[index]);
                if lang == Lang::Zh { format!("（{day}）") } else { format!(" ({day})") }
            };
            let amount = grouped_text(i128::from(lines.amount[index]), exponent);
            match (lang, day.is_empty()) {
                (Lang::Zh, false) => format!("{reference}{day}{amount}"),
                _ => format!("{reference}{day} {amount}"),
            }
        })
        .collect();
    if indices.len() > 3 {
        parts.push(match lang {
            Lang::Zh => format!("等 {} 笔", indices.len()),
            Lang::En => format!(" and {} more", indices.len() - 3),
        });
    }
    parts.join(if lang == Lang::Zh { "、" } else { ", " }).trim().to_owned()
}
