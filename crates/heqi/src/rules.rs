//! `heqi rules`: presets and files of rules, shown, explained and checked.

use std::ffi::OsStr;
use std::path::Path;

use heqi_matching::RuleSet;

use crate::arguments::{Rules, RulesAction, WhichRules};
use crate::failure::{Failure, Kind};
use crate::input;
use crate::nearest::nearest;
use crate::terminal::{Terminal, say};

/// Runs the command.
///
/// # Errors
/// The rules cannot be loaded.
pub fn run(arguments: &Rules, terminal: &Terminal) -> Result<(), Failure> {
    match &arguments.action {
        RulesAction::Show(which) => show(which, terminal),
        RulesAction::Explain(which) => explain(which, terminal),
        RulesAction::Check(which) => check(which, terminal),
    }
}

/// Loads a preset by its name, or a file.
///
/// # Errors
/// Neither a preset nor a file, or a file that is not a rule set.
pub fn load(which: &OsStr, terminal: &Terminal) -> Result<RuleSet, Failure> {
    if let Some(rules) = which.to_str().and_then(RuleSet::preset) {
        return Ok(rules);
    }
    let path = Path::new(which);
    let name = path.display();
    // A word without a dot or a slash was meant as a preset.
    if let Some(word) = which.to_str().filter(|word| !word.contains(['.', '/', '\\']))
        && !path.exists()
    {
        let presets = RuleSet::PRESETS.join(terminal.pick("、", ", "));
        let message =
            say!(terminal, "没有名为「{word}」的规则", "there are no rules named `{word}`");
        let hint = match nearest(word, RuleSet::PRESETS) {
            Some(near) => say!(
                terminal,
                "是不是 {near}？预设有 {presets}，或给出 TOML 文件的路径",
                "did you mean {near}? Presets are {presets}; or give the path of a TOML file"
            ),
            None => say!(
                terminal,
                "预设有 {presets}，或给出 TOML 文件的路径",
                "presets are {presets}; or give the path of a TOML file"
            ),
        };
        return Err(Failure::new(Kind::Usage, message).hint(hint));
    }
    let text = input::read_text(path, terminal)?;
    parse(&name.to_string(), &text, terminal)
}

fn parse(name: &str, text: &str, terminal: &Terminal) -> Result<RuleSet, Failure> {
    let rules = read(name, text, terminal)?;
    let Some((key, rate)) = rules.differences.impossible_rate() else { return Ok(rules) };
    let message = say!(
        terminal,
        "{name}：{key} 中的 {rate} 不是可用的比率",
        "{name}: {rate} in {key} is no rate that an amount can have"
    );
    Err(Failure::new(Kind::Input, message).hint(terminal.pick(
        "比率以百万分之一计，如 13% 写作 130000；折扣与代扣须小于 100%",
        "rates are parts per million, 13 % is 130000; what is taken off is less than 100 %",
    )))
}

fn read(name: &str, text: &str, terminal: &Terminal) -> Result<RuleSet, Failure> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(text));
        let row = before.matches('\n').count() + 1;
        let words = error.message();
        let mut quoted = words.split('`').skip(1).step_by(2);
        let unknown = words.starts_with("unknown field");
        let Some(key) = quoted.next().filter(|_| unknown) else {
            let message =
                say!(terminal, "{name} 第 {row} 行：{words}", "{name}, row {row}: {words}");
            return Failure::new(Kind::Input, message).hint(terminal.pick(
                "用 heqi rules show default 看全部规则的写法",
                "heqi rules show default prints every rule as it is written",
            ));
        };
        let message = say!(
            terminal,
            "{name} 第 {row} 行：没有「{key}」这条规则",
            "{name}, row {row}: there is no rule `{key}`"
        );
        let known: Vec<&str> = quoted.collect();
        let all = known.join(terminal.pick("、", ", "));
        let hint = match nearest(key, known.iter().copied()) {
            Some(near) => say!(
                terminal,
                "是不是 {near}？这里可写：{all}",
                "did you mean {near}? Known here: {all}"
            ),
            None => say!(terminal, "这里可写：{all}", "known here: {all}"),
        };
        Failure::new(Kind::Input, message).hint(hint)
    })
}

fn as_toml(rules: &RuleSet) -> Result<toml::Table, Failure> {
    toml::Table::try_from(rules).map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))
}

fn show(which: &WhichRules, terminal: &Terminal) -> Result<(), Failure> {
    let rules = load(&which.rules, terminal)?;
    let text = toml::to_string_pretty(&rules)
        .map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
    terminal.data(&text)
}

fn explain(which: &WhichRules, terminal: &Terminal) -> Result<(), Failure> {
    let rules = load(&which.rules, terminal)?;
    let mut text = String::new();
    for (index, sentence) in rules.explain(terminal.lang).iter().enumerate() {
        text.push_str(&format!("{:>2}. {sentence}\n", index + 1));
    }
    terminal.data(&text)
}

fn check(which: &WhichRules, terminal: &Terminal) -> Result<(), Failure> {
    let rules = load(&which.rules, terminal)?;
    let name = Path::new(&which.rules).display();
    let changes = changes(&as_toml(&RuleSet::default())?, &as_toml(&rules)?, "");
    let number = changes.len();
    let mut text = say!(
        terminal,
        "{name}：规则有效，与 default 有 {number} 处不同\n",
        "{name}: valid; {number} values differ from default\n"
    );
    for (key, from, to) in changes {
        text.push_str(&say!(terminal, "  {key}：{from} → {to}\n", "  {key}: {from} → {to}\n"));
    }
    if terminal.quiet { Ok(()) } else { terminal.data(&text) }
}

/// Values of `to` that are not those of `from`, with their dotted keys; the name is no rule.
fn changes(from: &toml::Table, to: &toml::Table, prefix: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (key, value) in to {
        let path = format!("{prefix}{key}");
        match (from.get(key), value) {
            (Some(toml::Value::Table(from)), toml::Value::Table(to)) => {
                found.extend(changes(from, to, &format!("{path}.")));
            }
            (old, new) if old != Some(new) && path != "name" => {
                let old = old.map_or_else(|| "-".to_owned(), ToString::to_string);
                found.push((path, old, new.to_string()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use heqi_domain::Lang;

    use super::*;

    #[test]
    fn a_mistake_is_named_with_its_row_and_the_nearest_rule() {
        let check = |text: &str, expected: &str| {
            let terminal = Terminal::plain(Lang::En);
            let failure = parse("my.toml", text, &terminal).expect_err("a mistake");
            let hint = failure.hint.as_deref().unwrap_or_default();
            let said = format!("{failure} | {hint}");
            assert!(said.starts_with(expected), "{said}");
            assert_eq!(failure.kind, Kind::Input);
        };
        check(
            "name = 'mine'\n[passes]\ncombinaton = false\n",
            "my.toml, row 3: there is no rule `combinaton` | did you mean combination? Known here:",
        );
        check("dates = 3\n", "my.toml, row 1: invalid type");
        check("[dates\n", "my.toml, row 1: ");
        check(
            "[differences]\ndiscount_ppm = [20000, 1000000]\n",
            "my.toml: 1000000 in discount_ppm is no rate that an amount can have",
        );
        check("[differences]\ntax_ppm = [0]\n", "my.toml: 0 in tax_ppm is no rate");
    }

    #[test]
    fn presets_survive_the_way_through_a_file() {
        for name in RuleSet::PRESETS {
            let rules = RuleSet::preset(name).expect("a preset");
            let text = toml::to_string_pretty(&rules).expect("toml");
            let back = parse("file", &text, &Terminal::plain(Lang::En)).expect("valid");
            assert_eq!(back, rules, "{name}");
        }
    }

    #[test]
    fn changes_are_listed_by_their_keys() {
        let rules = parse("file", "[dates]\nlater = 40\n", &Terminal::plain(Lang::En));
        let rules = as_toml(&rules.expect("valid")).expect("toml");
        let default = as_toml(&RuleSet::default()).expect("toml");
        let found = changes(&default, &rules, "");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "dates.later");
        assert_eq!(found[0].2, "40");
    }
}
