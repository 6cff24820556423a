//! Customers by what a file calls them: exact code, exact name, or an alias, folded.

use std::collections::HashMap;

use heqi_domain::fold_name;
use heqi_platform::{DbError, Sql, Tx};

use super::Brief;
use crate::permission::Scope;

/// What a name in a file leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One customer.
    One(i64),
    /// More than one could be meant: a person decides.
    Several,
    /// None that the reader may see.
    None,
}

/// The customers that a person may see, by code, name and alias.
#[derive(Debug, Default)]
pub struct Directory {
    by_code: HashMap<String, i64>,
    by_name: HashMap<String, Found>,
    by_folded: HashMap<String, Found>,
    /// Every customer, by number.
    pub customers: HashMap<i64, Brief>,
}

impl Directory {
    /// The customers within this scope that were not merged away. A stopped one is known too:
    /// it still pays, and what it states is still compared.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn load(tx: &mut Tx, company: i64, scope: &Scope) -> Result<Self, DbError> {
        let mut sql = Sql::new(
            "SELECT id, code, name, currency, locked_through, status FROM customer \
             WHERE company_id = $1 AND status <> 'merged'",
        );
        sql = sql.bind(company);
        scope.push(&mut sql);
        let mut known = Self::default();
        for row in tx.rows(sql).await? {
            let customer = super::brief(&row)?;
            known.by_code.insert(customer.code.clone(), customer.id);
            note(&mut known.by_name, customer.name.clone(), customer.id);
            note(&mut known.by_folded, fold_name(&customer.name), customer.id);
            known.customers.insert(customer.id, customer);
        }
        let aliases =
            Sql::new("SELECT customer_id, folded FROM customer_alias WHERE company_id = $1");
        for row in tx.rows(aliases.bind(company)).await? {
            let (customer, folded): (i64, String) = (row.get("customer_id")?, row.get("folded")?);
            if known.customers.contains_key(&customer) {
                note(&mut known.by_folded, folded, customer);
            }
        }
        Ok(known)
    }

    /// Who is meant: by exact code, then exact name, then name or alias as they are compared.
    #[must_use]
    pub fn find(&self, text: &str) -> Found {
        if let Some(customer) = self.by_code.get(text) {
            return Found::One(*customer);
        }
        if let Some(found) = self.by_name.get(text) {
            return *found;
        }
        self.by_folded.get(&fold_name(text)).copied().unwrap_or(Found::None)
    }

    /// Up to three customers whose names contain this one or are contained in it, by code.
    #[must_use]
    pub fn similar(&self, text: &str) -> Vec<&Brief> {
        let wanted = fold_name(text);
        let near = |customer: &&Brief| {
            let name = fold_name(&customer.name);
            !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name))
        };
        let mut found: Vec<&Brief> = self.customers.values().filter(near).collect();
        found.sort_by(|one, other| one.code.cmp(&other.code));
        found.truncate(3);
        found
    }
}

fn note(names: &mut HashMap<String, Found>, name: String, customer: i64) {
    let found = names.entry(name).or_insert(Found::One(customer));
    if *found != Found::One(customer) {
        *found = Found::Several;
    }
}

/// Remembers what a file calls a customer; a name that led elsewhere leads here from now on.
///
/// # Errors
/// Whatever the database says.
pub async fn remember(
    tx: &mut Tx,
    company: i64,
    customer: i64,
    alias: &str,
) -> Result<(), DbError> {
    let sql = Sql::new(
        "INSERT INTO customer_alias (company_id, customer_id, alias, folded) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (company_id, folded) DO UPDATE SET \
         customer_id = excluded.customer_id, alias = excluded.alias",
    );
    let sql = sql.bind(company).bind(customer).bind(alias).bind(fold_name(alias));
    tx.execute(sql).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_every_dress() {
        assert_eq!(fold_name("海仓（上海）贸易 有限公司"), fold_name("海仓(上海)贸易有限公司"));
        assert_eq!(fold_name("ＡＢＣ Co., Ltd."), fold_name("abc co ltd"));
        assert_ne!(fold_name("海仓一部"), fold_name("海仓二部"));
    }

    #[test]
    fn two_customers_of_one_name_are_told_apart_by_a_person() {
        let mut known = Directory::default();
        note(&mut known.by_name, "海仓".into(), 1);
        note(&mut known.by_name, "海仓".into(), 2);
        known.by_code.insert("C1".into(), 1);
        assert_eq!(known.find("海仓"), Found::Several);
        assert_eq!(known.find("C1"), Found::One(1));
        assert_eq!(known.find("海"), Found::None);
    }
}
