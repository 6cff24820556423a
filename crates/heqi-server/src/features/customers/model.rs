//! What is said about customers: shapes of requests and answers.

use garde::Validate;
use heqi_domain::{ContactId, CustomerId, Lang, UserId};
use heqi_platform::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A customer to be added; also everything about one that a change may touch.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// Our code for it, unique in the company.
    #[garde(length(chars, min = 1, max = 40))]
    pub code: String,
    /// The name as it stands in the register.
    #[garde(length(chars, min = 1, max = 120))]
    pub name: String,
    /// Other names that it is known under 别名、曾用名.
    #[serde(default)]
    #[garde(length(max = 50), inner(length(chars, min = 1, max = 120)))]
    pub aliases: Vec<String>,
    /// The unified social credit code 统一社会信用代码; case and blanks do not matter.
    #[serde(default)]
    #[garde(length(chars, max = 40))]
    pub credit_code: String,
    /// The group company that it belongs to 上级单位.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub parent: Option<CustomerId>,
    /// Who looks after it 业务员.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub owner: Option<UserId>,
    /// Department.
    #[serde(default)]
    #[garde(length(chars, max = 60))]
    pub department: String,
    /// Region.
    #[serde(default)]
    #[garde(length(chars, max = 60))]
    pub region: String,
    /// The currency of its account.
    #[serde(default = "cny")]
    #[garde(pattern("^[A-Z]{3}$"))]
    pub currency: String,
    /// Days until an invoice is due 账期.
    #[serde(default = "thirty")]
    #[garde(range(min = 0, max = 3650))]
    pub term_days: i64,
    /// Credit limit in minor units; none: not limited.
    #[serde(default)]
    #[garde(inner(range(min = 0)))]
    pub credit_limit: Option<i64>,
    /// Tags.
    #[serde(default)]
    #[garde(length(max = 50), inner(length(chars, min = 1, max = 40)))]
    pub tags: Vec<String>,
    /// Address.
    #[serde(default)]
    #[garde(length(chars, max = 300))]
    pub address: String,
    /// Language of what it is sent: `zh` or `en`.
    #[serde(default = "zh")]
    #[garde(pattern("^(zh|en)$"))]
    pub language: String,
    /// The template of its statements; empty: that of the company.
    #[serde(default)]
    #[garde(length(chars, max = 60))]
    pub statement_template: String,
    /// Title on invoices 发票抬头, if it is not the name.
    #[serde(default)]
    #[garde(length(chars, max = 120))]
    pub invoice_title: String,
    /// People there.
    #[serde(default)]
    #[garde(length(max = 50), dive)]
    pub contacts: Vec<NewContact>,
    /// Note.
    #[serde(default)]
    #[garde(length(chars, max = 2000))]
    pub note: String,
}

impl NewCustomer {
    /// A customer of which nothing is known but code and name.
    #[must_use]
    pub fn named(code: &str, name: &str) -> Self {
        let none = String::new;
        Self {
            code: code.to_owned(),
            name: name.to_owned(),
            aliases: Vec::new(),
            credit_code: none(),
            parent: None,
            owner: None,
            department: none(),
            region: none(),
            currency: cny(),
            term_days: thirty(),
            credit_limit: None,
            tags: Vec::new(),
            address: none(),
            language: zh(),
            statement_template: none(),
            invoice_title: none(),
            contacts: Vec::new(),
            note: none(),
        }
    }
}

/// A person at a customer.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// The contact that stays as it is but for what is said here; none: a new one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub id: Option<ContactId>,
    /// Name.
    #[garde(length(chars, min = 1, max = 60))]
    pub name: String,
    /// What for.
    #[garde(skip)]
    pub role: ContactRole,
    /// Phone; none: that of the contact stays.
    #[serde(default)]
    #[garde(inner(length(chars, max = 40)))]
    pub phone: Option<String>,
    /// Mail address.
    #[serde(default)]
    #[garde(length(chars, max = 120))]
    pub email: String,
    /// How it wants to be reached: `phone`, `email`, `wecom` …
    #[serde(default)]
    #[garde(length(chars, max = 30))]
    pub channel: String,
}

impl std::fmt::Debug for NewContact {
    // The phone is sensitive and does not get into a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewContact").field("role", &self.role).finish_non_exhaustive()
    }
}

/// What a contact is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    /// 对账联系人.
    Reconciliation,
    /// 财务.
    Finance,
    /// 采购.
    Purchasing,
    /// 其他.
    Other,
}

impl ContactRole {
    /// The word in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reconciliation => "reconciliation",
            Self::Finance => "finance",
            Self::Purchasing => "purchasing",
            Self::Other => "other",
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Reconciliation => lang.pick("对账", "reconciliation"),
            Self::Finance => lang.pick("财务", "finance"),
            Self::Purchasing => lang.pick("采购", "purchasing"),
            Self::Other => lang.pick("其他", "other"),
        }
    }

    /// The role that a word names, in either language.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::Reconciliation, Self::Finance, Self::Purchasing, Self::Other];
        let word = word.to_lowercase();
        all.into_iter().find(|role| role.code() == word || role.label(Lang::Zh) == word)
    }

    /// The role that a word of the database names.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        let all = [Self::Reconciliation, Self::Finance, Self::Purchasing];
        all.into_iter().find(|role| role.code() == code).unwrap_or(Self::Other)
    }
}

/// What is to change; what is not named stays. `null` empties parent, owner and limit.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct CustomerPatch {
    /// Our code for it.
    pub code: Option<String>,
    /// The name; the old one becomes an alias 曾用名.
    pub name: Option<String>,
    /// All aliases.
    pub aliases: Option<Vec<String>>,
    /// The unified social credit code.
    pub credit_code: Option<String>,
    /// The group company.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub parent: Option<Option<CustomerId>>,
    /// Who looks after it.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub owner: Option<Option<UserId>>,
    /// Department.
    pub department: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// The currency of its account.
    pub currency: Option<String>,
    /// Days until an invoice is due.
    pub term_days: Option<i64>,
    /// Credit limit in minor units.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    pub credit_limit: Option<Option<i64>>,
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// Address.
    pub address: Option<String>,
    /// `zh` or `en`.
    pub language: Option<String>,
    /// The template of its statements.
    pub statement_template: Option<String>,
    /// Title on invoices.
    pub invoice_title: Option<String>,
    /// All contacts.
    pub contacts: Option<Vec<NewContact>>,
    /// Note.
    pub note: Option<String>,
}

impl CustomerPatch {
    /// The customer as it will be.
    pub fn apply(self, to: &mut NewCustomer) {
        fn set<T>(field: &mut T, said: Option<T>) {
            if let Some(value) = said {
                *field = value;
            }
        }
        set(&mut to.code, self.code);
        set(&mut to.name, self.name);
        set(&mut to.aliases, self.aliases);
        set(&mut to.credit_code, self.credit_code);
        set(&mut to.parent, self.parent);
        set(&mut to.owner, self.owner);
        set(&mut to.department, self.department);
        set(&mut to.region, self.region);
        set(&mut to.currency, self.currency);
        set(&mut to.term_days, self.term_days);
        set(&mut to.credit_limit, self.credit_limit);
        set(&mut to.tags, self.tags);
        set(&mut to.address, self.address);
        set(&mut to.language, self.language);
        set(&mut to.statement_template, self.statement_template);
        set(&mut to.invoice_title, self.invoice_title);
        set(&mut to.contacts, self.contacts);
        set(&mut to.note, self.note);
    }
}

/// Tells `null` from a field that is not named.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A customer with everything about it; what is sensitive is masked 脱敏.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Customer {
    /// What a list shows.
    #[serde(flatten)]
    pub row: CustomerRow,
    /// Other names.
    pub aliases: Vec<String>,
    /// The customer that this one was merged into.
    pub merged_into: Option<String>,
    /// Days until an invoice is due.
    pub term_days: i64,
    /// Credit limit in minor units.
    pub credit_limit: Option<i64>,
    /// Address.
    pub address: String,
    /// `zh` or `en`.
    pub language: String,
    /// The template of its statements.
    pub statement_template: String,
    /// Title on invoices.
    pub invoice_title: String,
    /// Bank and account, masked.
    pub bank: Option<Bank>,
    /// People there, phones masked.
    pub contacts: Vec<Contact>,
    /// Note.
    pub note: String,
    /// The last day of the last signed period.
    pub locked_through: String,
    /// When it was added.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String)]
    pub updated_at: Timestamp,
}

/// A customer in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerRow {
    /// Its id.
    pub id: String,
    /// Our code for it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The unified social credit code.
    pub credit_code: String,
    /// The group company.
    pub parent: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Department.
    pub department: String,
    /// Region.
    pub region: String,
    /// The currency of its account.
    pub currency: String,
    /// Tags.
    pub tags: Vec<String>,
    /// `active`, `stopped` or `merged`.
    pub status: String,
    /// Changes with every change.
    pub version: i64,
    /// Where the search ranks it; 0 first.
    #[serde(skip)]
    pub place: i64,
}

/// A person at a customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Contact {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What for.
    pub role: ContactRole,
    /// Phone, masked unless asked for plainly.
    pub phone: String,
    /// Mail address.
    pub email: String,
    /// How it wants to be reached.
    pub channel: String,
}

/// A bank account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// The bank and branch 开户行.
    #[garde(length(chars, min = 1, max = 120))]
    pub bank: String,
    /// The account 账号, masked unless asked for plainly.
    #[garde(length(chars, min = 4, max = 40))]
    pub account: String,
}

impl std::fmt::Debug for Bank {
    // The account is sensitive and does not get into a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bank").finish_non_exhaustive()
    }
}

/// What is sensitive about a customer, plainly.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sensitive {
    /// Bank and account.
    pub bank: Option<Bank>,
    /// People there with their phones.
    pub contacts: Vec<Contact>,
}

/// Which customers a list shows.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default)]
pub struct CustomerQuery {
    /// Words that each have to occur: name, alias, code, pinyin, initials.
    pub keyword: Option<String>,
    /// `active`, `stopped` or `merged`; all but merged ones unless said otherwise.
    pub status: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// A tag.
    pub tag: Option<String>,
    /// The group company.
    pub parent: Option<String>,
    /// `code` or `name`; with a keyword the best come first.
    pub sort: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// `csv` or `xlsx`, for an export.
    pub format: Option<String>,
}

/// The state of a customer that is to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why; it is kept in the audit record.
    #[garde(length(chars, min = 1, max = 300))]
    pub reason: String,
}

fn cny() -> String {
    "CNY".to_owned()
}

fn zh() -> String {
    "zh".to_owned()
}

const fn thirty() -> i64 {
    30
}
