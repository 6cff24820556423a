//! Rejected rows 拒收行: every row that is not a line says why, and what to do about it.

use serde::{Deserialize, Serialize};

/// A row of data that did not become a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// 1-based physical row.
    pub row: u64,
    /// Name of the column at fault; empty where the whole row is.
    pub column: String,
    /// The cell as written, cut to 200 characters.
    pub value: String,
    /// Why.
    pub reason: RejectReason,
}

impl Reject {
    /// What to do about it, Chinese.
    #[must_use]
    pub const fn remedy_zh(&self) -> &'static str {
        self.reason.remedy_zh()
    }

    /// What to do about it, English.
    #[must_use]
    pub const fn remedy_en(&self) -> &'static str {
        self.reason.remedy_en()
    }
}

macro_rules! reject_reasons {
    ($($(#[$doc:meta])* $name:ident: $code:literal, $zh:literal, $en:literal, $fix_zh:literal,
        $fix_en:literal;)*) => {
        /// Why a row was not taken.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum RejectReason { $($(#[$doc])* $name,)* }

        impl RejectReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code used in files and JSON.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// In words, Chinese.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)* }
            }

            /// In words, English.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            /// What to do, Chinese.
            #[must_use]
            pub const fn remedy_zh(self) -> &'static str {
                match self { $(Self::$name => $fix_zh,)* }
            }

            /// What to do, English.
            #[must_use]
            pub const fn remedy_en(self) -> &'static str {
                match self { $(Self::$name => $fix_en,)* }
            }
        }
    };
}

reject_reasons! {
    /// No amount in a row that has a date or a document number.
    AmountMissing: "amount_missing", "没有金额", "no amount",
        "补上金额；若由公式算出，请在表格软件中打开并保存一次再导入",
        "fill in the amount; if a formula makes it, open and save the workbook once";
    /// The cell is not a number.
    AmountUnreadable: "amount_unreadable", "金额无法识别", "the amount is not a number",
        "改成 1234.56 这样的数字", "write it as a plain number such as 1234.56";
    /// More decimals than the currency has.
    AmountTooPrecise: "amount_too_precise", "金额小数位多于币种最小单位",
        "the amount has more decimals than its currency",
        "导出前按币种小数位取整（人民币两位）；Heqi 不会自行四舍五入，除非在模板中设 round = true",
        "round it in the source (two decimals for CNY); Heqi never rounds unless a template says \
            round = true";
    /// Beyond ±92 233 720 368 547 758.07.
    AmountTooLarge: "amount_too_large", "金额超出可记账范围", "the amount is too large",
        "检查是否把账号、单号填进了金额列", "check that no account or document number stands in \
            the amount column";
    /// A float or scientific text that has lost digits.
    AmountScientific: "amount_scientific", "金额是科学计数法", "the amount is in scientific \
        notation",
        "把该列设为“数值”格式后重新导出", "format the column as a plain number and export again";
    /// Decimal mark against the rest of the column.
    AmountStyle: "amount_style", "小数点写法与本列其他行不一致",
        "the decimal mark differs from the rest of the column",
        "统一为同一种写法后重新导出", "use one style in the whole column and export again";
    /// Not a date.
    DateUnreadable: "date_unreadable", "日期无法识别", "the date cannot be read",
        "改成 2026-11-24 这样的日期", "write it as 2026-11-24";
    /// A day that does not exist.
    DateImpossible: "date_impossible", "日期不存在", "the date does not exist",
        "核对原单上的日期", "check the date on the document";
    /// Neither date nor document number: the row may be a total without a label.
    DateMissing: "date_missing", "没有日期也没有单号", "no date and no document number",
        "补上日期；若是合计行，请在该行写明“合计”", "fill in the date; if it is a total, label \
            the row as one";
    /// A long number that went through a float.
    IdScientific: "id_scientific", "长单号已变成科学计数法，后几位已丢失",
        "a long number was turned into scientific notation and lost digits",
        "把该列设为“文本”格式后从原系统重新导出，不要再用表格软件另存为 CSV",
        "format the column as text and export again from the source, without saving as CSV in a \
            spreadsheet";
    /// Currency not known.
    CurrencyUnknown: "currency_unknown", "币种无法识别", "the currency is not known",
        "填写三位币种代码，如 CNY", "use a three-letter code such as CNY";
    /// Direction word not known.
    DirectionUnknown: "direction_unknown", "借贷方向无法识别", "the direction word is not known",
        "方向填借/贷、收入/支出或 Dr/Cr", "use Dr/Cr, debit/credit or in/out";
    /// Counts neither as income nor as expenditure.
    DirectionNeutral: "direction_neutral", "不计收支，无法判断方向",
        "counts neither as income nor as expenditure",
        "这类资金划转一般不对账；确需对账的，请把收/支改为收入或支出",
        "such transfers are usually not reconciled; if this one is, set its direction to in or out";
    /// The status says that the transaction does not count.
    StatusClosed: "status_closed", "交易已关闭或作废，不计入", "closed or void, does not count",
        "无须处理；若实际已付款，请核对原单", "nothing to do; if it was paid after all, check the \
            document";
    /// More cells than the header has columns.
    TooManyCells: "too_many_cells", "单元格多于表头列数，可能有未加引号的分隔符",
        "more cells than columns; a separator inside a cell is probably not quoted",
        "给含分隔符的单元格加引号后重新导出", "quote the cells that hold a separator and export \
            again";
    /// Longer than the limit.
    CellTooLong: "cell_too_long", "单元格过长", "a cell is too long",
        "检查该单元格是否混入了其他内容", "check whether other content has slipped into the cell";
    /// A quotation mark is never closed.
    UnclosedQuote: "unclosed_quote", "引号没有配对", "a quotation mark is never closed",
        "补上引号或删去多余引号", "close or remove the quotation mark";
    /// Bytes that are not text in the file's encoding.
    Undecodable: "undecodable", "有乱码，编码与全文不一致",
        "bytes that are not text in the encoding of the file",
        "以 UTF-8 重新导出，不要把不同编码的文件拼在一起",
        "export as UTF-8 and do not join files of different encodings";
    /// The row is not like a line at all.
    RowUnreadable: "row_unreadable", "整行无法识别", "the row is not like a line",
        "核对该行，或删去说明文字后再导入", "check the row, or remove the remark and import again";
}
