//! What is said about a file of customers before and after it is taken over.

use heqi_domain::Lang;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// What comes with a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct ImportQuery {
    /// The name of the file; `X-File-Name` (percent-encoded) or the form's name otherwise.
    pub name: Option<String>,
}

/// What comes with a file that is to be taken over.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct CommitQuery {
    /// The name of the file; `X-File-Name` (percent-encoded) or the form's name otherwise.
    pub name: Option<String>,
    /// `plan` of the preview.
    pub plan: String,
    /// Rows that may be customers we have and are to be added all the same: `3,17`, or `all`.
    pub also: Option<String>,
}

/// What a file of customers would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerImportPreview {
    /// The name of the file.
    pub name: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its columns in their order, with what they are taken for.
    pub columns: Vec<ImportColumn>,
    /// What to know about the file as a whole.
    pub notes: Vec<ImportNote>,
    /// Rows by what becomes of them.
    pub counts: ImportCounts,
    /// Every row but those that are the same already; the first 2000.
    pub rows: Vec<ImportRow>,
    /// Whether there are more rows than are told.
    pub more: bool,
    /// What a commit has to name: it holds as long as the customers stay as they are.
    pub plan: String,
}

/// A column of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportColumn {
    /// Its heading.
    pub heading: String,
    /// The field of a customer; empty for a column that is passed over.
    pub field: String,
}

/// What to know about a file as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportNote {
    /// `bank_accounts_not_taken`, `columns_passed_over`.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Rows by what becomes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportCounts {
    /// Customers to be added.
    pub new: usize,
    /// Customers to be changed.
    pub changed: usize,
    /// Customers that are as the file says.
    pub same: usize,
    /// New codes that may be customers we have: added only if a person says so.
    pub possible: usize,
    /// Rows that do not hold.
    pub rejected: usize,
}

/// A row of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRow {
    /// 1-based row of the file.
    pub row: u64,
    /// `new`, `changed`, `possible` or `rejected`.
    pub status: &'static str,
    /// The code.
    pub code: String,
    /// The name.
    pub name: String,
    /// The customer that it changes.
    pub customer: Option<String>,
    /// What it changes.
    pub changes: Vec<ImportChange>,
    /// The customers, or rows of the file, that it may be the same as.
    pub suspects: Vec<ImportSuspect>,
    /// Why it is rejected.
    pub problem: Option<RowProblem>,
}

/// A field that changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportChange {
    /// The column.
    pub column: String,
    /// What it is.
    pub before: String,
    /// What it will be.
    pub after: String,
}

/// What a row may be the same as.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportSuspect {
    /// The customer; none if it is a row of the same file.
    pub customer: Option<String>,
    /// Its row in the file.
    pub row: Option<u64>,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Why: `same_credit_code`, `same_name`, `similar_name`.
    pub reasons: Vec<String>,
}

/// Why a row is rejected.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowProblem {
    /// Stable code.
    pub code: String,
    /// The column at fault; empty for the row as a whole.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong and how to mend it, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl RowProblem {
    /// A problem of one cell.
    pub(super) fn new(code: &str, column: &str, value: &str, [zh, en]: [String; 2]) -> Self {
        let value = value.chars().take(200).collect();
        Self { code: code.to_owned(), column: column.to_owned(), value, zh, en }
    }

    /// What saving would say, at the column that it speaks of.
    pub(super) fn of(problem: &Problem, column: &str, value: &str) -> Self {
        let [zh, en] = problem.detail.clone();
        // What a validation found about a field has no second language.
        let more = problem.errors.first().filter(|_| problem.code == "invalid_fields");
        let more = more.map(|error| error.detail.as_str());
        let say = |text: String, lang: Lang| match more {
            Some(more) => format!("{text}{}{more}", lang.pick("：", ": ")),
            None => text,
        };
        Self::new(problem.code, column, value, [say(zh, Lang::Zh), say(en, Lang::En)])
    }
}

/// What was taken over.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerImportResult {
    /// SHA-256 of the file.
    pub digest: String,
    /// Customers that were added.
    pub created: Vec<String>,
    /// Customers that were changed.
    pub changed: Vec<String>,
    /// Customers that were as the file says.
    pub same: usize,
    /// Rows that were left out since they may be customers we have.
    pub left_out: usize,
    /// Rows that do not hold.
    pub rejected: usize,
}
