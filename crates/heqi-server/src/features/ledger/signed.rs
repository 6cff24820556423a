//! Which days of an account are signed: a customer in one currency, as periods are.
//!
//! A customer is locked through the last signed day of all its currencies; which of them that is
//! stands in the periods, and is read once for many lines.

use std::collections::{BTreeMap, HashMap};

use heqi_platform::{DbError, Sql, Tx};

use crate::features::customers::Brief;

/// The signed days of some customers.
#[derive(Clone, Debug, Default)]
pub struct Signed {
    /// The last signed day of all currencies; customers with none are left out.
    customers: HashMap<i64, String>,
    /// The last signed day of each currency.
    accounts: HashMap<i64, BTreeMap<String, String>>,
}

impl Signed {
    /// The signed days of these customers.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn load(tx: &mut Tx, company: i64, customers: &[Brief]) -> Result<Self, DbError> {
        let mut signed = Self::through(customers);
        let numbers: Vec<i64> = signed.customers.keys().copied().collect();
        for piece in numbers.chunks(500) {
            let mut sql = Sql::new(
                "SELECT customer_id, currency, MAX(last_day) AS last_day FROM period \
                 WHERE state = 'signed' AND company_id = ",
            );
            sql.push_bind(company).push(" AND customer_id IN ").push_list(piece.iter().copied());
            sql.push(" GROUP BY customer_id, currency");
            for row in tx.rows(sql).await? {
                let account = signed.accounts.entry(row.get("customer_id")?).or_default();
                account.insert(row.get("currency")?, row.get("last_day")?);
            }
        }
        Ok(signed)
    }

    /// What the customers themselves say, as if every currency were signed through that day.
    #[must_use]
    pub fn through(customers: &[Brief]) -> Self {
        let locked = customers.iter().filter(|customer| !customer.locked_through.is_empty());
        let customers = locked.map(|it| (it.id, it.locked_through.clone())).collect();
        Self { customers, accounts: HashMap::new() }
    }

    /// The last signed day of an account, if this day lies on or before it. A lock that no
    /// period explains holds for every currency.
    #[must_use]
    pub fn holds(&self, customer: i64, currency: &str, day: &str) -> Option<&str> {
        let through = self.customers.get(&customer).filter(|through| day <= through.as_str())?;
        let Some(accounts) = self.accounts.get(&customer) else { return Some(through) };
        match accounts.get(currency) {
            Some(last) => (day <= last.as_str()).then_some(last),
            None => accounts.values().all(|last| last.as_str() < day).then_some(through),
        }
    }
}
