//! The outcome as the tables claim it, with the row of every claim.

use std::collections::BTreeMap;
use std::path::Path;

use heqi_domain::{Account, Lines, Reason, Side};
use heqi_matching::{
    Block, Discrepancy, Evidence, ExactPair, Group, GroupId, Outcome, Pass, Place, Residual, State,
    Violations,
};

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
    count_lines(&mut rebuilt.outcome, lines);
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
        let code = FindingCode::Unreadable;
        self.unsound.add(code, &table.file, Some(table.row), what, expected, found);
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

    /// Groups and their members, two tables that are read side by side.
    fn groups(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        let Some(mut members) = self.open("members", MEMBERS)? else { return Ok(false) };
        let before = self.unsound.total;
        let mut waiting = members.next(self.unsound)?;
        let mut failure = None;
        let mut previous = String::new();
        let read = self.each("groups", GROUPS, |tables, cells, row| {
            let mut group = tables.group(cells)?;
            let (id, counts) = (&cells[0], [&cells[3], &cells[4]]);
            let wanted = counts.map(|cell| cell.parse::<usize>().unwrap_or(usize::MAX));
            let mut taken = [0_usize; 2];
            // Rows of the group before that it did not count would stop everything behind.
            while let Some(member) =
                waiting.as_ref().filter(|member| member[2] == previous && previous != *id)
            {
                let found = format!("{} `{}` too many in {previous}", member[0], member[1]);
                tables.note(&members, "members", "no further line", &found);
                match members.next(tables.unsound) {
                    Ok(next) => waiting = next,
                    Err(error) => failure = failure.take().or(Some(error)),
                }
                if failure.is_some() {
                    return Ok(());
                }
            }
            previous.clone_from(id);
            while let Some(member) = waiting.as_ref().filter(|member| member[2] == *id) {
                // Another pair of the same name follows: it has its own row.
                if taken == wanted {
                    break;
                }
                match tables.member(member, cells) {
                    Ok((Side::Ours, line)) => group.ours.push(line),
                    Ok((Side::Theirs, line)) => group.theirs.push(line),
                    Err((what, found)) => {
                        tables.note(&members, what, "what its group says", &found);
                    }
                }
                taken[usize::from(member[0] == "theirs")] += 1;
                match members.next(tables.unsound) {
                    Ok(next) => waiting = next,
                    Err(error) => {
                        failure = Some(error);
                        return Ok(());
                    }
                }
            }
            if taken != wanted {
                let expected =
                    format!("{} lines of ours and {} of theirs in {id}", counts[0], counts[1]);
                let found = format!("{} and {}", taken[0], taken[1]);
                tables.note(&members, "members", &expected, &found);
            }
            let plain = group.pass == Pass::Exact
                && group.state == State::Settled
                && group.verdict == heqi_matching::Verdict::NONE;
            if let (true, [ours], [theirs]) = (plain, &group.ours[..], &group.theirs[..]) {
                rebuilt.outcome.pairs.push(ExactPair {
                    id: group.id,
                    ours: *ours,
                    theirs: *theirs,
                });
                rebuilt.pairs.push(row);
            } else {
                rebuilt.outcome.groups.push(group);
                rebuilt.groups.push(row);
            }
            Ok(())
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        if let Some(member) = waiting {
            let found = format!("{} `{}` of {}", member[0], member[1], member[2]);
            self.note(&members, "members", "a group in this place of the groups", &found);
        }
        Ok(read && self.unsound.total == before)
    }

    fn group(&self, cells: &[String]) -> Cell<Group> {
        let account = account(&cells[7], &cells[8])?;
        let block = need(self.accounts.get(&account).copied(), "account", &cells[7])?;
        let rank = match cells[9].as_str() {
            "" => 0,
            text => need(text.parse().ok(), "rank", text)?,
        };
        Ok(Group {
            id: need(cells::id('G', &cells[0]), "group_id", &cells[0])?,
            block,
            pass: need(cells::pass(&cells[2]), "pass", &cells[2])?,
            state: need(cells::state(&cells[1]), "state", &cells[1])?,
            ours: Vec::new(),
            theirs: Vec::new(),
            difference: need(cells::amount(&cells[5], account.currency), "difference", &cells[5])?,
            verdict: need(cells::verdict(&cells[6], false), "reason", &cells[6])?,
            evidence: Evidence { rank, ..Evidence::default() },
        })
    }

    /// A member's line; its state and reason are those of its group.
    fn member(&self, member: &[String], group: &[String]) -> Cell<(Side, u32)> {
        let side = need(cells::side(&member[0]), "side", &member[0])?;
        let line = need(self.names.line(side, &member[1]), "line_id", &member[1])?;
        if member[3] != group[1] || member[4] != group[6] {
            let found =
                format!("{} `{}` instead of {} `{}`", member[3], member[4], group[1], group[6]);
            return Err(("state and reason", found));
        }
        Ok((side, line))
    }

    fn residuals(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        self.each("residuals", RESIDUALS, |tables, cells, row| {
            let side = need(cells::side(&cells[0]), "side", &cells[0])?;
            let line = need(tables.names.line(side, &cells[1]), "line_id", &cells[1])?;
            // The row shows the account of its own file, which may spell the block otherwise.
            let verdict = need(cells::verdict(&cells[2], false), "reason", &cells[2])?;
            let evidence = Evidence::default();
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
            let group = match cells[6].as_str() {
                "" => None,
                text => Some(need(cells::id('G', text), "group_id", text)?),
            };
            rebuilt.outcome.discrepancies.push(Discrepancy {
                id: need(cells::id('D', &cells[0]), "id", &cells[0])?,
                block,
                verdict: need(cells::verdict(&cells[3], true), "reason", &cells[3])?,
                amount: need(cells::amount(&cells[4], account.currency), "amount", &cells[4])?,
                ours,
                theirs,
                group,
                evidence: Evidence::default(),
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

    /// The evidence, in the order of groups, discrepancies and residuals.
    fn evidence(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        const FILE: &str = "evidence.jsonl";
        let path = self.dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => String::new(),
            Err(error) => return Err(VerifyError::io(&path)(error)),
        };
        let ids = &self.names;
        let mut lines = text.lines().zip(1_u64..);
        let outcome = &mut rebuilt.outcome;
        let groups = outcome.groups.iter_mut().map(|group| {
            let rank = group.evidence.rank;
            (Subject::Group(group.id, group.pass, rank), &mut group.evidence)
        });
        let discrepancies = (outcome.discrepancies.iter_mut())
            .map(|row| (Subject::Discrepancy(row.id), &mut row.evidence));
        let residuals = (outcome.residuals.iter_mut())
            .map(|row| (Subject::Residual(row.side, row.line), &mut row.evidence));
        let before = self.unsound.total;
        for (subject, evidence) in groups.chain(discrepancies).chain(residuals) {
            let Some((line, row)) = lines.next() else {
                let code = FindingCode::Unreadable;
                self.unsound.add(code, FILE, None, "rows", subject.words(), "the end of the file");
                return Ok(false);
            };
            match subject.read(line, ids) {
                Ok(read) => *evidence = read,
                Err(found) => {
                    let code = FindingCode::Unreadable;
                    let expected = format!("the evidence of {}", subject.words());
                    self.unsound.add(code, FILE, Some(row), "evidence", expected, found);
                }
            }
        }
        if let Some((line, row)) = lines.next() {
            let found = super::rows::show(Some(line.as_bytes()));
            let code = FindingCode::Unreadable;
            self.unsound.add(code, FILE, Some(row), "rows", "the end of the file", found);
        }
        Ok(self.unsound.total == before)
    }
}

fn account(customer: &str, currency: &str) -> Cell<Account> {
    let code = need(currency.parse().ok(), "currency", currency)?;
    Ok(Account { customer: customer.to_owned(), currency: code })
}

/// What a line of `evidence.jsonl` is about.
enum Subject {
    Group(GroupId, Pass, u32),
    Discrepancy(GroupId),
    Residual(Side, u32),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    of: String,
    id: Option<String>,
    pass: Option<String>,
    side: Option<String>,
    line_id: Option<String>,
    evidence: Evidence,
}

impl Subject {
    fn words(&self) -> String {
        match self {
            Self::Group(id, pass, _) => format!("group {id} ({})", pass.code()),
            Self::Discrepancy(id) => format!("discrepancy D{:016x}", id.0),
            Self::Residual(side, line) => format!("residual of {} (line {line})", side.code()),
        }
    }

    fn read(&self, line: &str, names: &Names) -> Result<Evidence, String> {
        let proof: Proof = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let id = |prefix| proof.id.as_deref().and_then(|text| cells::id(prefix, text));
        let fits = match self {
            Self::Group(wanted, pass, rank) => {
                // The table shows the rank of suggestions, the evidence all of them.
                let ranked = *rank == proof.evidence.rank;
                let passed = proof.pass.as_deref() == Some(pass.code());
                proof.of == "group" && id('G') == Some(*wanted) && passed && ranked
            }
            Self::Discrepancy(wanted) => proof.of == "discrepancy" && id('D') == Some(*wanted),
            Self::Residual(side, line) => {
                let named = proof.line_id.as_deref().and_then(|id| names.line(*side, id));
                proof.of == "residual"
                    && proof.side.as_deref() == Some(side.code())
                    && named == Some(*line)
            }
        };
        if fits { Ok(proof.evidence) } else { Err(super::rows::show(Some(line.as_bytes()))) }
    }
}

/// Lines per block, and the blocks of residuals, from the accounts of the lines: a block is the
/// account of its own name, else the one in which other lines of the account stand.
fn count_lines(outcome: &mut Outcome, lines: [&Lines; 2]) {
    let names: BTreeMap<&Account, u32> =
        outcome.blocks.iter().zip(0..).map(|(block, at)| (&block.account, at)).collect();
    let mut places: [Vec<Option<u32>>; 2] =
        lines.map(|side| side.accounts.iter().map(|account| names.get(account).copied()).collect());
    for group in &outcome.groups {
        for (at, members) in [&group.ours, &group.theirs].into_iter().enumerate() {
            for line in members {
                let account = lines[at].account[*line as usize] as usize;
                places[at][account] = places[at][account].or(Some(group.block));
            }
        }
    }
    let of_pair = |pair: &ExactPair, at: usize| {
        lines[at].account[[pair.ours, pair.theirs][at] as usize] as usize
    };
    for pair in &outcome.pairs {
        let known = places[0][of_pair(pair, 0)].or(places[1][of_pair(pair, 1)]);
        for at in [0, 1] {
            let place = &mut places[at][of_pair(pair, at)];
            *place = place.or(known);
        }
    }
    for row in &outcome.discrepancies {
        for (at, members) in [&row.ours, &row.theirs].into_iter().enumerate() {
            for line in members {
                let account = lines[at].account[*line as usize] as usize;
                places[at][account] = places[at][account].or(Some(row.block));
            }
        }
    }
    for residual in &mut outcome.residuals {
        let at = usize::from(residual.side == Side::Theirs);
        let account = lines[at].account[residual.line as usize] as usize;
        residual.block = places[at][account].unwrap_or(0);
    }
    for at in [0, 1] {
        for account in &lines[at].account {
            if let Some(block) = places[at][*account as usize] {
                outcome.blocks[block as usize].lines[at] += 1;
            }
        }
    }
}

impl Rebuilt {
    /// Turns what the checker found into findings with file and row.
    pub fn blame(&self, violations: &Violations, lines: [&Lines; 2], unsound: &mut Unsound) {
        let ending = self.ending;
        for violation in &violations.kept {
            let row = |rows: &[u64], at: usize| rows.get(at).copied();
            let (file, row) = match violation.place {
                Place::Block(at) => ("bridge", row(&self.blocks, at)),
                Place::Pair(at) => ("groups", row(&self.pairs, at)),
                Place::Group(at) => ("groups", row(&self.groups, at)),
                Place::Residual(at) => ("residuals", row(&self.residuals, at)),
                Place::Discrepancy(at) => ("discrepancies", row(&self.discrepancies, at)),
                // A line that stands nowhere is missing from both.
                Place::Line(..) => ("members", None),
                Place::Whole => ("bridge", None),
            };
            let mut what = violation.what.to_owned();
            let named = match violation.place {
                Place::Line(side, line) => {
                    let at = usize::from(side == Side::Theirs);
                    format!("{} {}", side.code(), lines[at].id_of(line))
                }
                Place::Pair(at) => {
                    format!("{}: {}", self.outcome.pairs[at].id, violation.lines)
                }
                Place::Group(at) => {
                    format!("{}: {}", self.outcome.groups[at].id, violation.lines)
                }
                _ => violation.lines.clone(),
            };
            if !named.is_empty() {
                what = format!("{what} of {named}");
            }
            let file = format!("{file}.{ending}");
            let (expected, found) = (&violation.expected, &violation.found);
            unsound.add(FindingCode::Unproved, &file, row, &what, expected, found);
        }
        unsound.total += violations.total - violations.kept.len() as u64;
    }
}
