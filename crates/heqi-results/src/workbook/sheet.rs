//! A list sheet 明细表: heading, filter, frozen heading, print setup; rows are only appended.

use heqi_domain::{Day, Lang, decimal_text};
use rust_xlsxwriter::{Format, Formula, IgnoreError, Workbook, Worksheet, XlsxError};

use super::styles::{Styles, date_of, number_of};

/// Rows of a sheet of Excel.
pub const EXCEL_ROWS: u32 = 1_048_576;

/// Characters of a cell of Excel are 32,767; a longer text is cut with an ellipsis.
const EXCEL_CELL: usize = 32_000;

/// Points of a line of text.
const LINE_HEIGHT: u32 = 13;

/// Lines that a row shows at most; the cell holds the rest.
const MOST_LINES: usize = 8;

/// A4.
const A4: u8 = 9;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Text on one line.
    Text,
    /// Text that breaks.
    Wrap,
    /// Figures.
    Figure,
}

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Heading, Chinese.
    pub zh: &'static str,
    /// Heading, English.
    pub en: &'static str,
    /// Width in characters; a Chinese one counts two.
    pub width: f64,
    /// What it shows.
    pub shows: Shows,
}

/// Shorthand for tables of columns.
pub const fn column(zh: &'static str, en: &'static str, width: f64, shows: Shows) -> Column {
    Column { zh, en, width, shows }
}

/// What the sheets of a workbook have in common.
pub struct Book<'a> {
    /// Formats.
    pub styles: &'a Styles,
    /// Language.
    pub lang: Lang,
    /// Rows that a sheet may have.
    pub rows: u32,
    /// Printed above every page, left.
    pub caption: String,
}

/// A list under construction.
pub struct List<'a> {
    /// The sheet.
    pub sheet: Worksheet,
    book: &'a Book<'a>,
    columns: &'a [Column],
    title: &'static str,
    row: u32,
    wanted: u64,
    total_rows: u32,
    unprinted: u16,
}

impl<'a> List<'a> {
    /// An empty list; large ones keep only the current row in memory.
    pub fn new(
        workbook: &mut Workbook,
        book: &'a Book<'a>,
        title: &'static str,
        columns: &'a [Column],
    ) -> Result<Self, XlsxError> {
        let mut sheet = workbook.new_worksheet_with_constant_memory()?;
        sheet.set_name(title)?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_repeat_rows(0, 0)?;
        print_setup(&mut sheet, book, title, true);
        sheet.set_row_height(0, 30)?;
        for (place, column) in (0..).zip(columns) {
            sheet.set_column_width(place, column.width)?;
            let head = match column.shows {
                Shows::Figure => &book.styles.head_right,
                Shows::Text | Shows::Wrap => &book.styles.head,
            };
            sheet.write_string_with_format(0, place, book.lang.pick(column.zh, column.en), head)?;
        }
        Ok(Self { sheet, book, columns, title, row: 0, wanted: 0, total_rows: 0, unprinted: 0 })
    }

    /// Leaves the last columns out of print: ids for machines, which would make the rest small.
    pub const fn print_without_last(mut self, columns: u16) -> Self {
        self.unprinted = columns;
        self
    }

    /// Begins the next row; none if the sheet is full. Two rows are kept for the end.
    pub fn next(&mut self) -> Option<Row<'_>> {
        self.wanted += 1;
        if self.row + 1 >= self.book.rows - 2 {
            return None;
        }
        self.row += 1;
        Some(Row {
            sheet: &mut self.sheet,
            styles: self.book.styles,
            columns: self.columns,
            row: self.row,
            column: 0,
            lines: 1,
        })
    }

    /// Adds a row of totals under the list: a label, and the visible sum of each figure column
    /// named; `sums` are the sums of all rows. Sums follow the filter.
    pub fn total(
        &mut self,
        label: &str,
        exponent: u32,
        sums: &[(u16, i128)],
    ) -> Result<(), XlsxError> {
        let (last, row) = (self.row, self.row + 1);
        let styles = self.book.styles;
        for place in 0..self.columns.len() as u16 {
            self.sheet.write_blank(row, place, &styles.total)?;
        }
        self.sheet.write_string_with_format(row, 0, label, &styles.total)?;
        for (place, sum) in sums {
            let format = styles.total_money(exponent);
            match number_of(*sum, exponent) {
                // A cut list would show the sum of what it lists; then the figure stands alone.
                Some(number) if !self.is_cut() => {
                    let letter = rust_xlsxwriter::column_number_to_name(*place);
                    let digits = exponent;
                    let formula =
                        format!("=ROUND(SUBTOTAL(109,{letter}2:{letter}{}),{digits})", last + 1);
                    let formula = Formula::new(formula).set_result(number.to_string());
                    self.sheet.write_formula_with_format(row, *place, formula, format)?;
                }
                Some(number) => {
                    self.sheet.write_number_with_format(row, *place, number, format)?;
                }
                None => {
                    let text = decimal_text(*sum, exponent);
                    self.sheet.write_string_with_format(row, *place, text, &styles.total)?;
                }
            }
        }
        self.total_rows = 1;
        Ok(())
    }

    /// Whether rows were left out because the sheet is full.
    pub const fn is_cut(&self) -> bool {
        self.wanted > self.row as u64
    }

    /// Ends the list: filter, marks, and a remark where it is empty or was cut. Returns the
    /// sheet and, where it was cut, the remark for the cover.
    pub fn finish(
        mut self,
        empty: &str,
        elsewhere: &str,
    ) -> Result<(Worksheet, Option<String>), XlsxError> {
        let styles = self.book.styles;
        let last_column = self.columns.len() as u16 - 1;
        if self.row == 0 {
            self.sheet.write_string_with_format(1, 0, empty, &styles.note)?;
        }
        self.sheet.autofilter(0, 0, self.row, last_column)?;
        // Ids stand as text; the green corners would only disturb.
        let last = self.row + self.total_rows;
        if self.unprinted > 0 && self.row > 0 {
            self.sheet.set_print_area(0, 0, last, last_column - self.unprinted)?;
        }
        self.sheet.ignore_error_range(0, 0, last, last_column, IgnoreError::NumberStoredAsText)?;
        if !self.is_cut() {
            return Ok((self.sheet, None));
        }
        let (title, shown, all) = (self.title, self.row, self.wanted);
        let remark = match self.book.lang {
            Lang::Zh => format!(
                "「{title}」共 {all} 行，超出 Excel 的行数上限，只列出前 {shown} 行；{elsewhere}"
            ),
            Lang::En => format!(
                "\"{title}\" has {all} rows, more than Excel holds; the first {shown} are listed. \
                 {elsewhere}"
            ),
        };
        self.sheet.write_string_with_format(last + 1, 0, &remark, &styles.alert)?;
        Ok((self.sheet, Some(remark)))
    }
}

/// A row of a list; cells are written from left to right.
pub struct Row<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    columns: &'a [Column],
    row: u32,
    column: u16,
    /// Text lines that the highest cell so far needs.
    lines: u32,
}

impl Row<'_> {
    fn place(&mut self) -> (u32, u16) {
        self.column += 1;
        (self.row, self.column - 1)
    }

    fn string(&mut self, text: &str, format: &Format) -> Result<&mut Self, XlsxError> {
        let (row, column) = self.place();
        if text.is_empty() {
            self.sheet.write_blank(row, column, format)?;
        } else {
            self.sheet.write_string_with_format(row, column, cell_text(text), format)?;
        }
        Ok(self)
    }

    /// A text, never taken for a formula or a number.
    pub fn text(&mut self, text: &str) -> Result<&mut Self, XlsxError> {
        let styles = self.styles;
        self.string(text, &styles.text)
    }

    /// A text that breaks into lines; the row grows with it, because not every program that
    /// opens the workbook fits the height of rows by itself.
    pub fn wrap(&mut self, text: &str) -> Result<&mut Self, XlsxError> {
        let styles = self.styles;
        // One character on each side is indent and border.
        let room = self.columns[self.column as usize].width as usize - 2;
        let lines = width_of(text).div_ceil(room).min(MOST_LINES) as u32;
        if lines > self.lines {
            self.lines = lines;
            self.sheet.set_row_height(self.row, LINE_HEIGHT * lines + 3)?;
        }
        self.string(text, &styles.wrap)
    }

    /// An amount in minor units.
    pub fn money(&mut self, minor: i128, exponent: u32) -> Result<&mut Self, XlsxError> {
        let (row, column) = self.place();
        write_money(self.sheet, self.styles, (row, column), minor, exponent)?;
        Ok(self)
    }

    /// A date, or an empty cell.
    pub fn date(&mut self, day: Option<Day>) -> Result<&mut Self, XlsxError> {
        let (row, column) = self.place();
        let format = &self.styles.date;
        match day.map(|day| (day, date_of(day))) {
            Some((_, Some(date))) => {
                self.sheet.write_datetime_with_format(row, column, date, format)?;
            }
            Some((day, None)) if day != heqi_domain::NO_DAY => {
                let text = heqi_domain::day_text(day);
                self.sheet.write_string_with_format(row, column, text, format)?;
            }
            _ => {
                self.sheet.write_blank(row, column, format)?;
            }
        }
        Ok(self)
    }

    /// A count, or an empty cell for none.
    pub fn count(&mut self, count: Option<u64>) -> Result<&mut Self, XlsxError> {
        let (row, column) = self.place();
        let format = &self.styles.count;
        match count {
            // Counts of lines are far below 2^53.
            Some(count) => {
                self.sheet.write_number_with_format(row, column, count as f64, format)?;
            }
            None => {
                self.sheet.write_blank(row, column, format)?;
            }
        }
        Ok(self)
    }

    /// An empty cell of a bordered row.
    pub fn skip(&mut self) -> Result<&mut Self, XlsxError> {
        self.text("")
    }
}

/// Writes an amount: a number where a spreadsheet keeps all its digits, else text.
pub fn write_money(
    sheet: &mut Worksheet,
    styles: &Styles,
    (row, column): (u32, u16),
    minor: i128,
    exponent: u32,
) -> Result<(), XlsxError> {
    match number_of(minor, exponent) {
        Some(number) => {
            sheet.write_number_with_format(row, column, number, styles.money(exponent))?;
        }
        None => {
            let text = decimal_text(minor, exponent);
            sheet.write_string_with_format(row, column, text, &styles.long_amount)?;
        }
    }
    Ok(())
}

/// A text that fits a cell: cut where it is too long, without characters that XML forbids.
pub fn cell_text(text: &str) -> std::borrow::Cow<'_, str> {
    let forbidden = |letter: char| {
        (letter < ' ' && !matches!(letter, '\t' | '\n'))
            || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    if text.len() <= EXCEL_CELL && !text.contains(forbidden) {
        return text.into();
    }
    let mut cut: String = text
        .chars()
        .map(|letter| if forbidden(letter) { '\u{fffd}' } else { letter })
        .take(EXCEL_CELL)
        .collect();
    if cut.len() < text.len() && text.chars().nth(EXCEL_CELL).is_some() {
        cut.push('…');
    }
    cut.into()
}

/// Width of a text in characters; a Chinese one counts two.
pub fn width_of(text: &str) -> usize {
    text.chars().map(|letter| if letter < '\u{2e80}' { 1 } else { 2 }).sum()
}

/// A4, one page wide, heading on every page, page x of y, date of print.
pub fn print_setup(sheet: &mut Worksheet, book: &Book, title: &str, landscape: bool) {
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0);
    if landscape {
        sheet.set_landscape();
    }
    sheet.set_margins(0.5, 0.5, 0.7, 0.7, 0.3, 0.3);
    // In a heading `&` begins a code; a heading holds at most 255 characters.
    let safe = |text: &str| text.chars().take(40).collect::<String>().replace('&', "&&");
    sheet.set_header(format!("&L&9{}&C&\"-,Bold\"&12{}", safe(&book.caption), safe(title)));
    sheet.set_footer(match book.lang {
        Lang::Zh => "&L&9合契 Heqi&C&9第 &P 页，共 &N 页&R&9打印日期 &D",
        Lang::En => "&L&9Heqi&C&9Page &P of &N&R&9Printed &D",
    });
}
