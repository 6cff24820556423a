//! What is said about imports: shapes of requests, of answers, and of the JSON columns.

use std::collections::BTreeMap;

use garde::Validate;
use heqi_intake::Role;
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What comes with an upload.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct UploadQuery {
    /// Whose book the file is: `ours` or `theirs`.
    pub side: Option<String>,
    /// The customer of every line that names none: `customer-17`.
    pub customer: Option<String>,
    /// From whose books the file speaks: `receivable` or `payable`; none: as the file shows.
    pub view: Option<String>,
    /// The import whose rejected rows this file brings, mended: `batch-17`.
    pub mends: Option<String>,
    /// The name of the file; `X-File-Name` (percent-encoded) or the form's name otherwise.
    pub name: Option<String>,
}

/// How a file is to be read; what is left out is found in the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// What single columns hold.
    #[garde(dive, length(max = 200))]
    pub columns: Vec<ColumnRole>,
    /// Order of dates that do not begin with the year: `day_month` or `month_day`.
    #[garde(inner(custom(one_of(&["day_month", "month_day"]))))]
    pub date_order: Option<String>,
    /// From whose books the file speaks: `receivable` or `payable`.
    #[garde(inner(custom(one_of(&["receivable", "payable"]))))]
    pub view: Option<String>,
    /// The customer of every line that names none: `customer-17`.
    #[garde(inner(length(max = 40)))]
    pub customer: Option<String>,
    /// Currency of lines that name none: `CNY`.
    #[garde(inner(length(min = 3, max = 3)))]
    pub currency: Option<String>,
    /// Sheet of a workbook, by name or 1-based number.
    #[garde(inner(length(max = 100)))]
    pub sheet: Option<String>,
    /// 1-based row of the header.
    #[garde(inner(range(min = 1, max = 10_000)))]
    pub header_row: Option<u64>,
    /// Encoding of a text file: `utf-8`, `gb18030`, `big5`, `utf-16`.
    #[garde(inner(length(max = 30)))]
    pub encoding: Option<String>,
}

/// What one column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnRole {
    /// Its name, or its 1-based number.
    #[garde(length(min = 1, max = 400))]
    pub column: String,
    /// `date`, `reference`, `amount`, `debit`, `credit`, `customer`, … or `ignored`.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub role: Role,
}

fn one_of(known: &'static [&'static str]) -> impl FnOnce(&String, &()) -> garde::Result {
    move |text, ()| {
        if known.contains(&text.as_str()) {
            return Ok(());
        }
        Err(garde::Error::new(known.join(" / ")))
    }
}

/// A sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Why a file cannot be read as a whole.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileProblem {
    /// Stable code.
    pub code: String,
    /// What, where and how to fix it.
    pub detail: Words,
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub struct Import {
    /// Its id.
    pub id: String,
    /// `received`, `inspected`, `mapped`, `checked`, `committed`, `undone` or `discarded`.
    pub state: String,
    /// Whose book the file is.
    pub side: String,
    /// The file.
    pub file: File,
    /// What a person said about it.
    pub mapping: Mapping,
    /// The saved template that was recognised.
    pub template: Option<String>,
    /// How the file was understood: columns with roles and confidence, warnings.
    #[schema(value_type = Option<Object>)]
    pub inspection: Option<serde_json::Value>,
    /// Why it cannot be read.
    pub problem: Option<FileProblem>,
    /// The job that reads or commits it.
    pub job: Option<String>,
    /// The import whose rejected rows it brings.
    pub mends: Option<String>,
    /// The imports that bring its rejected rows.
    pub mended_by: Vec<String>,
    /// Other imports of the same bytes.
    pub same_file: Vec<String>,
    /// Changes with every change.
    pub version: i64,
    /// When it was received.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// Who brought it.
    pub created_by: String,
    /// When its lines were posted.
    #[schema(value_type = Option<String>)]
    pub committed_at: Option<Timestamp>,
    /// When they were taken back.
    #[schema(value_type = Option<String>)]
    pub undone_at: Option<Timestamp>,
}

/// A file as it was received.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct File {
    /// The name it had.
    pub name: String,
    /// SHA-256.
    pub digest: String,
    /// Bytes.
    pub size: i64,
}

/// What is to be done with the rows of a file, and what they add up to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportPreview)]
pub struct Preview {
    /// Rows and sums of each status and currency.
    pub totals: Vec<Total>,
    /// What the file states about its balance.
    pub control: Control,
    /// What to look at before posting; it stands in the way of nothing.
    pub warnings: Vec<Flag>,
    /// Possible duplicates, by reason and customer.
    pub possible: Vec<PossibleGroup>,
    /// Rows that would be posted now.
    pub chosen: i64,
    /// What a commit has to name: it holds as long as the ledger stays as it is.
    pub plan: String,
    /// Changes with every change.
    pub version: i64,
}

/// What was counted while a file was read and checked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Rows and sums of each status and currency.
    pub totals: Vec<Total>,
    /// What the file states about its balance.
    pub control: Control,
    /// What to look at before posting.
    #[serde(default)]
    pub warnings: Vec<Flag>,
}

/// Rows that a person should look at, though they can be posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Flag {
    /// `goods_differ` or `tax_differs`.
    pub code: String,
    /// Rows.
    pub rows: i64,
    /// The first of them, 1-based rows of the file.
    pub samples: Vec<i64>,
    /// What is the matter, and what to do.
    pub detail: Words,
}

/// Rows and sums of one status in one currency; minor units, from the receivable's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportTotal)]
pub struct Total {
    /// `new`, `known`, `possible` or `rejected`.
    pub status: String,
    /// ISO 4217; empty for rows whose currency could not be read.
    pub currency: String,
    /// Rows.
    pub rows: i64,
    /// Σ of what adds to the receivable.
    pub debit: i64,
    /// Σ of what takes from it, as a positive number.
    pub credit: i64,
}

/// The balance that a file states, beside what its lines make of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Control {
    /// Opening balance.
    pub opening: Option<i64>,
    /// Σ of all lines of the file.
    pub movement: i64,
    /// Closing balance.
    pub closing: Option<i64>,
    /// Whether opening + movement = closing, where both are stated.
    pub agrees: Option<bool>,
}

/// Lines that a person has to decide on: import them or leave them out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PossibleGroup {
    /// Names the group in a decision: `same_reference:customer-17`.
    pub group: String,
    /// `same_reference` or `same_amount_and_day`.
    pub code: String,
    /// The customer.
    pub customer: String,
    /// Its name.
    pub customer_name: String,
    /// Rows.
    pub rows: i64,
    /// `import`, `skip`, or none while undecided.
    pub action: Option<String>,
    /// What is the matter, and what to do.
    pub detail: Words,
}

/// Decisions about possible duplicates.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// `same_reference:customer-17`, or `same_reference` for all customers → `import` or `skip`.
    #[garde(length(min = 1, max = 1000), custom(actions))]
    pub groups: BTreeMap<String, String>,
}

fn actions(groups: &BTreeMap<String, String>, (): &()) -> garde::Result {
    match groups.iter().find(|(_, action)| !["import", "skip"].contains(&action.as_str())) {
        Some((group, _)) => Err(garde::Error::new(format!("{group}: import / skip"))),
        None => Ok(()),
    }
}

/// What a commit is about.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// `plan` of the preview.
    #[garde(length(min = 1, max = 100))]
    pub plan: String,
}

/// What was posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Committed {
    /// The import.
    pub id: String,
    /// Lines posted.
    pub posted: i64,
    /// Rows that the ledger had already.
    pub known: i64,
    /// Possible duplicates left out.
    pub skipped: i64,
    /// Rows that are not lines yet.
    pub rejected: i64,
    /// Σ of the posted lines, by currency.
    pub sums: BTreeMap<String, i64>,
}

/// What was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undone {
    /// The import.
    pub id: String,
    /// Lines of theirs that were withdrawn.
    pub withdrawn: i64,
    /// Reversals posted for lines of ours.
    pub reversed: i64,
}

/// Rows with the same remedy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Issue {
    /// Stable code.
    pub code: String,
    /// The column at fault.
    pub column: String,
    /// Rows.
    pub rows: i64,
    /// What is wrong.
    pub what: Words,
    /// What to do.
    pub remedy: Words,
    /// The first rows: row number and value.
    pub samples: Vec<Sample>,
    /// What a file calls a customer that is not known; with whom it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<UnknownCustomer>,
}

/// A row that shows what is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sample {
    /// 1-based row of the file.
    pub row: i64,
    /// The value at fault.
    pub value: String,
}

/// A customer that a file names and nobody knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnknownCustomer {
    /// What the file calls it.
    pub name: String,
    /// What can be done: `map` to a customer (the name becomes its alias), or `create` one.
    pub choices: Vec<String>,
    /// Customers with a similar name.
    pub similar: Vec<CustomerChoice>,
}

/// A customer to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerChoice {
    /// The id.
    pub id: String,
    /// Our code for it.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Says who is meant by a name of the file; the name becomes an alias.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameCustomer {
    /// As the file has it.
    #[garde(length(chars, min = 1, max = 200))]
    pub name: String,
    /// `customer-17`.
    #[garde(length(min = 1, max = 40))]
    pub customer: String,
}

/// Names a template.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// What people call it.
    #[garde(length(chars, min = 1, max = 60))]
    pub name: String,
}

/// How one kind of file is read, known again by its header.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedTemplate {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose book such files are.
    pub side: String,
    /// The mapping, TOML.
    pub toml: String,
    /// Changes with every change.
    pub version: i64,
}

/// A row of the file, staged.
#[derive(Debug, Serialize, ToSchema)]
pub struct StagedLine {
    /// 1-based row of the file.
    pub row: i64,
    /// The cells as they stand.
    pub raw: Vec<String>,
    /// `new`, `known`, `possible` or `rejected`.
    pub status: String,
    /// Code of what is the matter; empty if nothing is.
    pub problem: String,
    /// What the file calls the customer.
    pub customer_text: String,
    /// The customer.
    pub customer: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// What it records.
    pub kind: String,
    /// Document number.
    pub reference: String,
    /// Memo.
    pub memo: String,
    /// Day of the document.
    pub business_date: String,
    /// Minor units, from the receivable's side.
    pub amount: Option<i64>,
    /// The tax in it, with the sign of the amount.
    pub tax: Option<i64>,
    /// Code of what to look at before it is posted; empty if nothing.
    pub warning: String,
    /// The line of the ledger that it equals or resembles.
    pub twin: Option<String>,
}

/// Which staged rows are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct LinesQuery {
    /// `new`, `known`, `possible` or `rejected`.
    pub status: Option<String>,
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// An import and the job that reads it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Started {
    /// The import.
    pub id: String,
    /// The job.
    pub job: String,
}
