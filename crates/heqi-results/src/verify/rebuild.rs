//! The outcome as the tables claim it, with the row of every claim.

mod evidence;
mod groups;
mod places;

use std::collections::BTreeMap;
use std::path::Path;

use heqi_domain::{Account, Lines, Reason, Side};
use heqi_matching::{Block, Discrepancy, Grounds, Outcome, Residual};

use super::VerifyError;
use super::cells::{self, Names};
use super::finding::{FindingCode, Unsound};
use super::rows::{Table, shape};
use crate::summary::Summary;
use crate::tables::parse_lines_cell;

const GROUPS: &[&str] = &[
    "group_id",
    "state",
    "pass",
    "n_ours",
    "n_theirs",
    "difference",
    "reason",
    "customer",
    "currency",
    "rank",
];
const MEMBERS: &[&str] = &["side", "line_id", "group_id", "state", "reason"];
const RESIDUALS: &[&str] =
    &["side", "line_id", "reason", "customer", "currency", "date", "reference", "amount"];
const DISCREPANCIES: &[&str] =
    &["id", "customer", "currency", "reason", "amount", "lines", "group_id", "sentence"];
const BRIDGE: &[&str] =
    &["customer", "currency", "item", "discrepancy_id", "reason", "amount", "ours", "theirs"];

/// An outcome and where its parts stand in the files.
pub struct Rebuilt {
    pub outcome: Outcome,
    ending: &'static str,
    blocks: Vec<u64>,
    pairs: Vec<u64>,
    groups: Vec<u64>,
    residuals: Vec<u64>,
    discrepancies: Vec<u64>,
}

/// A reader of the tables of one folder.
struct Tables<'a> {
    dir: &'a Path,
    ending: &'static str,
    names: Names,
    accounts: BTreeMap<Account, u32>,
    unsound: &'a mut Unsound,
}

/// What a cell should have been.
type Cell<T> = Result<T, (&'static str, String)>;

fn need<T>(value: Option<T>, what: &'static str, cell: &str) -> Cell<T> {
    value.ok_or_else(|| (what, format!("`{cell}`")))
}

/// Reads the tables; none (with findings) if they cannot be taken for an outcome, and none
/// without findings if the folder holds no tables.
pub fn rebuild(
    dir: &Path,
    summary: &Summary,
    lines: [&Lines; 2],
    unsound: &mut Unsound,
) -> Result<Option<Rebuilt>, VerifyError> {
    let Some(ending) = shape(dir, summary) else { return Ok(None) };
    let names = Names::new(lines);
    let mut rebuilt = Rebuilt {
        outcome: Outcome {
            blocks: Vec::new(),
            pairs: Vec::new(),
            groups: Vec::new(),
            residuals: Vec::new(),
            discrepancies: Vec::new(),
        },
        ending,
        blocks: Vec::new(),
        pairs: Vec::new(),
        groups: Vec::new(),
        residuals: Vec::new(),
        discrepancies: Vec::new(),
    };
    let before = unsound.total;
    let mut tables = Tables { dir, ending, names, accounts: BTreeMap::new(), unsound };
    let complete = tables.bridge(&mut rebuilt)?
        && tables.groups(&mut rebuilt)?
        && tables.residuals(&mut rebuilt)?
        && tables.discrepancies(&mut rebuilt)?
        && tables.compare_bridge(&rebuilt)?
        && tables.evidence(&mut rebuilt)?;
    places::count_lines(&mut rebuilt.outcome, lines);
    Ok((complete && unsound.total == before).then_some(rebuilt))
}

impl Tables<'_> {
    fn open(
        &mut self,
        name: &str,
        columns: &'static [&'static str],
    ) -> Result<Option<Table>, VerifyError> {
        Table::open(self.dir, name, self.ending, columns, self.unsound)
    }

    fn note(&mut self, table: &Table, what: &str, expected: &str, found: &str) {
        self.note_row(&table.file, table.row, what, expected, found);
    }

    fn note_row(&mut self, file: &str, row: u64, what: &str, expected: &str, found: &str) {
        self.unsound.add(FindingCode::Unreadable, file, Some(row), what, expected, found);
    }

    /// Reads a table row by row; a row that `take` refuses becomes a finding.
    fn each(
        &mut self,
        name: &str,
        columns: &'static [&'static str],
        mut take: impl FnMut(&mut Self, &[String], u64) -> Cell<()>,
    ) -> Result<bool, VerifyError> {
        let Some(mut table) = self.open(name, columns)? else { return Ok(false) };
        let before = self.unsound.total;
        while let Some(cells) = table.next(self.unsound)? {
            if let Err((what, found)) = take(self, &cells, table.row) {
                self.note(&table, what, "what Heqi writes", &found);
            }
        }
        Ok(self.unsound.total == before)
    }

    /// Blocks, their balances, and how many rows each has.
    fn bridge(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        let mut open = false;
        self.each("bridge", BRIDGE, |tables, cells, row| {
            let [customer, currency, item, id, _, _, ours, theirs] = cells else { return Ok(()) };
            let account = account(customer, currency)?;
            let balance = |cell: &str| {
                need(cells::amount(cell, account.currency), "balance", cell).map(i128::from)
            };
            let blocks = &mut rebuilt.outcome.blocks;
            let at = blocks.len() as u32;
            match item.as_str() {
                "opening" if !open => {
                    let opening = [balance(ours)?, balance(theirs)?];
                    let next = blocks.last().map_or(0, |block| block.discrepancies.end);
                    if tables.accounts.insert(account.clone(), at).is_some() {
                        return Err(("account", format!("`{customer}` {currency} twice")));
                    }
                    rebuilt.blocks.push(row);
                    blocks.push(Block {
                        account,
                        lines: [0, 0],
                        opening,
                        movement: [0, 0],
                        pairs: 0..0,
                        // An opening difference is a discrepancy too, told in this row.
                        discrepancies: next..next + usize::from(!id.is_empty()),
                    });
                    open = true;
                }
                "discrepancy" | "closing" if open => {
                    let Some(block) = blocks.last_mut() else { return Ok(()) };
                    if block.account != account {
                        return Err(("account", format!("`{customer}` {currency}")));
                    }
                    if item == "discrepancy" {
                        block.discrepancies.end += 1;
                    } else {
                        let closing = [balance(ours)?, balance(theirs)?];
                        block.movement = [0, 1].map(|side| closing[side] - block.opening[side]);
                        open = false;
                    }
                }
                _ => return Err(("item", format!("`{item}`"))),
            }
            Ok(())
        })
        .map(|read| read && !open)
    }

    fn residuals(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        self.each("residuals", RESIDUALS, |tables, cells, row| {
            let side = need(cells::side(&cells[0]), "side", &cells[0])?;
            let line = need(tables.names.line(side, &cells[1]), "line_id", &cells[1])?;
            // The row shows the account of its own file, which may spell the block otherwise.
            let verdict = need(cells::verdict(&cells[2], false), "reason", &cells[2])?;
            let evidence = Grounds::default();
            rebuilt.outcome.residuals.push(Residual { side, line, block: 0, verdict, evidence });
            rebuilt.residuals.push(row);
            Ok(())
        })
    }

    fn discrepancies(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        self.each("discrepancies", DISCREPANCIES, |tables, cells, row| {
            let account = account(&cells[1], &cells[2])?;
            let block = need(tables.accounts.get(&account).copied(), "account", &cells[1])?;
            let members = need(parse_lines_cell(&cells[5]), "lines", &cells[5])?;
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for (side, id) in members {
                let line = need(tables.names.line(side, &id), "lines", &id)?;
                if side == Side::Ours { ours.push(line) } else { theirs.push(line) }
            }
            let own = need(cells::id('D', &cells[0]), "id", &cells[0])?;
            let grouped = match cells[6].as_str() {
                "" => false,
                text => {
                    let of_group = cells::id('G', text).filter(|group| *group == own);
                    need(of_group, "group_id", text)?;
                    true
                }
            };
            rebuilt.outcome.discrepancies.push(Discrepancy {
                id: own,
                block,
                verdict: need(cells::verdict(&cells[3], true), "reason", &cells[3])?,
                amount: need(cells::amount(&cells[4], account.currency), "amount", &cells[4])?,
                ours: ours.into(),
                theirs: theirs.into(),
                grouped,
                evidence: Grounds::default(),
            });
            rebuilt.discrepancies.push(row);
            Ok(())
        })
    }

    /// The rows of the bridges are the discrepancies, in their order.
    fn compare_bridge(&mut self, rebuilt: &Rebuilt) -> Result<bool, VerifyError> {
        let is_opening = |row: &&Discrepancy| row.verdict.main == Some(Reason::Opening);
        let all = || rebuilt.outcome.discrepancies.iter();
        let (mut openings, mut rows) =
            (all().filter(is_opening), all().filter(|row| !is_opening(row)));
        let read = self.each("bridge", BRIDGE, |_, cells, _| {
            let currency = account(&cells[0], &cells[1])?.currency;
            let next = match cells[2].as_str() {
                "discrepancy" => rows.next(),
                _ if cells[3].is_empty() => return Ok(()),
                _ => openings.next(),
            };
            let Some(row) = next else {
                return Err(("discrepancy", format!("{} without a row there", cells[3])));
            };
            let same = cells::id('D', &cells[3]) == Some(row.id)
                && cells[4] == row.verdict.code()
                && cells::amount(&cells[5], currency) == Some(row.amount);
            if same {
                return Ok(());
            }
            let found = format!("{} {} {}", cells[3], cells[4], cells[5]);
            Err(("discrepancy", format!("{found}, unlike discrepancies.{}", rebuilt.ending)))
        })?;
        if rows.next().is_some() || openings.next().is_some() {
            let file = format!("bridge.{}", rebuilt.ending);
            let expected = format!("{} discrepancies", rebuilt.outcome.discrepancies.len());
            let code = FindingCode::Unreadable;
            self.unsound.add(code, &file, None, "rows", expected, "fewer");
        }
        Ok(read)
    }
}

fn account(customer: &str, currency: &str) -> Cell<Account> {
    let code = need(currency.parse().ok(), "currency", currency)?;
    Ok(Account { customer: customer.to_owned(), currency: code })
}
