//! Column mappings on the command line: `amount=金额,date=日期`.

use heqi_intake::Role;

use crate::failure::{Failure, Kind};
use crate::nearest::nearest;
use crate::terminal::{Terminal, say};

/// Every role a column may be given, as written on the command line.
pub const ROLES: &[(&str, Role)] = &[
    ("date", Role::Date),
    ("time", Role::Time),
    ("due", Role::Due),
    ("reference", Role::Reference),
    ("other_reference", Role::OtherReference),
    ("amount", Role::Amount),
    ("debit", Role::Debit),
    ("credit", Role::Credit),
    ("direction", Role::Direction),
    ("balance", Role::Balance),
    ("customer", Role::Customer),
    ("currency", Role::Currency),
    ("kind", Role::Kind),
    ("text", Role::Text),
    ("id", Role::Id),
    ("tax", Role::Tax),
    ("quantity", Role::Quantity),
    ("price", Role::Price),
    ("discount", Role::Discount),
    ("status", Role::Status),
    ("paid_by", Role::PaidBy),
    ("ignored", Role::Ignored),
];

/// Reads the mappings of one file; `flag` names the option in messages.
///
/// Pairs are separated by commas; a comma within a column name is written `\,`.
///
/// # Errors
/// A pair without `=`, or a role that is none.
pub fn parse(
    flag: &str,
    texts: &[String],
    terminal: &Terminal,
) -> Result<Vec<(Role, String)>, Failure> {
    let mut map = Vec::new();
    for pair in texts.iter().flat_map(|text| split(text)) {
        let Some((role, column)) =
            pair.split_once('=').filter(|(_, column)| !column.trim().is_empty())
        else {
            let message = say!(
                terminal,
                "{flag} 里的「{pair}」缺少列名",
                "`{pair}` in {flag} names no column"
            );
            return Err(Failure::new(Kind::Usage, message).hint(terminal.pick(
                "写成 用途=列名，例如 'amount=金额,date=日期'",
                "write role=column, for instance 'amount=Total,date=Posted'",
            )));
        };
        let role = role.trim().to_lowercase();
        let Some((_, role)) = ROLES.iter().find(|(name, _)| *name == role) else {
            return Err(unknown_role(flag, &role, terminal));
        };
        map.push((*role, column.trim().to_owned()));
    }
    Ok(map)
}

/// The mapping as text that [`parse`] reads back.
pub fn write(map: &[(Role, String)]) -> String {
    let word =
        |role: Role| ROLES.iter().find(|(_, known)| *known == role).map_or("", |(word, _)| word);
    let pair =
        |(role, column): &(Role, String)| format!("{}={}", word(*role), column.replace(',', "\\,"));
    map.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn unknown_role(flag: &str, role: &str, terminal: &Terminal) -> Failure {
    let names = || ROLES.iter().map(|(name, _)| *name);
    let all = names().collect::<Vec<_>>().join(terminal.pick("、", ", "));
    let message = say!(
        terminal,
        "{flag} 里的「{role}」不是列的用途",
        "`{role}` in {flag} is not a role of a column"
    );
    let hint = match nearest(role, names()) {
        Some(near) => {
            say!(terminal, "是不是 {near}？可用：{all}", "did you mean {near}? Roles: {all}")
        }
        None => say!(terminal, "可用：{all}", "roles: {all}"),
    };
    Failure::new(Kind::Usage, message).hint(hint)
}

fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&',') => {
                characters.next();
                parts.last_mut().expect("never empty").push(',');
            }
            ',' => parts.push(String::new()),
            _ => parts.last_mut().expect("never empty").push(character),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use heqi_domain::Lang;

    use super::*;

    #[test]
    fn pairs_are_read_and_mistakes_are_named() {
        let check = |texts: &[&str], expected: Result<&[(Role, &str)], &str>| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let got = parse("--map-ours", &texts, &Terminal::plain(Lang::En));
            match (got, expected) {
                (Ok(map), Ok(expected)) => {
                    let map: Vec<(Role, &str)> =
                        map.iter().map(|(role, name)| (*role, name.as_str())).collect();
                    assert_eq!(map, expected, "{texts:?}");
                }
                (Err(failure), Err(expected)) => {
                    let hint = failure.hint.as_deref().unwrap_or_default();
                    let text = format!("{failure} | {hint}");
                    assert!(text.starts_with(expected), "{text}");
                    assert_eq!(failure.kind, Kind::Usage);
                }
                (got, expected) => panic!("{texts:?}: {got:?}, expected {expected:?}"),
            }
        };
        check(
            &["amount=金额, date=日期", "Text=摘要"],
            Ok(&[(Role::Amount, "金额"), (Role::Date, "日期"), (Role::Text, "摘要")]),
        );
        check(&[r"amount=Total\, net"], Ok(&[(Role::Amount, "Total, net")]));
        check(&["amount=3,"], Ok(&[(Role::Amount, "3")]));
        check(&[], Ok(&[]));
        check(
            &["amonut=金额"],
            Err("`amonut` in --map-ours is not a role of a column | did you mean amount?"),
        );
        check(&["amount"], Err("`amount` in --map-ours names no column"));
        check(&["amount="], Err("`amount=` in --map-ours names no column"));
    }

    #[test]
    fn a_mapping_is_written_as_it_is_read() {
        let map = vec![(Role::Amount, "Total, net".to_owned()), (Role::Date, "日期".to_owned())];
        let text = write(&map);
        assert_eq!(text, r"amount=Total\, net,date=日期");
        assert_eq!(parse("--map", &[text], &Terminal::plain(Lang::En)).expect("valid"), map);
    }

    #[test]
    fn every_role_is_written_as_in_json() {
        for (name, role) in ROLES {
            assert_eq!(serde_json::to_value(role).expect("a word"), *name);
        }
    }
}
