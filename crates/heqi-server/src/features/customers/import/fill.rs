//! What a row says by itself: its cells set upon the customer that there is, or upon a new one.

use std::collections::HashMap;

use garde::Validate;
use heqi_domain::{Money, UserId};

use super::compare::{Planned, Status};
use super::model::{ImportChange, RowProblem};
use super::sheet::{Sheet, SheetRow};
use crate::features::customers::columns::{self, COLUMNS, Column, Field, Names};
use crate::features::customers::model::NewCustomer;
use crate::features::customers::save;
use crate::features::customers::store::Kept;
use crate::problem::{Problem, lang};

/// What the rows are held against.
pub(super) struct Facts<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) names: &'a Names,
    pub(super) by_code: HashMap<&'a str, &'a Kept>,
    /// Codes of the file that are taken in the company, within reach or not.
    pub(super) taken: Vec<String>,
    pub(super) logins: HashMap<&'a str, i64>,
}

impl Facts<'_> {
    /// The row as it stands by itself.
    pub(super) fn planned(&self, row: &SheetRow) -> Planned {
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
            if self.text(*field, &before, &parent_before).trim() != cell {
                self.set(planned, *field, cell)?;
            }
        }
        let Some(kept) = kept else { return self.valid(planned) };
        let changes = self.changes(&before, &parent_before, planned);
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

    /// What a cell says of a customer; its parent is known by code.
    fn text(&self, field: Field, of: &NewCustomer, parent: &str) -> String {
        match field {
            Field::Parent => parent.to_owned(),
            field => columns::text(field, of, self.names),
        }
    }

    fn changes(&self, before: &NewCustomer, parent: &str, to: &Planned) -> Vec<ImportChange> {
        let change = |column: &Column| {
            let before = self.text(column.field, before, parent);
            let after = self.text(column.field, &to.new, &to.parent);
            let column = column.heading(lang()).to_owned();
            (before != after).then_some(ImportChange { column, before, after })
        };
        COLUMNS.iter().filter(|column| column.is_taken()).filter_map(change).collect()
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
    pub(super) fn reject(&self, planned: &mut Planned, problem: &Problem) {
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

    pub(super) fn wrong(
        &self,
        field: Field,
        value: &str,
        code: &str,
        said: [&str; 2],
    ) -> RowProblem {
        RowProblem::new(code, &self.heading(field), value, said.map(str::to_owned))
    }
}
