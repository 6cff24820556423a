//! A filter as SQL, and how a keyword is narrowed to the few lines that may hold it.

use heqi_platform::{DbError, Sql, Tx};

use super::sort::Sort;
use crate::features::customers;
use crate::features::ledger::text;
use crate::permission::Scope;

/// A filter that was understood.
#[derive(Clone, Debug)]
pub struct Filter {
    pub(super) customer: Option<i64>,
    /// The customer and those merged into it, once [`Filter::narrow`] has looked.
    pub(super) customers: Vec<i64>,
    pub(super) group: Option<i64>,
    pub(super) side: Option<&'static str>,
    pub(super) kinds: Vec<&'static str>,
    pub(super) states: Vec<&'static str>,
    pub(super) currency: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) amounts: Vec<(i64, i64)>,
    pub(super) words: Vec<Word>,
    /// Lines outside of which nothing is found, if few hold one of the words.
    pub(super) within: Option<Vec<i64>>,
    /// How the lines are sorted.
    pub sort: Sort,
}

/// A word of the keyword: the pattern it is looked for with, and the amount it may be.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) pattern: String,
    pub(super) amount: Option<i64>,
}

/// The words of a line that a keyword is looked for in.
const WORDS_OF_LINE: &str =
    "LOWER(line.reference || ' ' || line.other_reference || ' ' || line.memo)";

/// More candidates than this are no help: the page fills soon without them.
const CANDIDATES_MAX: usize = 20_000;

impl Filter {
    /// Looks up who was merged into the customer, and the words in the index, so that only lines
    /// that may hold one are looked at.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn narrow(&mut self, tx: &mut Tx, company: i64) -> Result<(), DbError> {
        if let Some(customer) = self.customer {
            self.customers = customers::with_merged(tx, company, customer).await?;
        }
        for word in &self.words {
            let Some(mut ids) = text::find(tx, company, &word.text, CANDIDATES_MAX).await? else {
                continue;
            };
            let mut beside = Sql::new("SELECT id FROM line WHERE text_chunk IS NULL");
            beside.push(" AND company_id = ").push_bind(company);
            beside.push(" UNION ALL SELECT id FROM line WHERE company_id = ").push_bind(company);
            push_customers(beside.push(" AND "), word, company);
            let either = word.amount.into_iter().chain(word.amount.and_then(i64::checked_neg));
            for amount in either {
                beside.push(" UNION ALL SELECT id FROM line WHERE company_id = ");
                beside.push_bind(company).push(" AND amount = ").push_bind(amount);
            }
            beside.push(" LIMIT ").push_bind(CANDIDATES_MAX as i64 + 1);
            for row in tx.rows(beside).await? {
                ids.push(row.get("id")?);
            }
            if ids.len() <= CANDIDATES_MAX {
                self.within = Some(ids);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Appends ` WHERE …`: the company, the scope and the filter. `line` is in reach.
    pub fn push(&self, sql: &mut Sql, company: i64, scope: &Scope) {
        if let Some(within) = &self.within {
            // The sign keeps SQLite from walking through the company instead.
            sql.push(" WHERE line.id IN ").push_ids(within);
            sql.push(" AND +line.company_id = ").push_bind(company);
        } else {
            sql.push(" WHERE line.company_id = ").push_bind(company);
        }
        self.push_reach(sql, company, scope);
        if let Some(group) = self.group {
            sql.push(" AND line.customer_id IN (WITH RECURSIVE branch (id) AS (");
            sql.push("SELECT customer.id FROM customer WHERE customer.id = ").push_bind(group);
            sql.push(" UNION SELECT customer.id FROM customer JOIN branch ");
            sql.push("ON customer.parent_id = branch.id OR customer.merged_into = branch.id ");
            sql.push("WHERE customer.company_id = ");
            sql.push_bind(company).push(") SELECT id FROM branch)");
        }
        for (column, value) in [
            (" AND line.side = ", self.side),
            (" AND line.currency = ", self.currency.as_deref()),
            (" AND line.business_date >= ", self.from.as_deref()),
            (" AND line.business_date <= ", self.to.as_deref()),
        ] {
            if let Some(value) = value {
                sql.push(column).push_bind(value);
            }
        }
        match self.kinds.as_slice() {
            [] => {}
            // One kind is an equality, by which its index is sorted by date.
            [kind] => _ = sql.push(" AND line.kind = ").push_bind(*kind),
            kinds => _ = sql.push(" AND line.kind IN ").push_list(kinds.iter().copied()),
        }
        if self.states.is_empty() {
            sql.push(" AND line.state <> 'withdrawn'");
        } else {
            sql.push(" AND line.state IN ").push_list(self.states.iter().copied());
            if !self.states.iter().any(|state| ["posted", "withdrawn"].contains(state)) {
                // In the words of the index of what waits, or it would not be taken.
                sql.push(" AND line.state <> 'posted' AND line.state <> 'withdrawn'");
            }
        }
        self.push_amounts(sql);
        for word in &self.words {
            push_word(sql, word, company);
        }
    }

    /// Whose lines: who may see a customer sees what was merged into it as well.
    fn push_reach(&self, sql: &mut Sql, company: i64, scope: &Scope) {
        let Some(customer) = self.customer else {
            return scope.push_customers(sql, "line.customer_id", company);
        };
        if let [_, _, ..] = self.customers.as_slice() {
            sql.push(" AND line.customer_id IN ").push_list(self.customers.iter().copied());
        } else {
            sql.push(" AND line.customer_id = ").push_bind(customer);
        }
        if !scope.all {
            sql.push(" AND EXISTS (SELECT 1 FROM customer WHERE customer.company_id = ");
            sql.push_bind(company).push(" AND customer.id = ").push_bind(customer);
            scope.push(sql);
            sql.push(")");
        }
    }

    fn push_amounts(&self, sql: &mut Sql) {
        for (at, (least, most)) in self.amounts.iter().enumerate() {
            sql.push(if at == 0 { " AND (" } else { " OR " });
            if least == most {
                sql.push("line.amount = ").push_bind(*least);
            } else {
                sql.push("line.amount BETWEEN ").push_bind(*least);
                sql.push(" AND ").push_bind(*most);
            }
        }
        if !self.amounts.is_empty() {
            sql.push(")");
        }
    }
}

fn push_word(sql: &mut Sql, word: &Word, company: i64) {
    sql.push(" AND (").push(WORDS_OF_LINE).push(" LIKE ").push_bind(&word.pattern);
    sql.push(" ESCAPE '\\' OR ");
    push_customers(sql, word, company);
    if let Some(amount) = word.amount {
        sql.push(" OR line.amount = ").push_bind(amount);
        if let Some(opposite) = amount.checked_neg() {
            sql.push(" OR line.amount = ").push_bind(opposite);
        }
    }
    sql.push(")");
}

/// Appends a condition: the customer's name, code or pinyin holds the word.
fn push_customers(sql: &mut Sql, word: &Word, company: i64) {
    sql.push("line.customer_id IN (SELECT customer.id FROM customer ");
    sql.push("WHERE customer.company_id = ").push_bind(company);
    sql.push(" AND LOWER(customer.name || ' ' || customer.code || ' ' || customer.search) LIKE ");
    sql.push_bind(&word.pattern).push(" ESCAPE '\\')");
}
