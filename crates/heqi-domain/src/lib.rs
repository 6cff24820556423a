//! The words of reconciliation as types: money, currencies, periods, lines, reasons, balances.
//!
//! Pure: no I/O, no clock, no randomness, no float. Everything else stands on this crate.
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")
)]

mod capital_amount;
mod cell_text;
pub mod credit_code;
mod currency;
mod day;
mod entry;
mod fee;
pub mod goods;
mod ids;
mod lang;
mod line;
mod memo;
mod mirror;
mod money;
mod names;
mod party_name;
mod period;
mod progress;
mod reason;
mod reason_text;
mod roll_forward;
mod side;

pub use capital_amount::{capital_amount, capital_amount_of};
pub use cell_text::{harmless, original};
pub use currency::{Currency, UnknownCurrency};
pub use day::{day_from_iso, day_from_ymd, day_label, day_text, month_end, push_day, ymd_of};
pub use entry::EntryKind;
pub use fee::{Fee, Rounding};
pub use ids::{
    ActId, AdjustmentId, AttachmentId, BankChangeId, BatchId, CommentId, CompanyId, ContactId,
    CustomerId, DiscrepancyId, DocumentId, GrantId, GroupId, Id, JobId, LimitChangeId, LineId,
    MalformedId, NotificationId, PeriodId, PlanId, PriceListId, ProductId, RoleId, RulesId, RunId,
    SessionId, StatementId, TemplateId, TokenId, UserId, ViewId,
};
pub use lang::{Lang, UnknownLang};
pub use line::{AT_A_TIME, Account, Day, LineIds, LineIx, Lines, NO_DAY, Strings};
pub use memo::{names_charge, names_set_off};
pub use money::{Money, MoneyError, decimal_text, grouped_text, push_decimal, push_grouped};
pub use names::{DIGITS, Names, decimal};
pub use party_name::{fold_name, plain_name};
pub use period::{Period, PeriodError};
pub use progress::{NoProgress, Progress, Stage};
pub use reason::Reason;
pub use reason_text::ReasonText;
pub use roll_forward::{Statement, roll_forward};
pub use side::Side;
