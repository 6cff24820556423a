//! A moment of long work in words: amount, rate, time left.

use std::time::Duration;

use heqi_domain::{Lang, Stage};

use super::{bytes, count};

/// What is to show of a moment.
pub struct View {
    /// What is being done.
    pub name: &'static str,
    /// How far, where the size is known.
    pub permille: Option<u64>,
    /// Amount, rate and time left.
    pub detail: String,
}

impl View {
    /// By what is done and how long it took.
    pub fn new(stage: Stage, done: u64, total: u64, elapsed: Duration, lang: Lang) -> Self {
        let amount = |number| match stage {
            Stage::ReadOurs | Stage::ReadTheirs => bytes(number),
            _ => format!("{}{}", count(number), lang.pick(" 行", " lines")),
        };
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = done.saturating_mul(1_000) / millis;
        let mut detail = match total {
            0 => amount(done),
            _ => format!("{} / {}", amount(done.min(total)), amount(total)),
        };
        if rate > 0 {
            let per = lang.pick("每秒 ", "");
            let each = lang.pick("", "/s");
            detail.push_str(&format!(" · {per}{}{each}", amount(rate)));
        }
        if rate > 0 && total > done {
            let left = duration_left((total - done) / rate, lang);
            detail.push_str(&format!(" · {left}"));
        }
        let permille = done.min(total).saturating_mul(1_000).checked_div(total);
        Self { name: super::words::stage(stage, lang), permille, detail }
    }

    /// As one line with a bar, for a terminal.
    pub fn bar(&self) -> String {
        const CELLS: usize = 28;
        let Some(permille) = self.permille else {
            return format!("{}  {}", self.name, self.detail);
        };
        let full = usize::try_from(permille).unwrap_or(0) * CELLS / 1_000;
        let (full, rest) = ("█".repeat(full), "░".repeat(CELLS - full));
        format!("{}  {full}{rest}  {} %  {}", self.name, permille / 10, self.detail)
    }

    /// As one line, where there is no terminal.
    pub fn line(&self, lang: Lang) -> String {
        let colon = lang.pick("：", ": ");
        match self.permille {
            Some(permille) => format!("{}{colon}{} % · {}", self.name, permille / 10, self.detail),
            None => format!("{}{colon}{}", self.name, self.detail),
        }
    }
}

fn duration_left(seconds: u64, lang: Lang) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match (lang, minutes) {
        (Lang::Zh, 0) => format!("剩余约 {} 秒", rest.max(1)),
        (Lang::Zh, _) => format!("剩余约 {minutes} 分 {rest} 秒"),
        (Lang::En, 0) => format!("about {} s left", rest.max(1)),
        (Lang::En, _) => format!("about {minutes} min {rest} s left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_work_is_done() {
        let check = |done, total, expected: &str| {
            let view = View::new(Stage::Write, done, total, Duration::from_secs(1), Lang::En);
            assert!(view.bar().starts_with(expected), "{}", view.bar());
        };
        check(0, 8, "writing  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0 %  0 lines / 8 lines");
        check(4, 8, "writing  ██████████████░░░░░░░░░░░░░░  50 %  4 lines / 8 lines");
        check(8, 8, "writing  ████████████████████████████  100 %  8 lines / 8 lines");
        check(9, 8, "writing  ████████████████████████████  100 %  8 lines / 8 lines");
        check(4, 0, "writing  4 lines");
    }

    #[test]
    fn a_moment_shows_amount_rate_and_time_left() {
        let check = |stage, done, total, millis, lang, expected: &str| {
            let view = View::new(stage, done, total, Duration::from_millis(millis), lang);
            assert_eq!(view.line(lang), expected);
        };
        let (zh, en) = (Lang::Zh, Lang::En);
        check(
            Stage::Match,
            3_200_000,
            10_000_000,
            2_000,
            zh,
            "核对：32 % · 3,200,000 行 / 10,000,000 行 · 每秒 1,600,000 行 · 剩余约 4 秒",
        );
        check(
            Stage::ReadOurs,
            500_000_000,
            1_000_000_000,
            1_000,
            en,
            "reading: 50 % · 500.0 MB / 1.0 GB · 500.0 MB/s · about 1 s left",
        );
        check(Stage::Write, 0, 0, 1_000, zh, "写出结果：0 行");
        check(
            Stage::Match,
            60,
            12_060,
            1_000,
            en,
            "matching: 0 % · 60 lines / 12,060 lines · 60 lines/s · about 3 min 20 s left",
        );
    }
}
