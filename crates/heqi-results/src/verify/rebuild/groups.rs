//! Groups and their members, two tables that are read side by side.

use heqi_domain::Side;
use heqi_matching::{Evidence, ExactPair, Group, Pass, State, Verdict};

use super::super::VerifyError;
use super::super::cells;
use super::super::finding::Unsound;
use super::super::rows::Table;
use super::{Cell, GROUPS, MEMBERS, Rebuilt, Tables, account, need};

/// The members table, one row ahead.
struct Members {
    table: Table,
    waiting: Option<Vec<String>>,
    /// The group before; rows of it that it did not count are too many.
    previous: String,
    /// What the operating system said, if anything; it ends the reading.
    failure: Option<VerifyError>,
}

impl Members {
    /// The next row if it belongs to `id`; the one behind it waits then.
    fn take(&mut self, id: &str, unsound: &mut Unsound) -> Option<Vec<String>> {
        let member = self.waiting.take_if(|member| member[2] == id)?;
        match self.table.next(unsound) {
            Ok(next) => self.waiting = next,
            Err(error) => self.failure = Some(error),
        }
        Some(member)
    }
}

impl Tables<'_> {
    pub fn groups(&mut self, rebuilt: &mut Rebuilt) -> Result<bool, VerifyError> {
        let Some(mut table) = self.open("members", MEMBERS)? else { return Ok(false) };
        let before = self.unsound.total;
        let waiting = table.next(self.unsound)?;
        let mut members = Members { table, waiting, previous: String::new(), failure: None };
        let read = self.each("groups", GROUPS, |tables, cells, row| {
            let mut group = tables.group(cells)?;
            tables.members(&mut group, cells, &mut members);
            let plain = group.pass == Pass::Exact
                && group.state == State::Settled
                && group.verdict == Verdict::NONE;
            if let (true, [ours], [theirs]) = (plain, &group.ours[..], &group.theirs[..]) {
                let (id, ours, theirs) = (group.id, *ours, *theirs);
                rebuilt.outcome.pairs.push(ExactPair { id, ours, theirs });
                rebuilt.outcome.blocks[group.block as usize].pairs.end += 1;
                rebuilt.pairs.push(row);
            } else {
                rebuilt.outcome.groups.push(group);
                rebuilt.groups.push(row);
            }
            Ok(())
        })?;
        // So far each block has its pairs counted; they stand in the order of the blocks.
        let mut end = 0;
        for block in &mut rebuilt.outcome.blocks {
            let count = block.pairs.end;
            block.pairs = end..end + count;
            end += count;
        }
        if let Some(error) = members.failure {
            return Err(error);
        }
        if let Some(member) = members.waiting {
            let found = format!("{} `{}` of {}", member[0], member[1], member[2]);
            let expected = "a group in this place of the groups";
            self.note(&members.table, "members", expected, &found);
        }
        Ok(read && self.unsound.total == before)
    }

    /// Takes as many members as the group's row counts.
    fn members(&mut self, group: &mut Group, cells: &[String], members: &mut Members) {
        let (id, counts) = (&cells[0], [&cells[3], &cells[4]]);
        let wanted = counts.map(|cell| cell.parse::<usize>().unwrap_or(usize::MAX));
        let previous = std::mem::replace(&mut members.previous, id.clone());
        // Rows that the group before did not count would stop everything behind.
        if previous != *id {
            loop {
                let row = members.table.row;
                let Some(member) = members.take(&previous, self.unsound) else { break };
                let found = format!("{} `{}` too many in {previous}", member[0], member[1]);
                self.note_row(&members.table.file, row, "members", "no further line", &found);
            }
        }
        let mut taken = [0_usize; 2];
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // Another pair of the same name has its own row.
        while taken != wanted {
            let row = members.table.row;
            let Some(member) = members.take(id, self.unsound) else { break };
            match self.member(&member, cells) {
                Ok((Side::Ours, line)) => ours.push(line),
                Ok((Side::Theirs, line)) => theirs.push(line),
                Err((what, found)) => {
                    self.note_row(&members.table.file, row, what, "what its group says", &found);
                }
            }
            taken[usize::from(member[0] == "theirs")] += 1;
        }
        (group.ours, group.theirs) = (ours.into(), theirs.into());
        if taken != wanted {
            let expected =
                format!("{} lines of ours and {} of theirs in {id}", counts[0], counts[1]);
            let found = format!("{} and {}", taken[0], taken[1]);
            self.note(&members.table, "members", &expected, &found);
        }
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
            ours: heqi_matching::Members::none(),
            theirs: heqi_matching::Members::none(),
            difference: need(cells::amount(&cells[5], account.currency), "difference", &cells[5])?,
            verdict: need(cells::verdict(&cells[6], false), "reason", &cells[6])?,
            evidence: Evidence { rank, ..Evidence::default() }.into(),
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
}
