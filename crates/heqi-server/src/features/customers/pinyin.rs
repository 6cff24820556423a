//! Search by pinyin 拼音检索: full, initials, and every reading of a character that has several.
//!
//! `search` holds code, names, pinyin and initials, each behind a bar: `|C001|海仓贸易|HAICANGMAOYI
//! |HCMY`. What somebody types is folded the same way, and every word of it has to occur; behind
//! a bar it is the beginning of something, which ranks before the rest. No crate knows how a
//! place or a surname is read, so a table of our own says which reading is tried first.

use heqi_domain::plain_name;
use heqi_platform::Sql;
use pinyin::ToPinyinMulti;

/// Longest part of a name that is spelled: what nobody types needs no readings.
const LETTERS_MAX: usize = 24;
/// Most spellings kept for one name.
const SPELLINGS_MAX: usize = 32;

/// Words whose characters are read otherwise than the most common way.
const WORDS: &[(&str, &[&str])] = &[
    ("重庆", &["CHONG", "QING"]),
    ("厦门", &["XIA", "MEN"]),
    ("长", &["CHANG"]),
    ("大厦", &["DA", "SHA"]),
    ("银行", &["YIN", "HANG"]),
    ("六安", &["LU", "AN"]),
    ("蚌埠", &["BENG", "BU"]),
    ("番禺", &["PAN", "YU"]),
    ("莘庄", &["XIN", "ZHUANG"]),
    ("都", &["DU"]),
    ("行", &["HANG"]),
];

/// Surnames 姓 that are read otherwise than the word they are written like.
const SURNAMES: &[(&str, &[&str])] = &[
    ("万俟", &["MO", "QI"]),
    ("尉迟", &["YU", "CHI"]),
    ("单", &["SHAN"]),
    ("曾", &["ZENG"]),
    ("仇", &["QIU"]),
    ("解", &["XIE"]),
    ("查", &["ZHA"]),
    ("盖", &["GE"]),
    ("乐", &["YUE"]),
    ("区", &["OU"]),
    ("朴", &["PIAO"]),
    ("覃", &["QIN"]),
    ("翟", &["ZHAI"]),
    ("任", &["REN"]),
    ("华", &["HUA"]),
    ("缪", &["MIAO"]),
    ("召", &["SHAO"]),
    ("种", &["CHONG"]),
    ("折", &["SHE"]),
    ("员", &["YUN"]),
    ("秘", &["BI"]),
    ("洗", &["XIAN"]),
    ("冼", &["XIAN"]),
    ("燕", &["YAN"]),
    ("宁", &["NING"]),
];

/// The text that a customer or a product is searched in.
#[must_use]
pub fn search_text<'a>(code: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let mut parts = vec![plain_name(code)];
    for name in names {
        let plain = plain_name(name);
        let readings = readings(&heqi_domain::fold_name(name));
        let mut initials: Vec<Vec<String>> = readings.clone();
        for of_one in &mut initials {
            of_one.iter_mut().for_each(|reading| reading.truncate(first_length(reading)));
            let mut seen = Vec::new();
            of_one.retain(|letter| !seen.contains(letter) && (seen.push(letter.clone()), true).1);
        }
        parts.push(plain);
        parts.extend(spellings(&readings));
        parts.extend(spellings(&initials));
    }
    let mut text = String::from("|");
    let mut seen: Vec<&str> = Vec::new();
    for part in &parts {
        if !part.is_empty() && !seen.contains(&part.as_str()) {
            seen.push(part);
            text.push_str(part);
            text.push('|');
        }
    }
    text
}

/// What somebody typed as words that each have to occur; `海cang` is two.
#[must_use]
pub fn words(typed: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in typed.split_whitespace() {
        let mut last = None;
        for letter in plain_name(word).chars() {
            let kind = letter.is_ascii();
            match words.last_mut().filter(|_| last == Some(kind)) {
                Some(word) => word.push(letter),
                None => words.push(letter.to_string()),
            }
            last = Some(kind);
        }
    }
    words
}

/// Appends where a search ranks a row by its `search`: 0, the code; 1, the beginning of
/// something; 2, somewhere.
pub fn push_place(sql: &mut Sql, words: &[String]) {
    let Some(first) = words.first() else {
        sql.push("0");
        return;
    };
    sql.push("CASE WHEN search LIKE ").push_bind(format!("|{first}|%"));
    sql.push(" THEN 0 WHEN 1 = 0");
    for word in words {
        sql.push(" OR search LIKE ").push_bind(format!("%|{word}%"));
    }
    sql.push(" THEN 1 ELSE 2 END");
}

/// Appends ` AND …` for each word: it has to occur in `search`.
pub fn push_words(sql: &mut Sql, words: &[String]) {
    for word in words {
        // Letters and digits only, so that nothing in it is a wildcard.
        sql.push(" AND search LIKE ").push_bind(format!("%{word}%"));
    }
}

/// The readings of each character, the likeliest first; what has none stands for itself.
fn readings(name: &str) -> Vec<Vec<String>> {
    let letters: Vec<char> = name.chars().take(LETTERS_MAX).collect();
    let mut all: Vec<Vec<String>> = letters.iter().map(|letter| of_letter(*letter)).collect();
    for at in (0..letters.len()).rev() {
        let surnames = SURNAMES.iter().filter(|_| at == 0);
        let known = WORDS.iter().chain(surnames);
        for (word, preferred) in known {
            if name_at(&letters, at).starts_with(word) {
                for (place, reading) in (at..).zip(*preferred) {
                    all[place].retain(|other| other != reading);
                    all[place].insert(0, (*reading).to_owned());
                }
            }
        }
    }
    all
}

fn name_at(letters: &[char], at: usize) -> String {
    letters[at..].iter().take(2).collect()
}

fn of_letter(letter: char) -> Vec<String> {
    let Some(multi) = letter.to_pinyin_multi() else { return vec![letter.to_string()] };
    let mut readings: Vec<String> = Vec::new();
    for reading in multi {
        // ü is typed as v, and as u on documents.
        let plain = reading.plain().to_uppercase();
        for spelled in [plain.replace('Ü', "V"), plain.replace('Ü', "U")] {
            if !readings.contains(&spelled) {
                readings.push(spelled);
            }
        }
    }
    readings
}

/// The likeliest spelling, then those that differ in one place, then in two: whoever types an
/// unusual reading does so once or twice in a name.
fn spellings(readings: &[Vec<String>]) -> Vec<String> {
    let spell = |changes: &[(usize, usize)]| -> String {
        let pick = |(at, of_one): (usize, &Vec<String>)| {
            let change = changes.iter().find(|(place, _)| *place == at);
            of_one[change.map_or(0, |(_, which)| *which)].clone()
        };
        readings.iter().enumerate().map(pick).collect()
    };
    let single: Vec<(usize, usize)> = (0..readings.len())
        .flat_map(|at| (1..readings[at].len()).map(move |which| (at, which)))
        .collect();
    let pairs = single.iter().enumerate().flat_map(|(index, first)| {
        let later = single[index + 1..].iter().filter(|second| second.0 != first.0);
        later.map(|second| vec![*first, *second])
    });
    let ones = single.iter().map(|one| vec![*one]);
    let changes = std::iter::once(Vec::new()).chain(ones).chain(pairs);
    changes.take(SPELLINGS_MAX).map(|changes| spell(&changes)).collect()
}

/// Bytes of the first character.
fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(name: &str, typed: &str) {
        let text = search_text("", [name]);
        assert!(words(typed).iter().all(|word| text.contains(word)), "{typed} in {text}");
    }

    /// The first spelling: what ranks before the others.
    #[track_caller]
    fn begins(name: &str, typed: &str) {
        let text = search_text("", [name]);
        assert!(text.contains(&format!("|{}", typed.to_uppercase())), "|{typed} in {text}");
    }

    #[test]
    fn what_people_type_finds_the_name() {
        for typed in
            ["hcmy", "haicang", "海仓", "hc", "HaiCang", "海cang", "maoyi", "海仓贸易有限公司"]
        {
            finds("海仓贸易有限公司", typed);
        }
        for typed in ["chongqing", "cq", "zhongqing", "zq", "重庆"] {
            finds("重庆长江物流有限公司", typed);
        }
        finds("重庆长江物流有限公司", "cqcj");
        finds("上海吕氏食品", "lvshi");
        finds("上海吕氏食品", "lushi");
        finds("ABC（上海）贸易", "abcsh");
        finds("𠮷野家", "𠮷");
        finds("华为技术有限公司", "hw");
    }

    #[test]
    fn places_and_surnames_are_read_as_people_read_them() {
        for (name, full, initials) in [
            ("重庆", "chongqing", "cq"),
            ("厦门海贸", "xiamenhaimao", "xmhm"),
            ("长沙", "changsha", "cs"),
            ("单建国", "shanjianguo", "sjg"),
            ("曾氏建材", "zengshi", "zs"),
            ("仇和", "qiuhe", "qh"),
            ("解放", "xiefang", "xf"),
            ("查理", "zhali", "zl"),
            ("盖茨", "geci", "gc"),
            ("乐毅", "yueyi", "yy"),
            ("区先生", "ouxiansheng", "oxs"),
            ("万俟卨", "moqi", "mq"),
        ] {
            begins(name, full);
            begins(name, initials);
        }
        // Who takes it for the common word still finds it.
        for (name, typed) in [("解放", "jiefang"), ("乐毅", "leyi"), ("盖茨", "gaici")] {
            finds(name, typed);
        }
    }

    #[test]
    fn a_long_name_of_many_readings_stays_small() {
        let text = search_text("C", ["重长行单解乐重长行单解乐重长行单解乐重长行单解乐重长行单"]);
        assert!(text.len() < 8_000, "{}", text.len());
        assert!(search_text("", []).len() == 1 && words(" -- ").is_empty());
    }
}
