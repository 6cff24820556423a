//! Customers that may be one 疑似重复: the same credit code, bank account or phone, names alike.
//!
//! Names are compared by the pairs of neighboring characters that they share. Only names that
//! share a rare pair are compared at all, so that the work grows with the customers and not with
//! their square.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use heqi_domain::{CustomerId, Id};
use heqi_platform::{DbError, Sql, Tx};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ctx::Ctx;
use crate::permission::{Permission, Scope};
use crate::problem::Problem;

/// Shared pairs of characters, of all that either name has, in percent.
const ALIKE_PERCENT_MIN: usize = 60;
/// What more customers than this have in common says nothing.
const COMMON_MAX: usize = 40;
/// Pairs that are told.
const PAIRS_MAX: usize = 500;

/// What is compared of a customer.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    pub(super) id: i64,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) folded: String,
    pub(super) credit_code: String,
    pub(super) bank: Option<Vec<u8>>,
    pub(super) phones: Vec<Vec<u8>>,
}

/// Two customers that may be one.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Duplicate {
    /// The two.
    pub customers: [Suspect; 2],
    /// Why, the strongest first: `same_credit_code`, `same_bank_account`, `same_name`,
    /// `same_phone`, `similar_name`.
    pub reasons: Vec<String>,
}

/// One of two customers that may be one.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Suspect {
    /// Its id.
    pub id: String,
    /// Our code for it.
    pub code: String,
    /// Its name.
    pub name: String,
}

const REASONS: [&str; 5] =
    ["same_credit_code", "same_bank_account", "same_name", "same_phone", "similar_name"];

/// Two subjects by their places, and the places of the reasons, the strongest first.
pub(super) type Pair = ((usize, usize), BTreeSet<usize>);

/// Pairs that may be one customer, those with the strongest reason first.
pub(super) fn pairs(subjects: &[Subject]) -> Vec<Pair> {
    let mut pairs: BTreeMap<(usize, usize), BTreeSet<usize>> = BTreeMap::new();
    let text = |value: &str| (!value.is_empty()).then(|| value.as_bytes().to_vec());
    equal(subjects, &mut pairs, 0, |one| text(&one.credit_code).into_iter().collect());
    equal(subjects, &mut pairs, 1, |one| one.bank.clone().into_iter().collect());
    equal(subjects, &mut pairs, 2, |one| text(&one.folded).into_iter().collect());
    equal(subjects, &mut pairs, 3, |one| one.phones.clone());
    alike(subjects, &mut pairs);
    let mut found: Vec<_> = pairs.into_iter().collect();
    found.sort_by_key(|(pair, reasons)| (reasons.first().copied(), *pair));
    found
}

/// The codes of reasons.
pub(super) fn reasons(places: &BTreeSet<usize>) -> Vec<String> {
    places.iter().map(|reason| REASONS[*reason].to_owned()).collect()
}

/// The first pairs, as they are told.
fn find(subjects: &[Subject]) -> Vec<Duplicate> {
    let suspect = |at: usize| Suspect {
        id: CustomerId::text(subjects[at].id),
        code: subjects[at].code.clone(),
        name: subjects[at].name.clone(),
    };
    let told = |((first, second), found): Pair| Duplicate {
        customers: [suspect(first), suspect(second)],
        reasons: reasons(&found),
    };
    pairs(subjects).into_iter().take(PAIRS_MAX).map(told).collect()
}

fn equal(
    subjects: &[Subject],
    pairs: &mut BTreeMap<(usize, usize), BTreeSet<usize>>,
    reason: usize,
    values: impl Fn(&Subject) -> Vec<Vec<u8>>,
) {
    let mut holders: BTreeMap<Vec<u8>, BTreeSet<usize>> = BTreeMap::new();
    for (at, subject) in subjects.iter().enumerate() {
        for value in values(subject) {
            holders.entry(value).or_default().insert(at);
        }
    }
    for holders in holders.into_values().filter(|holders| holders.len() <= COMMON_MAX) {
        for first in &holders {
            for second in holders.range(first + 1..) {
                pairs.entry((*first, *second)).or_default().insert(reason);
            }
        }
    }
}

fn alike(subjects: &[Subject], pairs: &mut BTreeMap<(usize, usize), BTreeSet<usize>>) {
    let bigrams: Vec<BTreeSet<(char, char)>> =
        subjects.iter().map(|subject| bigrams(&subject.folded)).collect();
    let mut holders: BTreeMap<(char, char), Vec<usize>> = BTreeMap::new();
    for (at, of_one) in bigrams.iter().enumerate() {
        of_one.iter().for_each(|bigram| holders.entry(*bigram).or_default().push(at));
    }
    let mut compared: BTreeSet<(usize, usize)> = BTreeSet::new();
    for holders in holders.into_values().filter(|holders| holders.len() <= COMMON_MAX) {
        for (index, first) in holders.iter().enumerate() {
            for second in &holders[index + 1..] {
                if !compared.insert((*first, *second)) {
                    continue;
                }
                let shared = bigrams[*first].intersection(&bigrams[*second]).count();
                let all = bigrams[*first].len() + bigrams[*second].len() - shared;
                let same = subjects[*first].folded == subjects[*second].folded;
                if !same && shared * 100 >= ALIKE_PERCENT_MIN * all {
                    pairs.entry((*first, *second)).or_default().insert(4);
                }
            }
        }
    }
}

fn bigrams(name: &str) -> BTreeSet<(char, char)> {
    name.chars().zip(name.chars().skip(1)).collect()
}

/// Customers within a scope that are not merged, with what is compared of them.
pub(super) async fn subjects(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
) -> Result<Vec<Subject>, DbError> {
    let mut sql = Sql::new(
        "SELECT id, code, name, folded, credit_code, bank_index FROM customer \
         WHERE status <> 'merged' AND company_id = ",
    );
    sql.push_bind(company);
    scope.push(&mut sql);
    sql.push(" ORDER BY id");
    let mut subjects = Vec::new();
    for row in tx.rows(sql).await? {
        subjects.push(Subject {
            id: row.get("id")?,
            code: row.get("code")?,
            name: row.get("name")?,
            folded: row.get("folded")?,
            credit_code: row.get("credit_code")?,
            bank: row.get("bank_index")?,
            phones: Vec::new(),
        });
    }
    let sql = "SELECT customer_id, phone_index FROM customer_contact \
               WHERE company_id = $1 AND phone_index IS NOT NULL";
    for row in tx.rows(Sql::new(sql).bind(company)).await? {
        let customer: i64 = row.get("customer_id")?;
        if let Ok(at) = subjects.binary_search_by_key(&customer, |subject| subject.id) {
            subjects[at].phones.push(row.get("phone_index")?);
        }
    }
    Ok(subjects)
}

/// Customers that may be one, with the reasons.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/duplicates", tag = "customers",
    operation_id = "customer_duplicates",
    params(("company" = String, Path)),
    responses((status = 200, description = "At most 500 pairs", body = Vec<Duplicate>)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn customer_duplicates(ctx: Ctx) -> Result<Json<Vec<Duplicate>>, Problem> {
    let scope = ctx.require(Permission::CustomersWrite)?;
    let mut tx = ctx.read().await?;
    let subjects = subjects(&mut tx, ctx.company, scope).await?;
    drop(tx);
    let found = tokio::task::spawn_blocking(move || find(&subjects)).await;
    found.map(Json).map_err(|error| DbError::Failed(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(id: i64, name: &str) -> Subject {
        let folded = heqi_domain::fold_name(name);
        Subject { id, name: name.to_owned(), folded, ..Subject::default() }
    }

    #[test]
    fn only_what_may_be_one_is_told_and_the_strongest_reason_first() {
        let mut subjects = vec![
            subject(1, "海仓国际贸易有限公司"),
            subject(2, "海仓国际贸易（上海）有限公司"),
            subject(3, "海仓国际贸易 有限责任公司"),
            subject(4, "远山建材有限公司"),
            subject(5, "金桥物流有限公司"),
            subject(6, "青石食品厂"),
        ];
        subjects[3].credit_code = "X".to_owned();
        subjects[4].credit_code = "X".to_owned();
        subjects[5].phones = vec![vec![1]];
        subjects[3].phones = vec![vec![1], vec![2]];
        let told: Vec<(String, String, String)> = find(&subjects)
            .into_iter()
            .map(|pair| {
                let [first, second] = pair.customers;
                (first.id, second.id, pair.reasons.join("+"))
            })
            .collect();
        let expected = [
            ("customer-4", "customer-5", "same_credit_code"),
            ("customer-1", "customer-3", "same_name"),
            ("customer-4", "customer-6", "same_phone"),
            ("customer-1", "customer-2", "similar_name"),
            ("customer-2", "customer-3", "similar_name"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(told, expected);
    }

    #[test]
    fn the_work_is_bounded_where_everybody_is_alike() {
        let many: Vec<Subject> =
            (0..3000).map(|id| subject(id + 1, &format!("华东贸易{id:04}"))).collect();
        assert!(find(&many).len() <= PAIRS_MAX);
    }
}
