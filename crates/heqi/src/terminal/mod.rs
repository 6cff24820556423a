//! What a person sees: data on standard output, messages and progress on standard error.

/// A sentence in the terminal's language; both texts may name variables in braces.
macro_rules! say {
    ($terminal:expr, $zh:literal, $en:literal) => {
        match $terminal.lang {
            heqi_domain::Lang::Zh => format!($zh),
            heqi_domain::Lang::En => format!($en),
        }
    };
}

mod figures;
mod moment;
mod table;
mod watch;
pub mod words;

use std::io::{IsTerminal, Write};

use heqi_domain::Lang;

use crate::arguments::{Common, Language};
use crate::failure::{Failure, Kind};

pub use figures::{bytes, count, decimal, money, share};
pub(crate) use say;
pub use table::{Align, Table, ellipsis, ellipsis_front};
pub use watch::{Watch, interrupted, stop_on_interrupt, while_writing};

/// How and in which language to speak.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Language of messages.
    pub lang: Lang,
    /// Errors and data only.
    pub quiet: bool,
    /// More detail.
    pub verbose: bool,
    color: bool,
}

/// Roles of color. Red is for negative amounts and errors only, and never stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Headings.
    Bold,
    /// What matters less.
    Dim,
    /// Settled, balanced.
    Good,
    /// Differs, waits for a person.
    Attention,
    /// Negative, wrong.
    Bad,
}

impl Terminal {
    /// By the command line and the environment.
    pub fn new(common: &Common) -> Self {
        Self {
            lang: language(common.lang, |name| std::env::var(name).ok()),
            quiet: common.quiet,
            verbose: common.verbose,
            color: std::io::stdout().is_terminal() && colors_wanted(),
        }
    }

    /// A terminal without color, for tests of what is shown.
    #[cfg(test)]
    pub const fn plain(lang: Lang) -> Self {
        Self { lang, quiet: false, verbose: false, color: false }
    }

    /// Picks the text of the chosen language.
    pub const fn pick<'text>(&self, zh: &'text str, en: &'text str) -> &'text str {
        self.lang.pick(zh, en)
    }

    /// The text in a color, where colors are wanted.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Good => "32",
            Paint::Attention => "33",
            Paint::Bad => "31",
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// An amount text, red where negative.
    pub fn signed(&self, text: String) -> String {
        if text.starts_with('-') { self.paint(Paint::Bad, &text) } else { text }
    }

    /// Writes data to standard output; a closed pipe ends the output quietly.
    pub fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let what = self.pick("无法写到标准输出", "cannot write to standard output");
                Err(Failure::new(Kind::Unexpected, format!("{what}: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Writes a message to standard error, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// Says why a command failed and how to go on.
    pub fn failed(&self, failure: &Failure) {
        if failure.message.is_empty() {
            return;
        }
        let color = std::io::stderr().is_terminal() && colors_wanted();
        let (start, end) = if color { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
        let colon = self.pick("：", ": ");
        eprintln!("{start}{}{colon}{end}{failure}", self.pick("错误", "error"));
        if let Some(hint) = &failure.hint {
            eprintln!("{}{colon}{hint}", self.pick("办法", " hint"));
        }
    }
}

fn colors_wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The flag, else the locale: Chinese where it is not set or says nothing about language
/// (`C`, `POSIX`), English for any language other than Chinese.
fn language(flag: Option<Language>, variable: impl Fn(&str) -> Option<String>) -> Lang {
    match flag {
        Some(Language::Zh) => return Lang::Zh,
        Some(Language::En) => return Lang::En,
        None => {}
    }
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        .unwrap_or_default();
    let name = locale.split(['.', '_', '@', '-']).next().unwrap_or_default();
    if matches!(name, "" | "C" | "POSIX") || name.eq_ignore_ascii_case("zh") {
        Lang::Zh
    } else {
        Lang::En
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_flag_then_the_locale_then_chinese() {
        let check = |flag, set: &[(&str, &str)], expected| {
            let variable = |name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(language(flag, variable), expected, "{flag:?} {set:?}");
        };
        check(None, &[], Lang::Zh);
        check(None, &[("LANG", "C.UTF-8")], Lang::Zh);
        check(None, &[("LANG", "zh_CN.UTF-8")], Lang::Zh);
        check(None, &[("LANG", "en_US.UTF-8")], Lang::En);
        check(None, &[("LANG", "de_DE.UTF-8")], Lang::En);
        check(None, &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "en_GB")], Lang::En);
        check(None, &[("LC_ALL", ""), ("LANG", "en")], Lang::En);
        check(Some(Language::Zh), &[("LANG", "en")], Lang::Zh);
        check(Some(Language::En), &[], Lang::En);
    }
}
