//! What each row of a file would do: held against the customers that the caller may see.

use std::collections::{BTreeMap, HashMap};

use garde::Validate;
use heqi_domain::{Money, UserId, fold_name};
use heqi_platform::Tx;
use sha2::{Digest, Sha256};

use super::model::{ImportChange, RowProblem};
use super::sheet::{Sheet, SheetRow};
use crate::ctx::Ctx;
use crate::features::customers::columns::{self, COLUMNS, Field, Names};
use crate::features::customers::duplicates::{self, Subject};
use crate::features::customers::model::NewCustomer;
use crate::features::customers::save;
use crate::features::customers::store::{self, Kept};
use crate::permission::Permission;
use crate::problem::{Problem, lang};

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
    /// Customers and rows that it may be: index of another row or the id of a customer.
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
    let kept = store::kept(tx, ctx.company, scope, None, usize::from(u16::MAX) << 8).await?;
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
    twice(sheet, &mut rows);
    parents(&facts, &mut rows);
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
    let rows = tokio::task::block_in_place(|| suspected(subjects, rows));
    Ok(Survey { rows, known })
}

/// What the rows are held against.
struct Facts<'a> {
    sheet: &'a Sheet,
    names: &'a Names,
    by_code: HashMap<&'a str, &'a Kept>,
    /// Codes of the file that are taken in the company, within reach or not.
    taken: Vec<String>,
    logins: HashMap<&'a str, i64>,
}

impl Facts<'_> {
    fn planned(&self, row: &SheetRow) -> Planned {
        let cell = |field| row.cells.get(&field).map_or("", String::as_str);
        let (code, name) = (cell(Field::Code), cell(Field::Name));
        let kept = self.by_code.get(code).copied();
        let entered = kept.map_or_else(|| NewCustomer::named(code, name), |it| it.entered.clone());
        let parent = columns::text(Field::Parent, &entered, self.names);
        let mut planned = Planned {
            row: row.row,
            status: if kept.is_some() { Status::Same } else { Status::New },
            new: entered,
            parent,
            existing: kept.map(|it| (it.id, it.version)),
            changes: Vec::new(),
            suspects: Vec::new(),
            problem: None,
        };
        let filled = row.problem.clone().map_or_else(|| self.fill(&mut planned, row, kept), Err);
        if let Err(problem) = filled {
            planned.status = Status::Rejected;
            planned.problem = Some(problem);
        }
        planned
    }

    /// Sets what the row says; an empty cell says nothing.
    fn fill(
        &self,
        planned: &mut Planned,
        row: &SheetRow,
        kept: Option<&Kept>,
    ) -> Result<(), RowProblem> {
        for field in [Field::Code, Field::Name] {
            if !row.cells.contains_key(&field) {
                return Err(self.wrong(field, "", "empty", ["不能为空", "must not be empty"]));
            }
        }
        let code = &row.cells[&Field::Code];
        if kept.is_none() && self.taken.contains(code) {
            let said = [
                "这个编码已是别人负责的客户，您看不到它；请换一个编码，或找同事处理",
                "the code belongs to a customer that is not yours to see; choose another",
            ];
            return Err(self.wrong(Field::Code, code, "code_taken", said));
        }
        let before = planned.new.clone();
        let parent_before = planned.parent.clone();
        for (field, cell) in &row.cells {
            let is = match field {
                Field::Parent => parent_before.clone(),
                field => columns::text(*field, &before, self.names),
            };
            if is.trim() != cell {
                self.set(planned, *field, cell)?;
            }
        }
        let Some(kept) = kept else { return self.valid(planned) };
        let after = |field| match field {
            Field::Parent => planned.parent.clone(),
            field => columns::text(field, &planned.new, self.names),
        };
        let mut changes = Vec::new();
        for column in COLUMNS.iter().filter(|column| column.is_taken()) {
            let is = match column.field {
                Field::Parent => parent_before.clone(),
                field => columns::text(field, &before, self.names),
            };
            let will = after(column.field);
            if is != will {
                let column = column.heading(lang()).to_owned();
                changes.push(ImportChange { column, before: is, after: will });
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        if kept.status == "merged" {
            let said = [
                "这个客户已并入另一个客户，不能再改；要改请先撤销合并",
                "the customer was merged into another one; undo the merge first",
            ];
            return Err(self.wrong(Field::Code, code, "customer_merged", said));
        }
        if before.parent.is_some() && parent_before.is_empty() {
            let said = [
                "它的上级单位不在您的客户范围内，请同事来改",
                "its parent is not yours to see; ask a colleague who looks after it",
            ];
            return Err(self.wrong(Field::Code, code, "parent_out_of_reach", said));
        }
        planned.changes = changes;
        planned.status = Status::Changed;
        save::keep_old_name(&mut planned.new, &before.name);
        self.valid(planned)
    }

    fn set(&self, planned: &mut Planned, field: Field, cell: &str) -> Result<(), RowProblem> {
        let new = &mut planned.new;
        let text = cell.to_owned();
        match field {
            Field::Code => new.code = text,
            Field::Name => new.name = text,
            Field::Aliases => new.aliases = columns::items(cell),
            Field::CreditCode => new.credit_code = text,
            Field::Parent => planned.parent = text,
            Field::Owner => new.owner = Some(self.owner(cell)?),
            Field::Department => new.department = text,
            Field::Region => new.region = text,
            Field::Currency => new.currency = text.to_uppercase(),
            Field::TermDays => {
                let said = ["账期须是整数天", "the term is a whole number of days"];
                let days = cell.parse().map_err(|_| self.wrong(field, cell, "not_a_number", said));
                new.term_days = days?;
            }
            Field::CreditLimit => {
                let said = ["额度须是数字，如 50000.00", "the limit is a number such as 50000.00"];
                let plain = cell.replace([',', '，', ' '], "");
                let limit = Money::parse(&plain, columns::exponent(new));
                let limit = limit.map_err(|_| self.wrong(field, cell, "not_an_amount", said))?;
                new.credit_limit = Some(limit.minor());
            }
            Field::Tags => new.tags = columns::items(cell),
            Field::Address => new.address = text,
            Field::Language => new.language = text.to_lowercase(),
            Field::StatementTemplate => new.statement_template = text,
            Field::InvoiceTitle => new.invoice_title = text,
            Field::Contacts => {
                let said = [
                    "写成 姓名/用途/邮箱/联系方式，用途只能是 对账、财务、采购、其他",
                    "write name/role/mail/channel; the role is reconciliation, finance, \
                     purchasing or other",
                ];
                let contacts = columns::contacts(cell);
                let mut contacts =
                    contacts.ok_or_else(|| self.wrong(field, cell, "bad_contacts", said))?;
                // The same person keeps the phone that there is.
                let mut old = std::mem::take(&mut new.contacts);
                for contact in &mut contacts {
                    let same = old.iter().position(|it| it.name == contact.name);
                    contact.id = same.and_then(|at| old.remove(at).id);
                }
                new.contacts = contacts;
            }
            Field::Note => new.note = text,
            Field::Status | Field::Id => {}
        }
        Ok(())
    }

    fn owner(&self, login: &str) -> Result<UserId, RowProblem> {
        let found = self.logins.get(login).and_then(|id| UserId::new(*id));
        let said = [
            "没有这个登录名；请填业务员的登录名",
            "there is nobody with this login; write the login of who looks after the customer",
        ];
        found.ok_or_else(|| self.wrong(Field::Owner, login, "owner_unknown", said))
    }

    /// What holds for a customer wherever it comes from.
    fn valid(&self, planned: &mut Planned) -> Result<(), RowProblem> {
        planned.new.parent = None;
        let new = planned.new.clone();
        let checked = new.validate().map_err(|report| crate::input::invalid(&report));
        match checked.and_then(|()| save::normalized(new)) {
            Ok(new) => {
                planned.new = new;
                Ok(())
            }
            Err(problem) => {
                self.reject(planned, &problem);
                planned.problem.clone().map_or(Ok(()), Err)
            }
        }
    }

    /// Rejects a row for what saving says, at the column that it speaks of.
    fn reject(&self, planned: &mut Planned, problem: &Problem) {
        let pointer = problem.errors.first().map_or("", |error| error.pointer.as_str());
        let name = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let name = if problem.code == "alias_taken" { "aliases" } else { name };
        let column = COLUMNS.iter().find(|column| column.en == name);
        let value =
            column.map(|it| columns::text(it.field, &planned.new, self.names)).unwrap_or_default();
        let heading = column.map(|it| self.heading(it.field)).unwrap_or_default();
        planned.problem = Some(RowProblem::of(problem, &heading, &value));
        planned.status = Status::Rejected;
    }

    /// What the file calls a field; our own word if it has no such column.
    fn heading(&self, field: Field) -> String {
        let own = COLUMNS.iter().find(|column| column.field == field);
        match self.sheet.heading(field) {
            "" => own.map_or("", |column| column.heading(lang())).to_owned(),
            heading => heading.to_owned(),
        }
    }

    fn wrong(&self, field: Field, value: &str, code: &str, said: [&str; 2]) -> RowProblem {
        RowProblem::new(code, &self.heading(field), value, said.map(str::to_owned))
    }
}

/// Codes and aliases that stand in the file twice: the second row is rejected.
fn twice(sheet: &Sheet, rows: &mut [Planned]) {
    let (mut codes, mut aliases) = (HashMap::new(), HashMap::new());
    for planned in rows.iter_mut().filter(|it| it.status != Status::Rejected) {
        let code = planned.new.code.clone();
        let mut found = codes.insert(code.clone(), planned.row).map(|row| (row, Field::Code, code));
        for alias in &planned.new.aliases {
            let first = *aliases.entry(fold_name(alias)).or_insert(planned.row);
            if first != planned.row {
                found.get_or_insert((first, Field::Aliases, alias.clone()));
            }
        }
        if let Some((first, field, value)) = found {
            let said = [
                format!("与第 {first} 行重复；一个编码或别名只能指一个客户"),
                format!("stands in row {first} already; a code or alias is one customer's"),
            ];
            let problem = RowProblem::new("twice_in_file", sheet.heading(field), &value, said);
            planned.problem = Some(problem);
            planned.status = Status::Rejected;
        }
    }
}

/// Parents exist, here or in the file, and the groups remain a tree.
fn parents(facts: &Facts<'_>, rows: &mut [Planned]) {
    let mut above: BTreeMap<String, String> = facts
        .by_code
        .values()
        .map(|kept| {
            let parent = columns::text(Field::Parent, &kept.entered, facts.names);
            (kept.entered.code.clone(), parent)
        })
        .collect();
    for planned in rows.iter().filter(|it| it.status != Status::Rejected) {
        above.insert(planned.new.code.clone(), planned.parent.clone());
    }
    for planned in rows.iter_mut() {
        let changes = matches!(planned.status, Status::New | Status::Changed);
        if !changes || planned.parent.is_empty() {
            continue;
        }
        let said = if !above.contains_key(&planned.parent) {
            Some([
                "没有这个上级单位；请填已有客户的编码，或同一份文件里的编码",
                "there is no such parent; write the code of a customer or of a row of the file",
            ])
        } else if is_circle(&above, &planned.new.code) {
            Some([
                "上级单位绕回了它自己；集团关系不能成环",
                "the parents lead back to the customer; a group has no circle",
            ])
        } else {
            None
        };
        if let Some(said) = said {
            let parent = planned.parent.clone();
            planned.problem = Some(facts.wrong(Field::Parent, &parent, "bad_parent", said));
            planned.status = Status::Rejected;
        }
    }
}

fn is_circle(above: &BTreeMap<String, String>, code: &str) -> bool {
    let mut at = code;
    for _ in 0..=above.len().min(100) {
        match above.get(at).map(String::as_str) {
            Some("") | None => return false,
            Some(next) if next == code => return true,
            Some(next) => at = next,
        }
    }
    true
}

/// New customers that may be customers we have, or other rows of the file.
fn suspected(mut subjects: Vec<Subject>, mut rows: Vec<Planned>) -> Vec<Planned> {
    let first = subjects.len();
    let new: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].status == Status::New).collect();
    subjects.extend(new.iter().map(|at| {
        let new = &rows[*at].new;
        Subject {
            code: new.code.clone(),
            name: new.name.clone(),
            folded: fold_name(&new.name),
            credit_code: new.credit_code.clone(),
            ..Subject::default()
        }
    }));
    for ((one, other), reasons) in duplicates::pairs(&subjects) {
        // Of two rows of the file the later one is asked about.
        if other < first {
            continue;
        }
        let subject = &subjects[one];
        let row = one.checked_sub(first).map(|at| rows[new[at]].row);
        let suspected = Suspected {
            customer: row.is_none().then_some(subject.id),
            row,
            code: subject.code.clone(),
            name: subject.name.clone(),
            reasons: duplicates::reasons(&reasons),
        };
        let planned = &mut rows[new[other - first]];
        planned.status = Status::Possible;
        planned.suspects.push(suspected);
    }
    rows
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
