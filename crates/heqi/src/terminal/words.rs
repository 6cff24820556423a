//! The words of the terminal, Chinese and English: short, as an accountant writes them.

use heqi_domain::{Lang, Stage};
use heqi_intake::{Format, Role};
use heqi_matching::State;

/// What is being done, before a progress bar.
pub const fn stage(stage: Stage, lang: Lang) -> &'static str {
    match stage {
        Stage::ReadOurs | Stage::ReadTheirs => lang.pick("读入", "reading"),
        Stage::Match => lang.pick("核对", "matching"),
        Stage::Explain => lang.pick("查明差异", "explaining"),
        Stage::Write => lang.pick("写出结果", "writing"),
        Stage::Verify => lang.pick("复核", "verifying"),
    }
}

/// A stage of a run, beside its time.
pub const fn stage_of(stage: Stage, lang: Lang) -> &'static str {
    match stage {
        Stage::ReadOurs => lang.pick("读我方账", "read ours"),
        Stage::ReadTheirs => lang.pick("读对方账", "read theirs"),
        Stage::Match => lang.pick("核对", "match"),
        Stage::Explain => lang.pick("查明差异", "explain"),
        Stage::Write => lang.pick("写出结果", "write"),
        Stage::Verify => lang.pick("复核", "verify"),
    }
}

/// How far a group is decided.
pub const fn state(state: State, lang: Lang) -> &'static str {
    match state {
        State::Settled => lang.pick("已核对", "Settled"),
        State::Differs => lang.pick("有差异", "Differs"),
        State::Suggested => lang.pick("待确认", "Suggested"),
    }
}

/// What a column holds.
pub const fn role(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Date => lang.pick("日期", "date"),
        Role::Time => lang.pick("时间", "time"),
        Role::Due => lang.pick("到期日", "due date"),
        Role::Reference => lang.pick("单据号", "reference"),
        Role::OtherReference => lang.pick("关联单号", "other reference"),
        Role::Amount => lang.pick("金额", "amount"),
        Role::Debit => lang.pick("借方金额", "debit"),
        Role::Credit => lang.pick("贷方金额", "credit"),
        Role::Direction => lang.pick("借贷方向", "direction"),
        Role::Balance => lang.pick("余额", "balance"),
        Role::Customer => lang.pick("往来单位", "customer"),
        Role::Currency => lang.pick("币种", "currency"),
        Role::Kind => lang.pick("单据类型", "kind"),
        Role::Text => lang.pick("摘要", "text"),
        Role::Id => lang.pick("行标识", "line id"),
        Role::Tax => lang.pick("税额", "tax"),
        Role::Quantity => lang.pick("数量", "quantity"),
        Role::Price => lang.pick("单价", "price"),
        Role::Discount => lang.pick("折扣率", "discount rate"),
        Role::PaidBy => lang.pick("支付方式", "paid by"),
        Role::Status => lang.pick("状态", "status"),
        Role::Ignored => lang.pick("不使用", "not used"),
    }
}

/// The name of a file format.
pub const fn format(format: Format, lang: Lang) -> &'static str {
    match format {
        Format::Csv => lang.pick("文本表格", "delimited text"),
        Format::Xlsx => "XLSX",
        Format::Xls => "XLS",
        Format::Xlsb => "XLSB",
        Format::Ods => "ODS",
        Format::Parquet => "Parquet",
        Format::Html => lang.pick("网页表格", "HTML table"),
    }
}

/// The name of an encoding, as a person writes it.
pub fn encoding(name: &str) -> String {
    match name {
        "utf-8" => "UTF-8".to_owned(),
        "utf-8-sig" => "UTF-8 BOM".to_owned(),
        other => other.to_uppercase(),
    }
}

/// The name of a separator.
pub fn separator(separator: &str, lang: Lang) -> String {
    match separator {
        "," => lang.pick("逗号分隔", "comma").to_owned(),
        "\t" => lang.pick("制表符分隔", "tab").to_owned(),
        ";" => lang.pick("分号分隔", "semicolon").to_owned(),
        "|" => lang.pick("竖线分隔", "pipe").to_owned(),
        other => match lang {
            Lang::Zh => format!("以 {other} 分隔"),
            Lang::En => format!("separator {other}"),
        },
    }
}
