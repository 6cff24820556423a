//! What each row of a file would do: held against the customers that the caller may see.

use std::collections::HashMap;

use heqi_platform::Tx;
use sha2::{Digest, Sha256};

use super::beside;
use super::fill::Facts;
use super::model::{ImportChange, RowProblem};
use super::sheet::Sheet;
use crate::ctx::Ctx;
use crate::features::customers::columns::Field;
use crate::features::customers::model::NewCustomer;
use crate::features::customers::store::Kept;
use crate::features::customers::{duplicates, save, store};
use crate::permission::Permission;
use crate::problem::Problem;

/// Most customers of a company that a file is held against.
const CUSTOMERS_MAX: usize = 1_000_000;

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    New,
    Changed,
    Same,
    Possible,
    Rejected,
}

impl Status {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Possible => "possible",
            Self::Rejected => "rejected",
        }
    }
}

/// A row and what it would do.
pub(super) struct Planned {
    pub(super) row: u64,
    pub(super) status: Status,
    /// The customer as it would be; without its parent, which may come with the same file.
    pub(super) new: NewCustomer,
    /// The code of its parent; empty for none.
    pub(super) parent: String,
    /// The customer that there is, and its version.
    pub(super) existing: Option<(i64, i64)>,
    pub(super) changes: Vec<ImportChange>,
    /// Customers and rows of the file that it may be.
    pub(super) suspects: Vec<Suspected>,
    pub(super) problem: Option<RowProblem>,
}

/// What a row may be.
pub(super) struct Suspected {
    pub(super) customer: Option<i64>,
    pub(super) row: Option<u64>,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) reasons: Vec<String>,
}

/// A file held against the customers.
pub(super) struct Survey {
    pub(super) rows: Vec<Planned>,
    /// Numbers of the customers within reach, by code.
    pub(super) known: HashMap<String, i64>,
}

/// Holds a file against the customers.
///
/// # Errors
/// 403; whatever the database says.
pub(super) async fn survey(ctx: &Ctx, tx: &mut Tx, sheet: &Sheet) -> Result<Survey, Problem> {
    let scope = ctx.require(Permission::CustomersWrite)?;
    let names = store::names(tx, ctx.company, scope).await?;
    let kept = store::kept(tx, ctx.company, scope, None, CUSTOMERS_MAX).await?;
    let known: HashMap<String, i64> =
        kept.iter().map(|one| (one.entered.code.clone(), one.id)).collect();
    let by_code: HashMap<&str, &Kept> =
        kept.iter().map(|one| (one.entered.code.as_str(), one)).collect();
    let codes: Vec<String> =
        sheet.rows.iter().filter_map(|row| row.cells.get(&Field::Code).cloned()).collect();
    let taken = store::taken_codes(tx, ctx.company, &codes).await?;
    let logins = names.logins.iter().map(|(id, login)| (login.as_str(), *id)).collect();
    let facts = Facts { sheet, names: &names, by_code, taken, logins };
    let mut rows: Vec<Planned> = sheet.rows.iter().map(|row| facts.planned(row)).collect();
    beside::twice(sheet, &mut rows);
    beside::parents(&facts, &mut rows);
    for planned in rows.iter_mut().filter(|it| matches!(it.status, Status::New | Status::Changed)) {
        let id = planned.existing.map_or(0, |(id, _)| id);
        if let Err(problem) = save::check(ctx, tx, id, &planned.new).await {
            let refused = problem.status.is_client_error();
            if !refused {
                return Err(problem);
            }
            facts.reject(planned, &problem);
        }
    }
    let subjects = duplicates::subjects(tx, ctx.company, scope).await?;
    let rows = tokio::task::block_in_place(|| beside::suspected(subjects, rows));
    Ok(Survey { rows, known })
}

/// The digest of a plan: the file, and what each of its rows would do to what there is.
pub(super) fn plan(digest: &str, rows: &[Planned]) -> String {
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    put("heqi.customers.import.v1");
    put(digest);
    for planned in rows {
        put(&planned.row.to_string());
        put(planned.status.code());
        let (id, version) = planned.existing.unwrap_or_default();
        put(&format!("{id}/{version}"));
        put(&planned.parent);
        put(&serde_json::to_string(&planned.new).unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
