//! What rows are to each other and to the customers that there are: twice, above, alike.

use std::collections::{BTreeMap, HashMap};

use heqi_domain::fold_name;

use super::compare::{Planned, Status, Suspected};
use super::fill::Facts;
use super::model::RowProblem;
use super::sheet::Sheet;
use crate::features::customers::columns::{self, Field};
use crate::features::customers::duplicates::{self, Subject};

/// Codes and aliases that stand in the file twice: the second row is rejected.
pub(super) fn twice(sheet: &Sheet, rows: &mut [Planned]) {
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
pub(super) fn parents(facts: &Facts<'_>, rows: &mut [Planned]) {
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
pub(super) fn suspected(mut subjects: Vec<Subject>, mut rows: Vec<Planned>) -> Vec<Planned> {
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
