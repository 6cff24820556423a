//! Why a file cannot be read at all: one variant per decision the caller can take.

use crate::Format;

/// A file is refused. One bad row never leads here: it becomes a [`crate::Reject`].
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The operating system could not read the bytes.
    #[error("{name}: cannot be read: {source}")]
    Io {
        /// The file as the caller called it.
        name: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// No bytes, or no row.
    #[error("{name}: the file is empty; export it again and check that the period has entries")]
    Empty {
        /// The file as the caller called it.
        name: String,
    },
    /// The bytes are neither text nor a workbook that Heqi reads.
    #[error("{name}: {what}; Heqi reads CSV or tab text, XLSX, XLS, XLSB, ODS, HTML and Parquet")]
    Unsupported {
        /// The file as the caller called it.
        name: String,
        /// What the bytes look like.
        what: String,
    },
    /// The workbook is encrypted.
    #[error(
        "{name}: the workbook is protected by a password; remove it (File > Info > Protect) and \
            try again"
    )]
    Password {
        /// The file as the caller called it.
        name: String,
    },
    /// The container is damaged or cut off.
    #[error("{name}: the {format} file is damaged: {what}; export or download it again")]
    Damaged {
        /// The file as the caller called it.
        name: String,
        /// What it claims to be.
        format: FormatName,
        /// What is wrong, in the words of the reader.
        what: String,
    },
    /// A bound of [`crate::Limits`] is exceeded.
    #[error("{name}: {what} exceeds the limit of {limit}; split the file or raise the limit")]
    TooLarge {
        /// The file as the caller called it.
        name: String,
        /// Which bound, and where.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// No header row and no contents that explain themselves.
    #[error(
        "{name}: no header row found; expected a row that names at least the amount (金额, 借方/贷\
            方, amount, debit/credit). Add one, or name columns by number: --map amount=3"
    )]
    NoHeader {
        /// The file as the caller called it.
        name: String,
    },
    /// A header row, but no column of amounts.
    #[error(
        "{name}: row {row} looks like the header, but no column holds amounts (columns: \
            {columns}); name it: --map amount=COLUMN"
    )]
    NoAmount {
        /// The file as the caller called it.
        name: String,
        /// 1-based row of the header.
        row: u64,
        /// The columns found.
        columns: String,
    },
    /// A header and nothing below it.
    #[error("{name}: the header in row {row} is followed by no row of data")]
    NoRows {
        /// The file as the caller called it.
        name: String,
        /// 1-based row of the header.
        row: u64,
    },
    /// An override names a column that the file does not have.
    #[error("{name}: there is no column `{column}`; the file has: {columns}")]
    UnknownColumn {
        /// The file as the caller called it.
        name: String,
        /// What was asked for.
        column: String,
        /// The columns found.
        columns: String,
    },
    /// An override names a sheet that the workbook does not have.
    #[error("{name}: there is no sheet `{sheet}`; the workbook has: {sheets}")]
    UnknownSheet {
        /// The file as the caller called it.
        name: String,
        /// What was asked for.
        sheet: String,
        /// The sheets found.
        sheets: String,
    },
    /// Quotation marks that are never closed, again and again.
    #[error(
        "{name}: a quotation mark in row {row} is never closed, and so in many rows; export the \
            file again with quotes doubled inside cells"
    )]
    UnclosedQuotes {
        /// The file as the caller called it.
        name: String,
        /// 1-based row of the first one.
        row: u64,
    },
    /// The template cannot be read or does not fit the file.
    #[error("{name}: the template does not fit: {what}")]
    Template {
        /// The file as the caller called it.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// A person asked to stop.
    #[error("reading was stopped")]
    Cancelled,
}

/// A format's name as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatName(pub Format);

impl std::fmt::Display for FormatName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self.0 {
            Format::Csv => "text",
            Format::Xlsx => "XLSX",
            Format::Xls => "XLS",
            Format::Xlsb => "XLSB",
            Format::Ods => "ODS",
            Format::Parquet => "Parquet",
            Format::Html => "HTML",
        })
    }
}

impl IntakeError {
    /// The message in Chinese 中文说明.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Io { name, source } => format!("{name}：文件读取失败（{source}）"),
            Self::Empty { name } => format!("{name}：文件为空，请重新导出并确认所选期间有明细"),
            Self::Unsupported { name, .. } => {
                format!("{name}：无法识别的文件，请导出为 CSV、XLSX、XLS、XLSB、ODS 或 Parquet")
            }
            Self::Password { name } => format!("{name}：文件已加密，请先去掉打开密码再导入"),
            Self::Damaged { name, format, what } => {
                format!("{name}：{format} 文件已损坏（{what}），请重新导出或下载")
            }
            Self::TooLarge { name, what, limit } => {
                format!("{name}：{what} 超过上限 {limit}，请拆分文件或调高上限")
            }
            Self::NoHeader { name } => format!(
                "{name}：找不到表头行。表头至少要有金额（金额、借方/贷方）一列；请补上表头，或按列\
                    号指定：--map amount=3"
            ),
            Self::NoAmount { name, row, columns } => format!(
                "{name}：第 {row} 行像是表头，但没有金额列（现有列：{columns}），请指定：--map \
                    amount=列名"
            ),
            Self::NoRows { name, row } => format!("{name}：第 {row} 行表头之后没有明细"),
            Self::UnknownColumn { name, column, columns } => {
                format!("{name}：没有“{column}”这一列，现有列：{columns}")
            }
            Self::UnknownSheet { name, sheet, sheets } => {
                format!("{name}：没有“{sheet}”工作表，现有：{sheets}")
            }
            Self::UnclosedQuotes { name, row } => {
                format!("{name}：第 {row} 行起多处引号没有配对，请重新导出")
            }
            Self::Template { name, what } => format!("{name}：模板与文件不符：{what}"),
            Self::Cancelled => "已停止读取".to_owned(),
        }
    }
}
