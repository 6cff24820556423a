//! Where a sealed value lives. The place is authenticated with the value, so that nobody can
//! put the bank account of one customer into the row of another.

use super::derive::Purpose;

/// The place of one sealed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub(super) purpose: Purpose,
    /// For messages: `company 3, customers.bank_account, row 17`.
    pub(super) label: String,
    /// Number of parts, then length and bytes of each, so that no two places read alike.
    pub(super) bytes: Vec<u8>,
}

impl Context {
    /// A value of a column in a row of a company.
    #[must_use]
    pub fn field(company: i64, table: &str, column: &str, row: i64) -> Self {
        Self {
            purpose: Purpose::Field,
            label: format!("company {company}, {table}.{column}, row {row}"),
            bytes: encode(&[&company.to_string(), table, column, &row.to_string()]),
        }
    }

    /// A file of a company, by the name under which it is stored.
    #[must_use]
    pub fn blob(company: i64, name: &str) -> Self {
        Self {
            purpose: Purpose::Blob,
            label: format!("company {company}, file {name}"),
            bytes: encode(&[&company.to_string(), name]),
        }
    }

    /// A page cursor of a list; `query` stands for everything that must not change between two
    /// pages: company, user, filter, order.
    #[must_use]
    pub fn cursor(list: &str, query: &str) -> Self {
        Self {
            purpose: Purpose::Cursor,
            label: format!("cursor of {list}"),
            bytes: encode(&[list, query]),
        }
    }
}

impl std::fmt::Display for Context {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.label)
    }
}

/// A column that can be looked up by equality although it is sealed. The row is no part of it:
/// equal values have equal indexes within a company, and only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedColumn<'name> {
    /// Number of the company.
    pub company: i64,
    /// Name of the table.
    pub table: &'name str,
    /// Name of the sealed column.
    pub column: &'name str,
}

impl IndexedColumn<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        encode(&[&self.company.to_string(), self.table, self.column])
    }
}

fn encode(parts: &[&str]) -> Vec<u8> {
    let mut bytes = (parts.len() as u64).to_be_bytes().to_vec();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_no_two_places_read_alike() {
        let places = [
            Context::field(1, "customers", "phone", 17),
            Context::field(1, "customer", "sphone", 17),
            Context::field(11, "customers", "phone", 7),
            Context::field(1, "customers", "phone", 1),
            Context::field(1, "customers", "bank_account", 17),
            Context::blob(1, "customers"),
            Context::cursor("1", "customers\u{0}"),
        ];
        for (first, place) in places.iter().enumerate() {
            for other in &places[first + 1..] {
                assert_ne!(place.bytes, other.bytes, "{place} and {other}");
            }
        }
    }
}
