//! What clients send and get about matching.

use garde::Validate;
use heqi_domain::{ActId, CustomerId, GroupId, LineId};
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::summary::RunSummary;

/// What a plan is to be made for.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// One customer, with those merged into it; every customer if none.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    /// Lines through this day, `2026-10-31`; all if none.
    #[serde(default)]
    #[garde(inner(pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))]
    pub as_of: Option<String>,
}

/// The plan that is to be committed.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitRun {
    /// The digest that the plan was shown with.
    #[garde(length(min = 64, max = 64))]
    pub digest: String,
}

/// A run: a plan with its digest, then its commit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Run {
    /// The id.
    pub id: String,
    /// Its number, for the cursor.
    #[serde(skip)]
    pub number: i64,
    /// The customer; none: every customer.
    pub customer: Option<String>,
    /// Lines through this day; none: all.
    pub as_of: Option<String>,
    /// The version of the rules; none: the preset.
    pub rules: Option<String>,
    /// The engine it was made with.
    pub engine: String,
    /// Digest over lines, decisions, rules and engine.
    pub digest: String,
    /// `planned`, `committed`, `stale` or `undone`.
    pub state: String,
    /// What it does, in figures.
    pub summary: RunSummary,
    /// Who planned it.
    pub created_by: String,
    /// When.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// Who committed it; empty until then.
    pub committed_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub committed_at: Option<Timestamp>,
    /// Who took it back; empty: it stands.
    pub undone_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub undone_at: Option<Timestamp>,
    /// Why.
    pub undone_note: String,
    /// Changes with every change.
    pub version: i64,
}

/// Why a run is taken back.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRun {
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
    /// Whether its matches are kept apart, as if each had been broken apart by hand: no run
    /// makes them again by itself. Otherwise the rules that hold now decide.
    #[serde(default)]
    #[garde(skip)]
    pub keep_apart: bool,
}

/// What the undo of a run takes back, and what stays.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunUndo {
    /// The run.
    pub run: Run,
    /// Matches that come apart.
    pub groups: i64,
    /// Their lines, which are open again.
    pub lines: i64,
    /// Suggestions that go.
    pub suggestions: i64,
    /// Groups that stay as a person left them.
    pub kept: i64,
    /// The first hundred of them, and why.
    pub kept_groups: Vec<KeptGroup>,
    /// The first hundred groups in a signed period; while there is one, nothing is taken back.
    pub signed: Vec<KeptGroup>,
}

/// A group that the undo of a run does not touch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeptGroup {
    /// The group.
    pub group: String,
    /// `decided`: a person confirmed, rejected or broke it apart; `difference_handled`: a person
    /// put its difference off or settled it; else the signed period.
    pub why: String,
}

/// Which groups.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
pub struct GroupQuery {
    /// Of this customer.
    pub customer: Option<String>,
    /// `live`, `suggested`, `rejected`, `undone` or `replaced`; live and suggested if none.
    pub status: Option<String>,
    /// `settled`, `differs` or `suggested`.
    pub state: Option<String>,
    /// The rule that joined it.
    pub pass: Option<String>,
    /// The main reason or the whole of `main+note`.
    pub reason: Option<String>,
}

/// Lines that settle each other, or are proposed to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Group {
    /// The id.
    pub id: String,
    /// Its number, for the cursor.
    #[serde(skip)]
    pub number: i64,
    /// The customer.
    pub customer: String,
    /// ISO 4217.
    pub currency: String,
    /// The run that made it; none: a person.
    pub run: Option<String>,
    /// Hash of what its members say: the same in every run.
    pub content: String,
    /// The rule that joined it; `decided`: a person did.
    pub pass: String,
    /// `settled`, `differs` or `suggested`.
    pub state: String,
    /// `live`: it holds its lines; `suggested`, `rejected`, `undone`, `replaced`: it does not.
    pub status: String,
    /// A person confirmed or made it: a later run leaves it alone.
    pub decided: bool,
    /// The sum of our lines, minor units.
    pub ours: i64,
    /// The sum of theirs.
    pub theirs: i64,
    /// ours − theirs.
    pub difference: i64,
    /// `main+note`; empty for a plain match.
    pub reason: String,
    /// What is to say about it, in the language of the request.
    pub sentence: String,
    /// Place among the suggestions for the same lines, 1 = best; 0: no suggestion.
    pub rank: i64,
    /// The act that decided it.
    pub act: Option<String>,
    /// Who decided it; empty: nobody yet.
    pub decided_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub decision_note: String,
    /// The signed period that it stands in; then it is not undone.
    pub period: Option<String>,
    /// Changes with every change.
    pub version: i64,
}

/// A group with its lines side by side.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupView {
    /// The group.
    pub group: Group,
    /// Our lines.
    pub ours: Vec<MemberLine>,
    /// Their lines.
    pub theirs: Vec<MemberLine>,
    /// Why, as facts of the lines that can be checked again.
    #[schema(value_type = Option<Object>)]
    pub evidence: Option<serde_json::Value>,
    /// Other groups that are suggested for some of the same lines.
    pub alternatives: Vec<Group>,
}

/// A line as a group shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MemberLine {
    /// The id.
    pub id: String,
    /// Document number as written.
    pub reference: String,
    /// Kind.
    pub kind: String,
    /// Day of the document.
    pub date: String,
    /// Memo.
    pub memo: String,
    /// Signed minor units.
    pub amount: i64,
    /// The live group that holds it.
    pub held_by: Option<String>,
}

/// A decision about one group, and why.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupDecision {
    /// Why; needed to reject and to break apart.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub reason: String,
}

/// Suggestions to be confirmed in one act.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkConfirm {
    /// These suggestions.
    #[garde(length(min = 1, max = 500))]
    #[schema(value_type = Vec<String>)]
    pub groups: Vec<GroupId>,
    /// Why.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub reason: String,
}

/// Which suggestions are good enough to be accepted together. What another suggestion wants
/// too is never among them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AcceptFilter {
    /// Of this customer.
    pub customer: Option<String>,
    /// Every line on this day or later, `2026-10-01`.
    pub from: Option<String>,
    /// Every line on this day or earlier.
    pub to: Option<String>,
    /// The rule that proposes it.
    pub pass: Option<String>,
    /// The greatest difference, minor units; only equal sums unless said otherwise.
    #[schema(minimum = 0)]
    #[param(minimum = 0)]
    pub difference_max: Option<i64>,
    /// The most days between the two sides, 36,600 at most; one without a date is not accepted
    /// then.
    #[schema(maximum = 36_600)]
    #[param(maximum = 36_600)]
    pub days_max: Option<u32>,
    /// The greatest chance that the sum fits by accident, in parts per million: subsets tried
    /// divided by the amount.
    #[schema(maximum = 1_000_000)]
    #[param(maximum = 1_000_000)]
    pub chance_ppm_max: Option<u32>,
}

/// The suggestions that a threshold accepts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AcceptPlan {
    /// How many.
    pub count: i64,
    /// Lines in them.
    pub lines: i64,
    /// Suggestions that fit and are left out, since another one wants one of their lines.
    pub contested: i64,
    /// Sums for each currency.
    pub sums: Vec<AcceptSum>,
    /// The suggestions.
    pub groups: Vec<String>,
    /// Digest over them as they are now: accepting takes exactly these.
    pub digest: String,
}

/// What accepted suggestions come to in a currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AcceptSum {
    /// ISO 4217.
    pub currency: String,
    /// Suggestions.
    pub groups: i64,
    /// The sum of our lines, minor units.
    pub ours: i64,
    /// The sum of theirs.
    pub theirs: i64,
    /// ours − theirs.
    pub difference: i64,
}

/// Suggestions to be accepted as they were shown.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptAll {
    /// The threshold.
    #[garde(skip)]
    pub filter: AcceptFilter,
    /// The digest that they were shown with.
    #[garde(length(min = 64, max = 64))]
    pub digest: String,
    /// Why.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub reason: String,
}

/// What became of a bulk act.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupBulkResult)]
pub struct BulkResult {
    /// The act, for its undo; none if nothing was done.
    pub act: Option<String>,
    /// Each item, in the order it was asked for.
    pub items: Vec<ItemResult>,
}

/// What became of one item of a bulk act.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemResult {
    /// The item.
    pub id: String,
    /// `done`, or the code of why not.
    pub result: String,
    /// Why not, in words; empty if done.
    pub detail: String,
}

/// Lines that a person matches.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualMatch {
    /// The lines, of one or both sides.
    #[garde(length(min = 2, max = 500))]
    #[schema(value_type = Vec<String>)]
    pub lines: Vec<LineId>,
    /// Why; needed if the two sides differ by more than the rounding of the rules.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub reason: String,
}

/// Lines that a person has chosen, to be added up.
#[derive(Debug, Deserialize, IntoParams)]
pub struct SumQuery {
    /// Ids of lines, with commas between them.
    pub lines: String,
}

/// The sums of lines that a person has chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sums {
    /// ISO 4217; none if there is no line, or lines of several currencies.
    pub currency: Option<String>,
    /// The sum of ours.
    pub ours: i64,
    /// The sum of theirs.
    pub theirs: i64,
    /// ours − theirs.
    pub difference: i64,
    /// Whether the difference is within the rounding of the rules.
    pub within_rounding: bool,
    /// Lines that a live group holds already.
    pub taken: Vec<String>,
    /// Lines that are held 挂起.
    pub held: Vec<String>,
}

/// Lines to be left out of matching for a while.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldLines {
    /// The lines.
    #[garde(length(min = 1, max = 500))]
    #[schema(value_type = Vec<String>)]
    pub lines: Vec<LineId>,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
    /// Until this day, `2026-12-31`; until released if none.
    #[serde(default)]
    #[garde(inner(pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))]
    pub until: Option<String>,
}

/// Held lines to be released.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseLines {
    /// The lines.
    #[garde(length(min = 1, max = 500))]
    #[schema(value_type = Vec<String>)]
    pub lines: Vec<LineId>,
    /// Why.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    pub reason: String,
}

/// A held line.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = LineHold)]
pub struct Hold {
    /// The line.
    pub line: String,
    /// Its number, for the cursor.
    #[serde(skip)]
    pub number: i64,
    /// The customer.
    pub customer: String,
    /// `ours` or `theirs`.
    pub side: String,
    /// Signed minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Why.
    pub reason: String,
    /// Until this day.
    pub until: Option<String>,
    /// Who held it.
    pub held_by: String,
    /// When.
    #[schema(value_type = String)]
    pub held_at: Timestamp,
}

/// What a person did in one go.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Act {
    /// The id.
    #[schema(value_type = String)]
    pub id: ActId,
    /// `confirm`, `reject`, `manual`, `unmatch`, `hold` or `release`.
    pub kind: String,
    /// Why.
    pub note: String,
    /// Who.
    pub made_by: String,
    /// When.
    #[schema(value_type = String)]
    pub made_at: Timestamp,
    /// Who took it back; empty: it stands.
    pub undone_by: String,
    /// When.
    #[schema(value_type = Option<String>)]
    pub undone_at: Option<Timestamp>,
    /// The groups it decided.
    pub groups: Vec<String>,
    /// What stands on it; while anything does, it is not undone.
    pub stands_on_it: Vec<StandsOn>,
}

/// Something that stands on an act.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StandsOn {
    /// The id of the group, line or discrepancy.
    pub id: String,
    /// `signed`, `decided_since`, `line_taken` or `resolved`.
    pub why: String,
}
