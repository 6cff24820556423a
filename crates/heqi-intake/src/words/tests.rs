//! Goal: labels are known in every dress, and names of customers are not taken for labels.
//! Method: word by word.

use super::*;

#[test]
fn control_rows_by_their_labels() {
    use ControlKind::{Closing, Cumulative, Opening, Subtotal, Total};
    for (label, kind, whole) in [
        ("期初余额", Opening, true),
        ("上年结转", Opening, true),
        ("承前页", Opening, true),
        ("Opening balance", Opening, true),
        ("Balance b/f", Opening, true),
        ("期末余额：", Closing, true),
        ("过次页", Closing, true),
        ("小　计", Subtotal, true),
        ("2010-12 小计", Subtotal, false),
        ("Subtotal 2010-12", Subtotal, false),
        ("本月合计", Subtotal, true),
        ("合  计", Total, true),
        ("合計", Total, true),
        ("人民币合计", Total, false),
        ("Ｔｏｔａｌ", Total, true),
        ("Grand Total:", Total, true),
        ("本年累计", Cumulative, true),
    ] {
        assert_eq!(control(label), Some((kind, whole)), "{label}");
    }
    for label in [
        "XS2026001",
        "货款",
        "INV-001",
        "合肥分公司",
        "payment",
        "2026-01-05",
        "",
        "Sumitomo",
        "Beta",
    ] {
        assert_eq!(control(label), None, "{label}");
    }
}

#[test]
fn directions_currencies_and_statuses() {
    for (word, expected) in [
        ("借 Dr", Some(Direction::Plus)),
        ("贷 Cr", Some(Direction::Minus)),
        ("收入", Some(Direction::Plus)),
        ("支出", Some(Direction::Minus)),
        ("不计收支", Some(Direction::Neutral)),
        ("/", Some(Direction::Neutral)),
        ("DEBIT", Some(Direction::Plus)),
        ("貸", Some(Direction::Minus)),
        ("存款利息", None),
    ] {
        assert_eq!(direction(word), expected, "{word}");
    }
    for (word, code) in
        [("人民币元", "CNY"), ("港币", "HKD"), ("usd", "USD"), ("￥", "CNY"), ("EUR", "EUR")]
    {
        assert_eq!(currency(word).map(|it| it.to_string()).as_deref(), Some(code), "{word}");
    }
    assert_eq!(currency("科威特"), None);
    assert!(is_closed("交易关闭") && is_closed("已作废") && !is_closed("交易成功"));
    assert_eq!(kind("credit_note"), EntryKind::Return);
    assert_eq!(kind("Credit Note"), EntryKind::Return);
    assert_eq!(kind("收款"), EntryKind::Receipt);
    assert_eq!(kind("其他"), EntryKind::Unknown);
}
