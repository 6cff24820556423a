//! Language 语言 of what a person reads: Chinese first, English beside it.

use serde::{Deserialize, Serialize};

/// The language of labels, sentences and messages; figures and codes never change with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Chinese 简体中文.
    #[default]
    Zh,
    /// English.
    En,
}

/// The text names no language we speak.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language; expected zh or en")]
pub struct UnknownLang(pub String);

impl Lang {
    /// Both languages, Chinese first.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// The word used in options and JSON: `zh` or `en`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Picks the text of this language.
    #[must_use]
    pub const fn pick<'text>(self, zh: &'text str, en: &'text str) -> &'text str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

impl std::fmt::Display for Lang {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code())
    }
}

impl std::str::FromStr for Lang {
    type Err = UnknownLang;

    /// Reads `zh` or `en`, also with a region or an encoding as in `LANG`: `zh_CN.UTF-8`, `en-US`.
    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        let language = text.split(['-', '_', '.']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") {
            Ok(Self::Zh)
        } else if language.eq_ignore_ascii_case("en") {
            Ok(Self::En)
        } else {
            Err(UnknownLang(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_codes_with_and_without_region() {
        let cases =
            [("zh", Lang::Zh), ("ZH-cn", Lang::Zh), ("zh_CN.UTF-8", Lang::Zh), ("en-US", Lang::En)];
        for (text, expected) in cases {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "de", "english", "zhx"] {
            assert_eq!(text.parse::<Lang>(), Err(UnknownLang(text.to_owned())));
        }
        for lang in Lang::ALL {
            assert_eq!(lang.code().parse(), Ok(lang));
        }
    }
}
