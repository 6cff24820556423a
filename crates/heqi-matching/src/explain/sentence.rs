//! A discrepancy in one sentence, Chinese or English, from its evidence and lines.

use heqi_domain::{Lang, LineIx, Lines, NO_DAY, Reason, grouped_text, push_day, push_grouped};

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
    let main = discrepancy.verdict.main;
    let label = main.or_else(|| discrepancy.verdict.notes().next());
    let twice = matches!(main, Some(Reason::DuplicateOurs | Reason::DuplicateTheirs));
    let zh = lang == Lang::Zh;
    let mut text = String::with_capacity(160);
    let sides = [(ours, &discrepancy.ours), (theirs, &discrepancy.theirs)];
    let empty = sides.map(|(_, lines)| lines.is_empty());
    text.push_str(label.map_or("", |reason| reason.text(lang).label));
    text.push_str(if zh { "：" } else { ": " });
    for ((lines, indices), name) in
        sides.into_iter().zip(if zh { ["我方 ", "对方 "] } else { ["ours ", "theirs "] })
    {
        if !indices.is_empty() {
            text.push_str(name);
            push_lines(&mut text, lines, indices, exponent, lang);
            text.push_str(if zh { "，" } else { ", " });
        }
    }
    text.push_str(match (lang, empty) {
        (Lang::Zh, [true, true] | [false, false]) => "相差 ",
        (Lang::En, [true, true] | [false, false]) => "difference ",
        (Lang::Zh, _) if twice => "另有相同一笔已核对",
        (Lang::En, _) if twice => "its equal is matched",
        (Lang::Zh, [_, true]) => "对方未见",
        (Lang::Zh, [true, _]) => "我方未见",
        (Lang::En, [_, true]) => "nothing on their side",
        (Lang::En, [true, _]) => "nothing on our side",
    });
    if empty[0] == empty[1] {
        push_grouped(&mut text, discrepancy.amount.into(), exponent);
    }
    if let Some(rate) = discrepancy.evidence.rate_ppm {
        let percent = percent_text(rate);
        text.push_str(&match (discrepancy.verdict.main, lang) {
            (Some(Reason::Discount), Lang::Zh) => format!("，恰为 {percent}% 的折扣"),
            (Some(Reason::Discount), Lang::En) => format!(", exactly a discount of {percent} %"),
            (Some(Reason::Withholding), Lang::Zh) => format!("，恰为代扣的 {percent}%"),
            (Some(Reason::Withholding), Lang::En) => format!(", exactly {percent} % withheld"),
            (_, Lang::Zh) => format!("，恰为 {percent}% 的税额"),
            (_, Lang::En) => format!(", exactly a tax of {percent} %"),
        });
    }
    if !twice && let Some(witness) = discrepancy.evidence.witness {
        text.push_str(&counted(&witness, exponent, lang));
    }
    text
}

/// Parts per million as a percentage, without zeros at its end.
pub(crate) fn percent_text(ppm: i64) -> String {
    grouped_text(i128::from(ppm), 4).trim_end_matches('0').trim_end_matches('.').to_owned()
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
fn push_lines(out: &mut String, lines: &Lines, indices: &[LineIx], exponent: u32, lang: Lang) {
    let zh = lang == Lang::Zh;
    let comma = if zh { "、" } else { ", " };
    for (at, line) in indices.iter().take(3).enumerate() {
        let index = *line as usize;
        if at > 0 {
            out.push_str(comma);
        }
        out.push_str(match (lines.reference.get(*line).trim(), lang) {
            ("", Lang::Zh) => "无单号",
            ("", Lang::En) => "no number",
            (written, _) => written,
        });
        let dated = lines.day[index] != NO_DAY;
        if dated {
            out.push_str(if zh { "（" } else { " (" });
            push_day(out, lines.day[index]);
            out.push_str(if zh { "）" } else { ")" });
        }
        if !(zh && dated) {
            out.push(' ');
        }
        push_grouped(out, lines.amount[index].into(), exponent);
    }
    if indices.len() > 3 {
        out.push_str(&match lang {
            Lang::Zh => format!("等 {} 笔", indices.len()),
            Lang::En => format!(" and {} more", indices.len() - 3),
        });
    }
}
