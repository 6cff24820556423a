//! Physical row of each line, kept as runs: most lines stand in the row after the line before.

/// A column of row numbers.
#[derive(Default)]
pub(crate) struct RowNumbers {
    /// First line and first row of each run of neighboring rows.
    runs: Vec<(u32, u32)>,
    count: u32,
    /// The row that would go on with the last run.
    next: u32,
}

impl RowNumbers {
    /// Appends the row of the next line.
    pub fn push(&mut self, row: u32) {
        if row != self.next || self.runs.is_empty() {
            self.runs.push((self.count, row));
        }
        self.next = row.wrapping_add(1);
        self.count += 1;
    }

    /// Appends the rows of the next lines.
    pub fn extend(&mut self, rows: &[u32]) {
        rows.iter().for_each(|row| self.push(*row));
    }

    /// The row of a line; 0 where there is no such line.
    pub fn get(&self, line: u32) -> u32 {
        let after = self.runs.partition_point(|(first, _)| *first <= line);
        let run = after.checked_sub(1).and_then(|at| self.runs.get(at));
        run.map_or(0, |(first, row)| row.wrapping_add(line - first))
    }

    /// One number a line.
    pub fn to_vec(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.count as usize);
        for (number, (first, row)) in self.runs.iter().enumerate() {
            let end = self.runs.get(number + 1).map_or(self.count, |next| next.0);
            rows.extend((0..end - first).map(|step| row.wrapping_add(step)));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let check = |rows: &[u32]| {
            let mut column = RowNumbers::default();
            column.extend(rows);
            assert_eq!(column.to_vec(), rows);
            for (line, row) in rows.iter().enumerate() {
                assert_eq!(column.get(line as u32), *row);
            }
        };
        check(&[]);
        check(&[0]);
        check(&[2, 3, 4, 5]);
        check(&[2, 3, 7, 8, 10, 9, 9, 10, u32::MAX, u32::MAX]);
    }
}
