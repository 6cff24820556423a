//! Words inside cells: directions, kinds, currencies, statuses and the labels of control rows.

use std::borrow::Cow;

use heqi_domain::{Currency, EntryKind};
use unicode_normalization::UnicodeNormalization;

use crate::normalise::ControlKind;

/// Signs and words that stand beside an amount; the longer ones first. `None` where the sign
/// does not tell the currency (¥ is yuan or yen, $ is many).
pub(crate) const MONEY_MARKS: &[(&str, Option<&str>)] = &[
    ("人民币", Some("CNY")),
    ("RMB", Some("CNY")),
    ("HK$", Some("HKD")),
    ("US$", Some("USD")),
    ("元整", None),
    ("元", None),
    ("圆", None),
    ("¥", None),
    ("$", None),
    ("€", Some("EUR")),
    ("£", Some("GBP")),
];

/// Names of currencies as files write them.
const CURRENCIES: &[(&str, &str)] = &[
    ("人民币", "CNY"),
    ("人民币元", "CNY"),
    ("rmb", "CNY"),
    ("cnh", "CNY"),
    ("元", "CNY"),
    ("¥", "CNY"),
    ("本位币", "CNY"),
    ("美元", "USD"),
    ("us$", "USD"),
    ("$", "USD"),
    ("港币", "HKD"),
    ("港元", "HKD"),
    ("hk$", "HKD"),
    ("欧元", "EUR"),
    ("€", "EUR"),
    ("英镑", "GBP"),
    ("£", "GBP"),
    ("日元", "JPY"),
    ("日圆", "JPY"),
    ("韩元", "KRW"),
    ("新台币", "TWD"),
    ("台币", "TWD"),
    ("澳门元", "MOP"),
    ("新加坡元", "SGD"),
    ("澳元", "AUD"),
    ("加元", "CAD"),
    ("瑞士法郎", "CHF"),
    ("卢布", "RUB"),
    ("泰铢", "THB"),
];

/// Whose side a direction word puts the amount on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Debit or plus: 借, 收入, Dr.
    Plus,
    /// Credit or minus: 贷, 支出, Cr.
    Minus,
    /// Counts as neither: 不计收支, 中性交易, 平.
    Neutral,
}

const PLUS: &[&str] = &[
    "借", "借方", "dr", "d", "debit", "借dr", "借debit", "dr借", "收入", "收", "收款", "收方",
    "转入", "入账", "来账", "入", "进账", "存入", "in", "income", "+", "1", "借记", "增加", "应收",
];
const MINUS: &[&str] = &[
    "贷",
    "贷方",
    "cr",
    "c",
    "credit",
    "贷cr",
    "贷credit",
    "cr贷",
    "支出",
    "支",
    "付",
    "付款",
    "付方",
    "转出",
    "出账",
    "往账",
    "出",
    "支取",
    "out",
    "expense",
    "2",
    "贷记",
    "减少",
];
const NEUTRAL: &[&str] = &["不计收支", "中性交易", "其他", "/", "平", "不计", "-", "neutral"];

/// Comparison form of a word: NFKC, lower case, no blanks or punctuation at the ends or inside,
/// traditional forms and 帐 folded. Borrowed where nothing changes.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    // ASCII is its own compatible form.
    if text.is_ascii() {
        let kept = text.chars().filter(|it| !it.is_whitespace() && !is_filler(*it));
        return Cow::Owned(kept.map(|it| it.to_ascii_lowercase()).collect());
    }
    let folded = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(simple)
        .filter(|it| !it.is_whitespace() && !is_filler(*it))
        .collect::<String>();
    Cow::Owned(folded)
}

const fn is_filler(character: char) -> bool {
    matches!(
        character,
        ':' | '_' | '.' | '*' | '#' | '`' | '\'' | '"' | '\u{FEFF}' | '、' | ',' | ';' | '\u{200B}'
    )
}

/// The simplified form of the traditional characters that stand in headers and labels.
const fn simple(character: char) -> char {
    match character {
        '帐' | '帳' | '賬' => '账',
        '額' => '额',
        '餘' => '余',
        '貸' => '贷',
        '單' => '单',
        '號' => '号',
        '幣' => '币',
        '種' => '种',
        '戶' => '户',
        '時' => '时',
        '間' => '间',
        '備' => '备',
        '註' => '注',
        '發' => '发',
        '據' => '据',
        '憑' => '凭',
        '證' => '证',
        '說' | '説' => '说',
        '類' => '类',
        '對' => '对',
        '應' => '应',
        '記' => '记',
        '訂' => '订',
        '編' => '编',
        '碼' => '码',
        '業' => '业',
        '務' => '务',
        '參' => '参',
        '計' => '计',
        '總' => '总',
        '結' => '结',
        '轉' => '转',
        '項' => '项',
        '幾' => '几',
        '稱' => '称',
        '貨' => '货',
        other => other,
    }
}

/// Bytes of the longest text that may be a direction word, blanks and full-width forms included.
const MOST_DIRECTION: usize = 64;

/// Reads a direction word.
pub(crate) fn direction(text: &str) -> Option<Direction> {
    let trimmed = text.trim();
    if matches!(trimmed, "/" | "-" | "+") {
        return Some(if trimmed == "+" { Direction::Plus } else { Direction::Neutral });
    }
    if trimmed.len() > MOST_DIRECTION {
        return None;
    }
    let word = fold(trimmed);
    let word = word.as_ref();
    if PLUS.contains(&word) {
        Some(Direction::Plus)
    } else if MINUS.contains(&word) {
        Some(Direction::Minus)
    } else {
        NEUTRAL.contains(&word).then_some(Direction::Neutral)
    }
}

/// Reads a currency name or code.
pub(crate) fn currency(text: &str) -> Option<Currency> {
    let trimmed = text.trim();
    let word = fold(trimmed);
    if let Some((_, code)) = CURRENCIES.iter().find(|(name, _)| *name == word) {
        return code.parse().ok();
    }
    trimmed.parse().ok()
}

/// Reads the type of a document; what is not known stays unknown.
pub(crate) fn kind(text: &str) -> EntryKind {
    const KINDS: &[(&str, EntryKind)] = &[
        ("invoice", EntryKind::Sale),
        ("sale", EntryKind::Sale),
        ("debitnote", EntryKind::Sale),
        ("creditnote", EntryKind::Return),
        ("creditmemo", EntryKind::Return),
        ("return", EntryKind::Return),
        ("payment", EntryKind::Receipt),
        ("receipt", EntryKind::Receipt),
        ("refund", EntryKind::Refund),
        ("adjustment", EntryKind::Adjustment),
        ("discount", EntryKind::Discount),
        ("allowance", EntryKind::Discount),
        ("rebate", EntryKind::Discount),
        ("writeoff", EntryKind::WriteOff),
        ("reversal", EntryKind::Reversal),
        ("exchange", EntryKind::Exchange),
        ("红冲", EntryKind::Reversal),
        ("冲销", EntryKind::Reversal),
        ("坏账", EntryKind::WriteOff),
        ("核销坏账", EntryKind::WriteOff),
        ("退款", EntryKind::Refund),
        ("退货", EntryKind::Return),
        ("销售退货", EntryKind::Return),
        ("红字发票", EntryKind::Return),
        ("换货", EntryKind::Exchange),
        ("折让", EntryKind::Discount),
        ("销售折让", EntryKind::Discount),
        ("返利", EntryKind::Discount),
        ("折扣", EntryKind::Discount),
        ("调整", EntryKind::Adjustment),
        ("调账", EntryKind::Adjustment),
        ("收款", EntryKind::Receipt),
        ("收款单", EntryKind::Receipt),
        ("回款", EntryKind::Receipt),
        ("付款", EntryKind::Receipt),
        ("销售", EntryKind::Sale),
        ("销售出库", EntryKind::Sale),
        ("销售发票", EntryKind::Sale),
        ("销售单", EntryKind::Sale),
        ("发票", EntryKind::Sale),
        ("货款", EntryKind::Sale),
        ("应收单", EntryKind::Sale),
    ];
    let word = fold(text);
    let word = word.replace(['-', ' '], "");
    KINDS.iter().find(|(name, _)| *name == word).map_or(EntryKind::Unknown, |(_, kind)| *kind)
}

/// Reads the type of an entry off its memo, where the file has no column that says it.
///
/// Only a short memo that is about money tells: "bank transfer", 银行转账. 货款 stands for the
/// sale in one book and for the payment in another, and a long memo names anything.
pub(crate) fn kind_of_memo(memo: &str) -> EntryKind {
    const MONEY: [&str; 12] = [
        "payment",
        "paid",
        "receipt",
        "remittance",
        "transfer",
        "收款",
        "付款",
        "回款",
        "汇款",
        "转账",
        "电汇",
        "承兑",
    ];
    if memo.is_empty() || memo.len() > 40 || memo.trim() == "货款" {
        return EntryKind::Unknown;
    }
    let known = kind(memo);
    if known != EntryKind::Unknown {
        return known;
    }
    let folded = fold(memo);
    let terms = ["条件", "期", "terms", "方式"];
    let money = MONEY.iter().any(|word| folded.contains(word));
    if money && !terms.iter().any(|word| folded.contains(word)) {
        EntryKind::Receipt
    } else {
        EntryKind::Unknown
    }
}

/// Whether a status says that the row does not count.
pub(crate) fn is_closed(text: &str) -> bool {
    const CLOSED: &[&str] = &[
        "交易关闭",
        "已关闭",
        "关闭",
        "已取消",
        "取消",
        "作废",
        "已作废",
        "交易失败",
        "失败",
        "还款失败",
        "已撤销",
        "closed",
        "cancelled",
        "canceled",
        "void",
        "voided",
        "failed",
        "rejected",
    ];
    CLOSED.contains(&fold(text).as_ref())
}

/// Labels that are the whole cell.
const CONTROL_WORDS: &[(&str, ControlKind)] = &[
    ("期初余额", ControlKind::Opening),
    ("期初", ControlKind::Opening),
    ("上期余额", ControlKind::Opening),
    ("上期结余", ControlKind::Opening),
    ("上月结转", ControlKind::Opening),
    ("上年结转", ControlKind::Opening),
    ("年初余额", ControlKind::Opening),
    ("承前页", ControlKind::Opening),
    ("openingbalance", ControlKind::Opening),
    ("balancebroughtforward", ControlKind::Opening),
    ("broughtforward", ControlKind::Opening),
    ("balancebf", ControlKind::Opening),
    ("balanceb/f", ControlKind::Opening),
    ("b/f", ControlKind::Opening),
    ("beginningbalance", ControlKind::Opening),
    ("期末余额", ControlKind::Closing),
    ("期末", ControlKind::Closing),
    ("本期余额", ControlKind::Closing),
    ("结转下年", ControlKind::Closing),
    ("结转下页", ControlKind::Closing),
    ("过次页", ControlKind::Closing),
    ("closingbalance", ControlKind::Closing),
    ("endingbalance", ControlKind::Closing),
    ("balancecarriedforward", ControlKind::Closing),
    ("carriedforward", ControlKind::Closing),
    ("balancec/f", ControlKind::Closing),
    ("c/f", ControlKind::Closing),
    ("小计", ControlKind::Subtotal),
    ("本月合计", ControlKind::Subtotal),
    ("本日合计", ControlKind::Subtotal),
    ("本页合计", ControlKind::Subtotal),
    ("本页小计", ControlKind::Subtotal),
    ("本期合计", ControlKind::Subtotal),
    ("当月合计", ControlKind::Subtotal),
    ("subtotal", ControlKind::Subtotal),
    ("sub-total", ControlKind::Subtotal),
    ("合计", ControlKind::Total),
    ("总计", ControlKind::Total),
    ("共计", ControlKind::Total),
    ("总合计", ControlKind::Total),
    ("本期发生额合计", ControlKind::Total),
    ("total", ControlKind::Total),
    ("totals", ControlKind::Total),
    ("grandtotal", ControlKind::Total),
    ("sum", ControlKind::Total),
    ("summe", ControlKind::Total),
    ("本年累计", ControlKind::Cumulative),
    ("累计", ControlKind::Cumulative),
    ("本年合计", ControlKind::Cumulative),
];

/// Whether a cell labels a control row, and whether the label is the whole cell.
pub(crate) fn control(text: &str) -> Option<(ControlKind, bool)> {
    if text.len() > 80 || !may_be_control(text) {
        return None;
    }
    let word = fold(text);
    let word = word.as_ref();
    if let Some((_, kind)) = CONTROL_WORDS.iter().find(|(label, _)| *label == word) {
        return Some((*kind, true));
    }
    let bare = word.replace(['(', ')', '-', '/'], "");
    let loose = CONTROL_WORDS.iter().find(|(label, _)| {
        let chinese = !label.is_ascii();
        (chinese || label.len() >= 5) && (bare.ends_with(label) || bare.starts_with(label))
    });
    loose.map(|(_, kind)| (*kind, false))
}

/// A cheap test that most cells fail: one of the characters that every label has.
fn may_be_control(text: &str) -> bool {
    if text.is_ascii() {
        let is = |byte: u8| matches!(byte | 0x20, b'b' | b'c' | b'o' | b's' | b't' | b'e' | b'g');
        return text.trim_start().bytes().next().is_some_and(is) || text.ends_with("otal");
    }
    text.contains(['计', '計', '余', '餘', '结', '結', '承', '过', '過', '期'])
        || text.chars().any(|it| ('\u{FF21}'..='\u{FF5A}').contains(&it))
}

#[cfg(test)]
mod tests;
