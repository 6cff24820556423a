//! What the invented firm consists of: plain data, indices instead of references.

use heqi_domain::{Currency, Day, Reason, day_from_ymd, month_end};

use super::{GoodsLine, Kind};

/// The invented firm, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wholesale {
    /// The firm itself.
    pub company: Company,
    /// The six months, in order; the last is in work.
    pub months: Vec<Month>,
    /// Who works there.
    pub staff: Vec<Staff>,
    /// The customers, large ones first.
    pub customers: Vec<Customer>,
    /// What is sold: goods, then services.
    pub products: Vec<Product>,
    /// Our ledger by date and number, opening balances first.
    pub entries: Vec<Entry>,
    /// What the customers sent, by customer and month.
    pub statements: Vec<Statement>,
    /// What keeps the two sides apart, by month and customer.
    pub discrepancies: Vec<Discrepancy>,
}

/// The firm whose books these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Registered name.
    pub name: String,
    /// Unified social credit code; its check is right.
    pub credit_code: String,
    /// Registered address.
    pub address: String,
    /// A phone number that nobody has.
    pub phone: String,
    /// Name of an invented bank.
    pub bank: String,
    /// An account number that no bank gives.
    pub bank_account: String,
    /// Always CNY.
    pub currency: Currency,
}

/// A calendar month of the six.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u32,
    /// Its first day.
    pub first: Day,
    /// Its last day.
    pub last: Day,
    /// Whether it is to be signed off; the last month is in work.
    pub signed: bool,
}

/// Month and last month that the firm's story tells.
const MONTHS: [(i32, u32); 6] = [(2026, 5), (2026, 6), (2026, 7), (2026, 8), (2026, 9), (2026, 10)];

pub(super) fn months() -> Vec<Month> {
    let month = |(place, (year, month)): (usize, (i32, u32))| {
        let (first, last) = (day_from_ymd(year, month, 1)?, month_end(year, month)?);
        Some(Month { year, month, first, last, signed: place + 1 < MONTHS.len() })
    };
    MONTHS.into_iter().enumerate().filter_map(month).collect()
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffRole {
    /// Finance manager 财务经理: approves and signs.
    FinanceManager,
    /// Accountant 会计: writes and reconciles.
    Accountant,
    /// Salesperson 销售: owns customers.
    Sales,
    /// Auditor 审计员: reads everything, changes nothing.
    Auditor,
}

/// A person of the firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Name to sign in with, pinyin.
    pub login: &'static str,
    /// Name of the person.
    pub name: &'static str,
    /// What the person may do.
    pub role: StaffRole,
    /// Department 部门.
    pub department: &'static str,
    /// Sales region 区域; empty where there is none.
    pub region: &'static str,
}

/// What a contact is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactRole {
    /// Who reconciles 对账联系人.
    Reconciliation,
    /// Finance 财务.
    Finance,
    /// Purchasing 采购.
    Purchasing,
}

/// A person at a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// What the person is asked about.
    pub role: ContactRole,
    /// Name of the person.
    pub name: String,
    /// A mobile number that nobody has: no network begins with 129.
    pub phone: String,
    /// An address at example.com, which nobody has either.
    pub email: String,
}

/// How a customer writes its statement of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementStyle {
    /// Its payable ledger 应付账款: debit and credit, a purchase is a credit.
    PayableDebitCredit,
    /// Its payable ledger with one signed column, debit positive: a purchase is negative.
    PayableSigned,
    /// A statement in our sense: debit and credit, a purchase is a debit.
    ReceivableDebitCredit,
    /// A list in our sense with one signed column: a purchase is positive.
    ReceivableSigned,
}

/// A customer of the firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Code in our books, `KH0001`.
    pub code: String,
    /// Registered name.
    pub name: String,
    /// Former names 曾用名 and short names.
    pub aliases: Vec<String>,
    /// Unified social credit code; none for the entry made twice by mistake.
    pub credit_code: Option<String>,
    /// Address.
    pub address: String,
    /// Contacts, who reconciles first.
    pub contacts: Vec<Contact>,
    /// Name of an invented bank.
    pub bank: String,
    /// An account number that no bank gives.
    pub bank_account: String,
    /// Index into [`Wholesale::staff`] of the salesperson.
    pub owner: usize,
    /// Department of the owner.
    pub department: &'static str,
    /// Region of the owner.
    pub region: &'static str,
    /// Days allowed to pay.
    pub term_days: u32,
    /// Credit limit, minor units; 0 for customers who pay in advance.
    pub credit_limit_minor: i64,
    /// Index into [`Wholesale::customers`] of the parent of a branch.
    pub parent: Option<usize>,
    /// Index of the customer that this is the same firm as, entered twice by mistake.
    pub duplicate_of: Option<usize>,
    /// How it writes its statements.
    pub style: StatementStyle,
}

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Code, `SP0101`; services begin with `FW`.
    pub code: String,
    /// Name.
    pub name: &'static str,
    /// Specification 规格型号; empty for services.
    pub spec: &'static str,
    /// Unit 计量单位.
    pub unit: &'static str,
    /// Tax rate in millionths: 130,000 is 13 %.
    pub tax_ppm: i64,
    /// List price without tax, in millionths of a yuan.
    pub price_micro: i64,
    /// Whether it is a service.
    pub service: bool,
}

/// An entry of our ledger. The two legs of an exchange or a transfer are two entries with one
/// number; all other numbers are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Index into [`Wholesale::customers`].
    pub customer: usize,
    /// What it is.
    pub kind: Kind,
    /// Document number, `XS20260503-0012`: the serial runs through the month.
    pub number: String,
    /// Business date; an opening balance is of the day before the first month.
    pub day: Day,
    /// Due date of a sale or fee.
    pub due: Option<Day>,
    /// Memo 摘要.
    pub memo: String,
    /// Amount with tax, minor units, plus = the customer owes more.
    pub amount_minor: i64,
    /// Goods and services; their gross amounts add up to the amount. Empty for money.
    pub goods: Vec<GoodsLine>,
    /// Serial number of the bank's advice, which both sides know; empty where no bank is in it.
    pub bank_serial: String,
    /// Index of the entry that this one goes back to (what came back, what is reversed) or
    /// belongs to (the other leg).
    pub related: Option<usize>,
    /// Index into [`Wholesale::staff`]: who wrote it.
    pub maker: usize,
    /// Who approved it, another person; none where nobody has to.
    pub approver: Option<usize>,
}

/// A line of a customer's own statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Booking date.
    pub day: Day,
    /// Voucher 凭证字号 of the customer, `记-0012`.
    pub voucher: String,
    /// Our document number or the bank's serial as the customer wrote it, empty where it did
    /// not.
    pub reference: String,
    /// Memo 摘要.
    pub memo: String,
    /// Minor units, signed from the *receivable's* side, plus = the customer owes us more.
    pub amount_minor: i64,
}

/// What a customer sent for a month: its own ledger of our account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Index into [`Wholesale::customers`].
    pub customer: usize,
    /// Index into [`Wholesale::months`].
    pub month: usize,
    /// Balance before the first line, signed like the lines.
    pub opening_minor: i64,
    /// The lines by date.
    pub lines: Vec<StatementLine>,
    /// Opening and lines added up.
    pub closing_minor: i64,
}

/// A difference between the two sides, or lines that agree in an unusual form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Index into [`Wholesale::customers`].
    pub customer: usize,
    /// Index into [`Wholesale::months`]: the month in which it shows.
    pub month: usize,
    /// What it is.
    pub reason: Reason,
    /// The amounts of `ours` less those of `theirs`, minor units; 0 where only form differs.
    pub difference_minor: i64,
    /// Indices into [`Wholesale::entries`].
    pub ours: Vec<usize>,
    /// Indices into the lines of the customer's statement of the month.
    pub theirs: Vec<usize>,
    /// What took the difference away; none where there is none, and while it is open.
    pub cleared: Option<Cleared>,
}

/// The lines of a later month that take a difference away again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Index into [`Wholesale::months`].
    pub month: usize,
    /// Indices into [`Wholesale::entries`].
    pub ours: Vec<usize>,
    /// Indices into the lines of the customer's statement of that month.
    pub theirs: Vec<usize>,
}

impl Wholesale {
    /// What a customer sent for a month; none if it sent nothing.
    #[must_use]
    pub fn statement(&self, customer: usize, month: usize) -> Option<&Statement> {
        let of_month = |one: &&Statement| (one.customer, one.month) == (customer, month);
        self.statements.iter().find(of_month)
    }
}
