//! Sheets of workbooks as rows of text.
//!
//! XLSX and XLSB stream cell by cell, so that a sheet whose only cells are its first and its
//! last costs two cells. A number becomes the shortest decimal text that names the same float,
//! so an amount is exact or visibly not; from 10^15 on it becomes scientific text, which is
//! refused as an amount and as a document number: such a number has lost digits.

use std::cell::RefCell;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    Data, DataRef, ExcelDateTime, Ods, OdsError, Range, Reader, SheetVisible, Xls, XlsError, Xlsb,
    XlsbError, Xlsx, XlsxError,
};

use crate::guard::Seekable;
use crate::head::{Rows, Visit};
use crate::{Format, FormatName, IntakeError, Limits, Reject, RejectReason, Source, cell};

type Stream<'a> = BufReader<Seekable<'a>>;

/// An open workbook.
pub(crate) struct Book<'a> {
    name: &'a str,
    limits: &'a Limits,
    /// What it is.
    pub format: Format,
    inner: RefCell<Inner<'a>>,
    /// Sheets in order, with their visibility.
    pub sheets: Vec<(String, bool)>,
}

enum Inner<'a> {
    Xlsx(Box<Xlsx<Stream<'a>>>),
    Xlsb(Box<Xlsb<Stream<'a>>>),
    Xls(Box<Xls<Stream<'a>>>),
    Ods(Box<Ods<Stream<'a>>>),
}

/// One sheet of an open workbook.
pub(crate) struct SheetRows<'b, 'a> {
    /// The workbook.
    pub book: &'b Book<'a>,
    /// Name of the sheet.
    pub sheet: String,
}

/// Why a library call failed.
enum Failure {
    Password,
    Other(String),
}

impl<'a> Book<'a> {
    /// Opens a workbook whose bounds were checked.
    ///
    /// # Errors
    /// [`IntakeError::Password`] or [`IntakeError::Damaged`].
    pub fn open(
        source: &'a dyn Source,
        name: &'a str,
        format: Format,
        limits: &'a Limits,
    ) -> Result<Self, IntakeError> {
        let stream = || BufReader::with_capacity(64 << 10, Seekable::new(source));
        let inner = guarded(|| match format {
            Format::Xlsb => Xlsb::new(stream()).map(Box::new).map(Inner::Xlsb).map_err(xlsb),
            Format::Xls => Xls::new(stream()).map(Box::new).map(Inner::Xls).map_err(xls),
            Format::Ods => Ods::new(stream()).map(Box::new).map(Inner::Ods).map_err(ods),
            _ => Xlsx::new(stream()).map(Box::new).map(Inner::Xlsx).map_err(xlsx),
        });
        let inner = inner.map_err(|it| it.into_error(name, format))?;
        let metadata = match &inner {
            Inner::Xlsx(book) => book.sheets_metadata(),
            Inner::Xlsb(book) => book.sheets_metadata(),
            Inner::Xls(book) => book.sheets_metadata(),
            Inner::Ods(book) => book.sheets_metadata(),
        };
        let visible = |it: &calamine::Sheet| it.visible == SheetVisible::Visible;
        let sheets = metadata.iter().map(|it| (it.name.clone(), visible(it))).collect();
        Ok(Self { name, limits, format, inner: RefCell::new(inner), sheets })
    }

    fn stream(
        &self,
        sheet: &str,
        visit: &mut Visit<'_>,
    ) -> Result<Result<(), IntakeError>, Failure> {
        let mut assembler = Assembler::new(self.limits);
        match &mut *self.inner.borrow_mut() {
            Inner::Xlsx(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(xlsx)?;
                while let Some(next) = cells.next_cell().map_err(xlsx)? {
                    let flow = assembler.cell(next.get_position(), next.get_value(), visit);
                    if flow.is_break() {
                        return Ok(assembler.bound(self.name));
                    }
                }
            }
            Inner::Xlsb(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(xlsb)?;
                while let Some(next) = cells.next_cell().map_err(xlsb)? {
                    let flow = assembler.cell(next.get_position(), next.get_value(), visit);
                    if flow.is_break() {
                        return Ok(assembler.bound(self.name));
                    }
                }
            }
            Inner::Xls(book) => {
                let range = book.worksheet_range(sheet).map_err(xls)?;
                if assembler.range(&range, visit).is_break() {
                    return Ok(assembler.bound(self.name));
                }
            }
            Inner::Ods(book) => {
                let range = book.worksheet_range(sheet).map_err(ods)?;
                if assembler.range(&range, visit).is_break() {
                    return Ok(assembler.bound(self.name));
                }
            }
        }
        // The last row has no successor that would give it out.
        match assembler.give(visit) {
            ControlFlow::Continue(()) | ControlFlow::Break(()) => Ok(assembler.bound(self.name)),
        }
    }
}

impl Rows for SheetRows<'_, '_> {
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), IntakeError> {
        let book = self.book;
        let result = guarded(|| book.stream(&self.sheet, visit));
        result.map_err(|it| it.into_error(book.name, book.format))?
    }
}

impl Failure {
    fn into_error(self, name: &str, format: Format) -> IntakeError {
        let name = name.to_owned();
        match self {
            Self::Password => IntakeError::Password { name },
            Self::Other(what) => IntakeError::Damaged { name, format: FormatName(format), what },
        }
    }
}

/// Runs library code that may panic on a broken file.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Failure::Other("its structure contradicts itself".into())))
}

fn xlsx(error: XlsxError) -> Failure {
    match error {
        XlsxError::Password => Failure::Password,
        other => Failure::Other(other.to_string()),
    }
}

fn xlsb(error: XlsbError) -> Failure {
    match error {
        XlsbError::Password => Failure::Password,
        other => Failure::Other(other.to_string()),
    }
}

fn xls(error: XlsError) -> Failure {
    match error {
        XlsError::Password => Failure::Password,
        other => Failure::Other(other.to_string()),
    }
}

fn ods(error: OdsError) -> Failure {
    match error {
        OdsError::Password => Failure::Password,
        other => Failure::Other(other.to_string()),
    }
}

/// Puts cells together to rows and gives them out.
struct Assembler<'a> {
    limits: &'a Limits,
    row: Option<u32>,
    cells: Vec<String>,
    wide: bool,
    count: u64,
}

impl<'a> Assembler<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self { limits, row: None, cells: Vec::new(), wide: false, count: 0 }
    }

    fn cell(
        &mut self,
        (row, column): (u32, u32),
        value: &DataRef<'_>,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        if matches!(value, DataRef::Empty) {
            return ControlFlow::Continue(());
        }
        self.count += 1;
        if self.count > self.limits.cells {
            return ControlFlow::Break(());
        }
        if self.row != Some(row) {
            self.give(visit)?;
            self.row = Some(row);
        }
        let column = column as usize;
        if column >= self.limits.columns {
            self.wide = true;
            return ControlFlow::Continue(());
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text(value);
        ControlFlow::Continue(())
    }

    fn range(&mut self, range: &Range<Data>, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let (top, left) = range.start().unwrap_or((0, 0));
        for (down, row) in range.rows().enumerate() {
            for (right, value) in row.iter().enumerate() {
                if matches!(value, Data::Empty) {
                    continue;
                }
                let place = (top + down as u32, left + right as u32);
                self.cell(place, &borrowed(value), visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Gives out the row that is complete.
    fn give(&mut self, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let Some(row) = self.row.take() else { return ControlFlow::Continue(()) };
        let row = u64::from(row) + 1;
        let wide = std::mem::take(&mut self.wide);
        let cells = std::mem::take(&mut self.cells);
        let refuse = |value: &str, reason| {
            let value = cell::cut(value);
            Err(Reject { row, column: String::new(), value, reason })
        };
        if wide {
            return visit(row, refuse("", RejectReason::TooManyCells));
        }
        if let Some(long) = cells.iter().find(|it| it.len() > self.limits.cell_bytes) {
            return visit(row, refuse(long, RejectReason::CellTooLong));
        }
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        visit(row, Ok(&cells))
    }

    fn bound(&self, name: &str) -> Result<(), IntakeError> {
        if self.count <= self.limits.cells {
            return Ok(());
        }
        let (what, limit) = ("the number of cells".into(), self.limits.cells);
        Err(IntakeError::TooLarge { name: name.to_owned(), what, limit })
    }
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(value) => DataRef::Int(*value),
        Data::Float(value) => DataRef::Float(*value),
        Data::String(value) => DataRef::SharedString(value),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(value) => DataRef::DateTime(*value),
        Data::DateTimeIso(value) => DataRef::DateTimeIso(value.clone()),
        Data::DurationIso(value) => DataRef::DurationIso(value.clone()),
        Data::Error(value) => DataRef::Error(value.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// A cell as text.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(value) => value.to_string(),
        DataRef::Float(value) => number(*value),
        DataRef::String(value) => value.clone(),
        DataRef::SharedString(value) => (*value).to_owned(),
        DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(value) => date_time(value),
        DataRef::DateTimeIso(value) | DataRef::DurationIso(value) => value.clone(),
        DataRef::Error(value) => value.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// From here on a float no longer holds every whole number with two decimals.
const EXACT: f64 = 1e15;

fn number(value: f64) -> String {
    if !value.is_finite() {
        return "#NUM!".to_owned();
    }
    if value.abs() < EXACT {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let text = format!("{value:E}");
    let (mantissa, power) = text.split_once('E').unwrap_or((&text, "0"));
    format!("{mantissa}E+{power}")
}

/// Serials that a spreadsheet shows as a date: up to 9999-12-31.
const LAST_SERIAL: f64 = 2_958_466.0;

fn date_time(value: &ExcelDateTime) -> String {
    let serial = value.as_f64();
    if !(0.0..LAST_SERIAL).contains(&serial) {
        return number(serial);
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    if value.is_duration() || serial < 1.0 {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}
