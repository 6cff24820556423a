//! Opening balances 期初余额 of a match.

use heqi_domain::Money;
use heqi_intake::{ControlTotals, Reading};
use heqi_matching::Openings;

use crate::arguments::Match;
use crate::failure::{Failure, Kind};
use crate::reading;
use crate::terminal::{Terminal, count, say};

/// Where the opening balances come from: flags, else the files of a single customer.
pub struct Opening<'a> {
    /// The command line.
    pub arguments: &'a Match,
    /// What the files state.
    pub control: [ControlTotals; 2],
    /// Σ of the lines before the period: they are part of the period's opening balance.
    pub before: [i128; 2],
    /// Whether each file is about one account.
    pub single: bool,
}

impl Opening<'_> {
    /// Whether the command line gives one.
    pub fn asked(&self) -> bool {
        self.arguments.opening_ours.is_some() || self.arguments.opening_theirs.is_some()
    }

    /// The opening balances of the run.
    ///
    /// # Errors
    /// A flag is not an amount.
    pub fn openings(
        &self,
        readings: &[Reading; 2],
        terminal: &Terminal,
    ) -> Result<Openings, Failure> {
        let accounts = readings.iter().flat_map(|reading| &reading.lines.accounts).next();
        let fallback = reading::currency(&self.arguments.currency, terminal)?;
        let exponent = accounts.map_or(fallback, |account| account.currency).exponent();
        let flags = [
            ("--opening-ours", &self.arguments.opening_ours),
            ("--opening-theirs", &self.arguments.opening_theirs),
        ];
        let mut given = [None; 2];
        for (at, (flag, text)) in flags.into_iter().enumerate() {
            given[at] = match text {
                Some(text) => Some(amount(flag, text, exponent, terminal)?),
                None => self.stated(at),
            };
        }
        let only = match given {
            [Some(ours), Some(theirs)] => Some([ours, theirs]),
            // One stated balance alone would make a difference out of silence.
            [ours, theirs] if self.asked() => {
                Some([ours.unwrap_or_default(), theirs.unwrap_or_default()])
            }
            [None, None] => None,
            [ours, _] => {
                terminal.note(match ours {
                    Some(_) => terminal.pick(
                        "只有我方账写明期初余额，未计入；用 --opening-theirs 补上对方期初",
                        "only our file states an opening balance, so it is left out; give theirs \
                         with --opening-theirs",
                    ),
                    None => terminal.pick(
                        "只有对方账写明期初余额，未计入；用 --opening-ours 补上我方期初",
                        "only their file states an opening balance, so it is left out; give ours \
                         with --opening-ours",
                    ),
                });
                None
            }
        };
        Ok(Openings { only, ..Openings::default() })
    }

    /// The opening balance that a file of one customer states, moved to the period's first day.
    fn stated(&self, at: usize) -> Option<i64> {
        let opening = self.control[at].opening.filter(|_| self.single)?;
        i64::try_from(i128::from(opening) + self.before[at]).ok()
    }

    /// The failure of openings that could belong to several accounts.
    pub fn ambiguous(&self, accounts: usize, terminal: &Terminal) -> Failure {
        let accounts = count(accounts as u64);
        let message = say!(
            terminal,
            "给出了期初余额，但账上有 {accounts} 个往来账户，无法确定属于哪一个",
            "an opening balance was given, but there are {accounts} accounts it could belong to"
        );
        Failure::new(Kind::Usage, message)
            .hint(terminal.pick("加 --customer 指定客户", "name the customer with --customer"))
    }
}

/// A balance from the command line; thousands may be grouped.
fn amount(flag: &str, text: &str, exponent: u32, terminal: &Terminal) -> Result<i64, Failure> {
    let plain = text.replace([',', '，'], "");
    Money::parse(plain.trim(), exponent).map(Money::minor).map_err(|error| {
        let message = say!(terminal, "{flag} 的「{text}」不是金额", "{flag}: {error}");
        Failure::new(Kind::Usage, message)
            .hint(terminal.pick("写成 -1234.50 这样的数字", "write it as -1234.50"))
    })
}
