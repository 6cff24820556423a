//! Reading a file for a command: options from flags, errors with hints for a person.

use std::path::Path;

use heqi_domain::{Currency, Lang, Progress, Side};
use heqi_intake::{Inspection, IntakeError, Orientation, ReadOptions, Reading, Source, View};

use crate::failure::{Failure, Kind, kind_of_io};
use crate::input;
use crate::mapping;
use crate::nearest::nearest;
use crate::terminal::{Terminal, say};

/// What the command line says about one file.
pub struct Request<'a> {
    /// The path, `-` for standard input.
    pub path: &'a Path,
    /// Whose book it is.
    pub side: Side,
    /// The flag that maps columns, for messages.
    pub map_flag: &'static str,
    /// The mappings.
    pub map: &'a [String],
    /// A saved template.
    pub template: Option<&'a Path>,
    /// From whose books the file speaks.
    pub view: Option<View>,
    /// The only customer, or the customer of a file that names none.
    pub customer: Option<&'a str>,
    /// Currency of lines that name none.
    pub currency: Currency,
    /// Sheet by name or number.
    pub sheet: Option<&'a str>,
    /// Whether memos are kept.
    pub keep_text: bool,
}

/// A file that is open and whose options are known to be well-formed.
pub struct Opened<'a> {
    request: Request<'a>,
    source: Box<dyn Source>,
    options: ReadOptions,
}

impl<'a> Request<'a> {
    /// Checks the flags and opens the file; nothing is read yet.
    ///
    /// # Errors
    /// A malformed mapping, or a file or template that cannot be opened.
    pub fn open(self, terminal: &Terminal) -> Result<Opened<'a>, Failure> {
        let mut options = ReadOptions::new(self.side);
        options.map = mapping::parse(self.map_flag, self.map, terminal)?;
        options.template =
            self.template.map(|path| input::read_text(path, terminal)).transpose()?;
        options.view = self.view;
        options.customer = self.customer.map(str::to_owned);
        options.currency = self.currency;
        options.sheet = self.sheet.map(str::to_owned);
        options.keep_text = self.keep_text;
        let source = input::open(self.path, terminal)?;
        Ok(Opened { request: self, source, options })
    }
}

impl Opened<'_> {
    /// The name of the file in messages and results.
    pub fn name(&self) -> String {
        name_of(self.request.path)
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.source.len()
    }

    /// Where the file lies, for `heqi verify`; `-` for standard input.
    pub fn absolute(&self) -> String {
        if self.request.path.as_os_str() == input::STDIN {
            return input::STDIN.to_owned();
        }
        let path = std::path::absolute(self.request.path);
        name_of(path.as_deref().unwrap_or(self.request.path))
    }

    /// What was said about the file, in a fixed order, so that it can be read again alike.
    /// `seen` is how it was read where its view was found in the data.
    pub fn said(&self, seen: Option<&Inspection>) -> Vec<(String, String)> {
        let options = &self.options;
        let view = match (seen.map(|seen| seen.orientation), options.view) {
            (Some(Orientation::Payable), _) | (None, Some(View::Payable)) => Some("payable"),
            (Some(Orientation::Receivable), _) | (None, Some(View::Receivable)) => {
                Some("receivable")
            }
            (None, None) => None,
        };
        let map = mapping::write(&options.map);
        let said = [
            ("map", (!map.is_empty()).then_some(map)),
            ("template", options.template.clone()),
            ("view", view.map(str::to_owned)),
            ("customer", options.customer.clone()),
            ("currency", Some(options.currency.code().to_owned())),
            ("sheet", options.sheet.clone()),
            ("keep_text", Some(options.keep_text.to_string())),
        ];
        said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }

    /// The mapping of the file as a template, TOML.
    ///
    /// # Errors
    /// What intake says, with a hint.
    pub fn template(&self, terminal: &Terminal) -> Result<String, Failure> {
        let template = heqi_intake::template(&*self.source, &self.name(), &self.options)
            .map_err(|error| explain(&error, self.request.map_flag, terminal))?;
        template.to_toml().map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What intake says, with a hint.
    pub fn read(&self, progress: &dyn Progress, terminal: &Terminal) -> Result<Reading, Failure> {
        heqi_intake::read(&*self.source, &self.name(), &self.options, progress)
            .map_err(|error| explain(&error, self.request.map_flag, terminal))
    }
}

/// The name of a path in messages and results; bytes that are no text are shown as `�`.
pub fn name_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The currency of a `--currency` flag.
///
/// # Errors
/// The code is not three letters.
pub fn currency(code: &str, terminal: &Terminal) -> Result<Currency, Failure> {
    code.parse().map_err(|_| {
        let message = say!(
            terminal,
            "--currency 的「{code}」不是币种代码",
            "`{code}` in --currency is not a currency code"
        );
        let hint = say!(terminal, "用三位字母代码，例如 CNY、USD", "use three letters: CNY, USD");
        Failure::new(Kind::Usage, message).hint(hint)
    })
}

/// An intake error as a failure: its decision as an exit code, and a hint where one helps.
fn explain(error: &IntakeError, map_flag: &str, terminal: &Terminal) -> Failure {
    let kind = match error {
        IntakeError::Io { source, .. } => kind_of_io(source),
        IntakeError::UnknownColumn { .. } | IntakeError::UnknownSheet { .. } => Kind::Usage,
        IntakeError::Cancelled => return stopped(terminal),
        _ => Kind::Input,
    };
    let message = match terminal.lang {
        Lang::Zh => error.zh(),
        Lang::En => error.to_string(),
    };
    // The messages of intake name the flag of `heqi inspect`.
    let message = message.replace("--map ", &format!("{map_flag} "));
    let failure = Failure::new(kind, message);
    let near = match error {
        IntakeError::UnknownColumn { column, columns, .. } => near_in(column, columns),
        IntakeError::UnknownSheet { sheet, sheets, .. } => near_in(sheet, sheets),
        _ => None,
    };
    match near {
        Some(near) => failure.hint(say!(terminal, "是不是「{near}」？", "did you mean `{near}`?")),
        None => failure,
    }
}

fn near_in<'a>(wanted: &str, list: &'a str) -> Option<&'a str> {
    nearest(wanted, list.split([',', '、', '，']).map(|name| name.trim().trim_matches('`')))
}

/// The failure of a run that a person stopped.
pub fn stopped(terminal: &Terminal) -> Failure {
    Failure::new(
        Kind::Interrupted,
        terminal.pick("已中断，没有写出任何结果", "interrupted; no result was written"),
    )
}
