//! Tables aligned by display width: a Chinese character takes two columns.

use unicode_width::UnicodeWidthStr;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

enum Row {
    Cells(Vec<String>),
    Rule,
}

/// Rows of cells without borders; rules stand only above sums, as in a ledger.
pub struct Table {
    align: Vec<Align>,
    indent: usize,
    rows: Vec<Row>,
}

const GAP: usize = 3;

impl Table {
    /// An empty table with these columns, each line indented by `indent` spaces.
    pub fn new(indent: usize, align: &[Align]) -> Self {
        Self { align: align.to_vec(), indent, rows: Vec::new() }
    }

    /// Appends a row; missing cells at the end are empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(Row::Cells(cells.into_iter().map(Into::into).collect()));
    }

    /// Appends a rule across the table.
    pub fn rule(&mut self) {
        self.rows.push(Row::Rule);
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.align.len()];
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(visible_width(cell));
                }
            }
        }
        widths
    }

    /// The table as lines, each ending in a newline, without trailing spaces.
    pub fn render(&self) -> String {
        let widths = self.widths();
        let across = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let mut text = String::new();
        for row in &self.rows {
            let line = match row {
                Row::Rule => "─".repeat(across),
                Row::Cells(cells) => self.line(cells, &widths),
            };
            text.push_str(&" ".repeat(self.indent));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), align) in cells.iter().zip(widths).zip(&self.align) {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let padding = " ".repeat(width - visible_width(cell));
            match align {
                Align::Left => {
                    line.push_str(cell);
                    line.push_str(&padding);
                }
                Align::Right => {
                    line.push_str(&padding);
                    line.push_str(cell);
                }
            }
        }
        line
    }
}

/// Columns a text takes on the screen; color codes take none.
pub fn visible_width(text: &str) -> usize {
    let mut width = 0;
    let mut rest = text;
    while let Some(start) = rest.find('\x1b') {
        width += rest[..start].width();
        let after = &rest[start..];
        rest = after.find('m').map_or("", |end| &after[end + 1..]);
    }
    width + rest.width()
}

/// The text cut to `width` columns, ending in `…` where it was cut.
pub fn ellipsis(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for character in text.chars() {
        cut.push(character);
        if cut.width() >= width {
            cut.pop();
            break;
        }
    }
    cut + "…"
}

/// A path cut to `width` columns from its front, because its end tells files apart.
pub fn ellipsis_front(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut: Vec<char> = Vec::new();
    let mut used = 1;
    for character in text.chars().rev() {
        used += character.to_string().width();
        if used > width {
            break;
        }
        cut.push(character);
    }
    cut.push('…');
    cut.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_cells_end_in_the_same_column() {
        let mut table = Table::new(2, &[Align::Left, Align::Right]);
        table.row(["已核对", "1,234.00"]);
        table.row(["settled", "-5.00"]);
        table.rule();
        table.row(["合计", "\x1b[31m1,229.00\x1b[0m"]);
        let text = table.render();
        assert_eq!(
            text,
            "  已核对    1,234.00\n  settled      -5.00\n  ──────────────────\n  合计      \
             \x1b[31m1,229.00\x1b[0m\n"
        );
        let widths: Vec<usize> = text.lines().map(visible_width).collect();
        assert_eq!(widths, [20; 4]);
    }

    #[test]
    fn a_long_name_is_cut_by_columns_not_by_characters() {
        let check = |text, width, expected| assert_eq!(ellipsis(text, width), expected);
        check("华东机电设备有限公司", 20, "华东机电设备有限公司");
        check("华东机电设备有限公司", 11, "华东机电设…");
        check("华东机电设备有限公司", 10, "华东机电…");
        check("Acme Ltd", 5, "Acme…");
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        let check = |text, width, expected| assert_eq!(ellipsis_front(text, width), expected);
        check("data/mid/ours.csv", 17, "data/mid/ours.csv");
        check("data/mid/ours.csv", 12, "…id/ours.csv");
        check("十月/对方账.csv", 11, "…对方账.csv");
    }
}
