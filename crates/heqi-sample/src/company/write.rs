//! The sample as files: an ERP's export, a customer's payable ledger, and the truth.

use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};
use heqi_domain::{Money, Reason, Side, day_text};

use super::{OurRow, Sample, TheirRow};

const OUR_HEADER: [&str; 14] = [
    "客户编码",
    "客户名称",
    "单据类型",
    "单据编号",
    "日期",
    "到期日",
    "摘要",
    "数量",
    "含税单价",
    "金额",
    "税率",
    "税额",
    "币种",
    "发票号码",
];
const THEIR_HEADER: [&str; 8] =
    ["客户编码", "客户名称", "记账日期", "凭证字号", "摘要", "单据号", "借方金额", "贷方金额"];
/// Physical row of the first line; the header is row 1.
const FIRST_ROW: usize = 2;

impl Sample {
    /// Writes our ledger as an ERP exports it: UTF-8 with BOM, CRLF, one signed amount.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_ours(&self, mut out: impl Write) -> std::io::Result<()> {
        out.write_all("\u{feff}".as_bytes())?;
        let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        csv.write_record(OUR_HEADER)?;
        for row in &self.ours {
            self.write_our_row(&mut csv, row)?;
        }
        csv.flush()
    }

    fn write_our_row(&self, csv: &mut Writer<impl Write>, row: &OurRow) -> csv::Result<()> {
        let customer = &self.customers[row.customer];
        let goods = row.goods;
        let text = |money: Money| money.text(2);
        csv.write_record([
            &customer.code,
            &customer.name,
            row.document,
            &row.number,
            &day_text(row.day),
            &row.due.map(day_text).unwrap_or_default(),
            &row.memo,
            &goods.map(|goods| goods.quantity.to_string()).unwrap_or_default(),
            &goods.map(|goods| text(goods.price)).unwrap_or_default(),
            &text(row.amount),
            &goods.map(|goods| format!("{}%", goods.tax_percent)).unwrap_or_default(),
            &goods.map(|goods| text(goods.tax)).unwrap_or_default(),
            "人民币",
            &row.invoice,
        ])
    }

    /// Writes their ledgers as one payable ledger, as our clerk puts together what the
    /// customers sent: under our customer code, otherwise with the customers' columns. UTF-8,
    /// debit and credit with thousands separators; a purchase is a credit, a payment a debit.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_theirs(&self, out: impl Write) -> std::io::Result<()> {
        let mut csv = Writer::from_writer(out);
        csv.write_record(THEIR_HEADER)?;
        for row in &self.theirs {
            let customer = &self.customers[row.customer];
            let (debit, credit) = self.debit_and_credit(row);
            csv.write_record([
                &customer.code,
                &customer.name,
                &day_text(row.day),
                &row.voucher,
                &row.memo,
                &row.reference,
                &debit,
                &credit,
            ])?;
        }
        csv.flush()
    }

    fn debit_and_credit(&self, row: &TheirRow) -> (String, String) {
        let red = self.customers[row.customer].red_letters && self.is_about_goods(row);
        if row.amount.is_negative() && !red {
            let debit = Money::from_minor(-row.amount.minor());
            (debit.grouped(2), String::new())
        } else {
            (String::new(), row.amount.grouped(2))
        }
    }

    /// Whether the line is a document about goods rather than money.
    fn is_about_goods(&self, row: &TheirRow) -> bool {
        row.memo.starts_with("退货") || row.memo.starts_with("换货")
    }

    /// Writes the truth: one row a line, `side,line_id,group_id,reason,amount`.
    ///
    /// `line_id` is the physical row in the side's file (the header is row 1), `reason` a
    /// code or `matched`, the amount is signed from the receivable's side. The amounts of
    /// ours less those of theirs are the difference between the two ledgers.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_truth(&self, out: impl Write) -> std::io::Result<()> {
        let mut csv = Writer::from_writer(out);
        csv.write_record(["side", "line_id", "group_id", "reason", "amount"])?;
        let ours = self.ours.iter().map(|row| (row.group, row.amount));
        let theirs = self.theirs.iter().map(|row| (row.group, row.amount));
        for (place, (group, amount)) in ours.enumerate() {
            self.write_truth_row(&mut csv, Side::Ours, place, group, amount)?;
        }
        for (place, (group, amount)) in theirs.enumerate() {
            self.write_truth_row(&mut csv, Side::Theirs, place, group, amount)?;
        }
        csv.flush()
    }

    fn write_truth_row(
        &self,
        csv: &mut Writer<impl Write>,
        side: Side,
        place: usize,
        group: usize,
        amount: Money,
    ) -> csv::Result<()> {
        let reason = self.groups[group].reason.map_or("matched", Reason::code);
        csv.write_record([
            side.code(),
            &(place + FIRST_ROW).to_string(),
            &(group + 1).to_string(),
            reason,
            &amount.text(2),
        ])
    }
}
