//! A customer's statement as the file that it would send.

use csv::WriterBuilder;
use heqi_domain::{Money, day_text};

use super::model::{Statement, StatementLine, StatementStyle, Wholesale};

impl StatementStyle {
    /// Whether the file speaks from the payable's side: it is mirrored when it is read.
    #[must_use]
    pub const fn is_payable(self) -> bool {
        matches!(self, Self::PayableDebitCredit | Self::PayableSigned)
    }

    /// Whether one signed column holds the amounts, rather than debit and credit.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::PayableSigned | Self::ReceivableSigned)
    }

    const fn header(self) -> &'static [&'static str] {
        match self {
            Self::PayableDebitCredit => {
                &["记账日期", "凭证字号", "摘要", "单据编号", "借方金额", "贷方金额", "应付余额"]
            }
            Self::PayableSigned => &["记账日期", "凭证字号", "摘要", "单据编号", "发生额", "余额"],
            Self::ReceivableDebitCredit => {
                &["日期", "凭证字号", "摘要", "单据编号", "借方", "贷方", "余额"]
            }
            Self::ReceivableSigned => &["日期", "凭证字号", "摘要", "单据编号", "金额", "余额"],
        }
    }
}

impl Wholesale {
    /// The file that the customer sent: UTF-8, Chinese header, one row for the opening balance,
    /// one for each line, one for the closing balance; CRLF.
    ///
    /// # Errors
    /// Those of the writer; none in practice, as it writes to memory.
    pub fn statement_csv(&self, statement: &Statement) -> std::io::Result<String> {
        let style = self.customers[statement.customer].style;
        let month = self.months[statement.month];
        let mut writer =
            WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(style.header())?;
        let first = day_text(month.first);
        writer.write_record(control(style, [&first, "期初余额"], statement.opening_minor))?;
        let mut balance = statement.opening_minor;
        for line in &statement.lines {
            balance += line.amount_minor;
            writer.write_record(row(style, line, balance))?;
        }
        let last = day_text(month.last);
        writer.write_record(control(style, [&last, "期末余额"], statement.closing_minor))?;
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        String::from_utf8(bytes).map_err(std::io::Error::other)
    }
}

/// Plain text of minor units.
fn text(minor: i64) -> String {
    Money::from_minor(minor).text(2)
}

/// The balance as its column has it: what is owed is positive, except in a ledger of payables
/// with signed amounts, where it is a credit like every purchase.
fn balance_text(style: StatementStyle, balance: i64) -> String {
    text(if style == StatementStyle::PayableSigned { -balance } else { balance })
}

/// A row with a balance and no amount.
fn control(style: StatementStyle, [day, label]: [&str; 2], balance: i64) -> Vec<String> {
    let mut cells = vec![String::new(); style.header().len()];
    cells[0] = day.to_owned();
    cells[2] = label.to_owned();
    if let Some(last) = cells.last_mut() {
        *last = balance_text(style, balance);
    }
    cells
}

fn row(style: StatementStyle, line: &StatementLine, balance: i64) -> Vec<String> {
    let mut cells =
        vec![day_text(line.day), line.voucher.clone(), line.memo.clone(), line.reference.clone()];
    // In the customer's own books what it owes is a credit, so debits are minus ours.
    let debit = if style.is_payable() { -line.amount_minor } else { line.amount_minor };
    if style.is_signed() {
        cells.push(text(debit));
    } else if debit < 0 {
        cells.extend([String::new(), text(-debit)]);
    } else {
        cells.extend([text(debit), String::new()]);
    }
    cells.push(balance_text(style, balance));
    cells
}
