//! A command line that cannot be understood, told in the language of the person who typed it.
//!
//! The parser's own words are English; its kinds of error are few, so each has a sentence here.
//! What has none is told in the parser's words.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use heqi_domain::Lang;

use crate::arguments::Language;
use crate::failure::{Failure, Kind};

/// The language asked for on a command line that could not be parsed: `--lang en`, `--lang=en`.
pub fn language(arguments: impl Iterator<Item = OsString>) -> Option<Language> {
    let mut flag = None;
    let mut expected = false;
    for argument in arguments.skip(1).take_while(|argument| argument != "--") {
        let argument = argument.to_string_lossy();
        let value = if expected { Some(&*argument) } else { argument.strip_prefix("--lang=") };
        flag = match value {
            Some("zh") => Some(Language::Zh),
            Some("en") => Some(Language::En),
            _ => flag,
        };
        expected = argument == "--lang";
    }
    flag
}

/// What is wrong with the command line and how it should look; `None` where the parser has no
/// error but a page to show (help, version).
pub fn failure(error: &Error, lang: Lang) -> Option<Failure> {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let message = match lang {
        Lang::Zh => chinese(error).unwrap_or_else(|| english(error)),
        Lang::En => english(error),
    };
    let failure = Failure::new(Kind::Usage, message);
    Some(match hint(error, lang) {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}

/// The first paragraph of the parser's message.
fn english(error: &Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let first = text.split("\n\n").next().unwrap_or(text);
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn chinese(error: &Error) -> Option<String> {
    let get = |kind| error.get(kind).map(shown);
    let argument = get(ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("缺少 {}", argument?),
        ErrorKind::UnknownArgument => match argument? {
            flag if flag.starts_with('-') => format!("没有参数「{flag}」"),
            word => format!("多出了「{word}」"),
        },
        ErrorKind::InvalidSubcommand => {
            format!("没有子命令「{}」", get(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::ArgumentConflict => match get(ContextKind::PriorArg) {
            Some(prior) if prior != argument.clone()? => {
                format!("{} 与 {prior} 不能同时使用", argument?)
            }
            _ => format!("{} 只能给一次", argument?),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            match get(ContextKind::InvalidValue).filter(|value| !value.is_empty()) {
                Some(value) => format!("{} 的值「{value}」无效", argument?),
                None => format!("{} 后面要跟一个值", argument?),
            }
        }
        ErrorKind::MissingSubcommand => "缺少子命令".to_owned(),
        ErrorKind::TooManyValues => format!("{} 后面不能跟值", argument?),
        ErrorKind::NoEquals => format!("{} 与它的值之间要用等号", argument?),
        ErrorKind::InvalidUtf8 => "参数中有不是 UTF-8 的字符".to_owned(),
        _ => return None,
    })
}

/// What it could have been, else how the command goes.
fn hint(error: &Error, lang: Lang) -> Option<String> {
    let meant = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
        ContextKind::ValidValue,
    ];
    for kind in meant {
        let Some(value) = error.get(kind).map(shown).filter(|value| !value.is_empty()) else {
            continue;
        };
        return Some(match (kind, lang) {
            (ContextKind::ValidValue, Lang::Zh) => format!("可以是 {}", value.replace(' ', "、")),
            (ContextKind::ValidValue, Lang::En) => {
                format!("it may be {}", value.replace(' ', ", "))
            }
            (_, Lang::Zh) => format!("是不是 {value}？"),
            (_, Lang::En) => format!("did you mean {value}?"),
        });
    }
    if error.kind() == ErrorKind::ValueValidation {
        let text = std::error::Error::source(error)?.to_string();
        return Some(match (lang, text.split_once(" is not in ")) {
            (Lang::Zh, Some((_, range))) => format!("应在 {} 之间", range.replace("..=", " 与 ")),
            (Lang::Zh, None) if text.contains("too large") => "数太大了".to_owned(),
            (Lang::Zh, None) => "应是一个整数".to_owned(),
            (Lang::En, _) => text,
        });
    }
    let Some(text) = error.get(ContextKind::Usage).map(shown) else {
        return Some(match lang {
            Lang::Zh => "在命令后加 --help 有全部说明".to_owned(),
            Lang::En => "add --help to the command to see it all".to_owned(),
        });
    };
    let usage = text.trim().strip_prefix("Usage:").unwrap_or(&text).trim();
    let command: Vec<&str> =
        usage.split(' ').take_while(|word| !word.starts_with(['<', '[', '-'])).collect();
    Some(match lang {
        Lang::Zh => format!("用法是 {usage}；{} --help 有全部说明", command.join(" ")),
        Lang::En => format!("usage: {usage}; {} --help has it all", command.join(" ")),
    })
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(texts) => texts.join(" "),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: every kind of error that our arguments can raise is told in both languages.

    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    #[track_caller]
    fn check(line: &str, lang: Lang, message: &str, hint: &str) {
        let words = std::iter::once("heqi").chain(line.split_whitespace());
        let failure = failure(&Arguments::try_parse_from(words).unwrap_err(), lang).unwrap();
        assert_eq!((failure.message.as_str(), failure.hint.as_deref()), (message, Some(hint)));
        assert_eq!(failure.code(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_in_chinese() {
        let check = |line: &str, message: &str, hint: &str| check(line, Lang::Zh, message, hint);
        let usage = "用法是 heqi match <OURS> <THEIRS>；heqi match --help 有全部说明";
        check("match", "缺少 <OURS> <THEIRS>", usage);
        check("match a b --forma csv", "没有参数「--forma」", "是不是 --format？");
        check(
            "match a b --format doc",
            "--format <FORMAT> 的值「doc」无效",
            "可以是 csv、xlsx、json、parquet",
        );
        check("-q", "缺少子命令", "用法是 heqi [OPTIONS] <COMMAND>；heqi --help 有全部说明");
        check("mach a b", "没有子命令「mach」", "是不是 match？");
        check("match a b --threads 0", "--threads <N> 的值「0」无效", "应在 1 与 1024 之间");
        check("match a b --threads x", "--threads <N> 的值「x」无效", "应是一个整数");
        let usage = "用法是 heqi match [OPTIONS] <OURS> <THEIRS>；heqi match --help 有全部说明";
        check(
            "match a b --threads 99999999999999999999",
            "--threads <N> 的值「99999999999999999999」无效",
            "数太大了",
        );
        check("match a b --out", "--out <DIR> 后面要跟一个值", "在命令后加 --help 有全部说明");
        check("match a b c", "多出了「c」", usage);
        check("match a b --out x --out y", "--out <DIR> 只能给一次", usage);
        let usage = "用法是 heqi match --quiet <OURS> <THEIRS>；heqi match --help 有全部说明";
        check("match a b -q -v", "--quiet 与 --verbose 不能同时使用", usage);
    }

    #[test]
    fn what_is_wrong_is_told_in_english() {
        let check = |line: &str, message: &str, hint: &str| check(line, Lang::En, message, hint);
        let usage = "usage: heqi verify <DIR>; heqi verify --help has it all";
        let message = "the following required arguments were not provided: <DIR>";
        check("verify", message, usage);
        let message = "invalid value '0' for '--threads <N>': 0 is not in 1..=1024";
        check("match a b --threads 0", message, "0 is not in 1..=1024");
    }

    #[test]
    fn the_language_is_found_on_a_line_that_cannot_be_parsed() {
        let of = |line: &str| {
            language(std::iter::once("heqi").chain(line.split_whitespace()).map(OsString::from))
        };
        assert_eq!(of("match --x --lang en"), Some(Language::En));
        assert_eq!(of("--lang=zh match --x"), Some(Language::Zh));
        assert_eq!(of("match --lang fr en"), None);
        assert_eq!(of("match -- --lang en"), None);
    }
}
