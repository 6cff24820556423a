//! Every sealed column, as data: what a rotation seals anew, what the doctor tries to open, what
//! a company's export opens. A column that is sealed and does not stand here fails a test.

use heqi_domain::plain_name;
use heqi_platform::crypto::Context;

/// A column whose values are sealed as text.
#[derive(Debug)]
pub struct Sealed {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// The column that its seal names: its own, or the one that the value moves to.
    pub place: &'static str,
    /// The column that holds the number of the row.
    pub row: &'static str,
    /// The column that holds the number of the company; none for the installation.
    pub company: Option<&'static str>,
    /// By which the value is found although it is sealed.
    pub index: Option<Index>,
}

/// A column by which sealed values are found.
#[derive(Debug)]
pub struct Index {
    /// Its name.
    pub column: &'static str,
    /// The table and column that it is computed for: the same for all that hold such a value.
    pub of: (&'static str, &'static str),
    /// What of the opened value it is computed from.
    pub normalize: fn(&str) -> Option<String>,
}

/// Every sealed column; files (`blob_part.bytes`) are sealed by `heqi_platform::blobs`.
pub const SEALED: &[Sealed] = &[
    Sealed {
        table: "customer",
        column: "bank_sealed",
        place: "bank_sealed",
        row: "id",
        company: Some("company_id"),
        index: Some(BANK),
    },
    Sealed {
        table: "bank_change",
        column: "bank_sealed",
        place: "bank_sealed",
        row: "id",
        company: Some("company_id"),
        index: Some(BANK),
    },
    Sealed {
        table: "customer_contact",
        column: "phone_sealed",
        place: "phone_sealed",
        row: "id",
        company: Some("company_id"),
        index: Some(PHONE),
    },
    Sealed {
        table: "user_account",
        column: "totp_secret",
        place: "totp_secret",
        row: "id",
        company: None,
        index: None,
    },
    Sealed {
        table: "user_account",
        column: "totp_pending",
        place: "totp_secret",
        row: "id",
        company: None,
        index: None,
    },
];

/// Bank accounts, those that are asked for and those that hold.
const BANK: Index =
    Index { column: "bank_index", of: ("customer", "bank_sealed"), normalize: account };

const PHONE: Index = Index {
    column: "phone_index",
    of: ("customer_contact", "phone_sealed"),
    normalize: |phone| Some(plain_name(phone)),
};

impl Sealed {
    /// The place of a value; `company` is 0 for the installation.
    #[must_use]
    pub fn place(&self, company: i64, row: i64) -> Context {
        Context::field(company, self.table, self.place, row)
    }

    /// The entry of a column.
    #[must_use]
    pub fn of(table: &str, column: &str) -> Option<&'static Self> {
        SEALED.iter().find(|sealed| sealed.table == table && sealed.column == column)
    }
}

/// The account in `{"account": "6222 0210 …"}` as it is compared.
fn account(opened: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(opened).ok()?;
    Some(plain_name(value.get("account")?.as_str()?))
}
