//! What can be the matter with a row, in words, with what to do about it.

use heqi_intake::RejectReason;

use super::model::Words;

/// No customer of ours is called that.
pub const CUSTOMER_UNKNOWN: &str = "customer_unknown";
/// The row says nothing about its customer, and neither did anybody.
pub const CUSTOMER_MISSING: &str = "customer_missing";
/// Several customers are called that.
pub const CUSTOMER_AMBIGUOUS: &str = "customer_ambiguous";
/// No date, so that it belongs to no period.
pub const LINE_UNDATED: &str = "line_undated";
/// Dated within a period that was signed.
pub const PERIOD_SIGNED: &str = "period_signed";
/// The customer is stopped and takes no new sales.
pub const CUSTOMER_STOPPED: &str = "customer_stopped";
/// A zero is no entry.
pub const AMOUNT_ZERO: &str = "amount_zero";
/// The tax is more than the amount that it is in.
pub const TAX_EXCEEDS: &str = "tax_exceeds_amount";
/// Quantity and price come to another amount.
pub const GOODS_DIFFER: &str = "goods_differ";
/// The rate makes another tax of the amount.
pub const TAX_DIFFERS: &str = "tax_differs";
/// The ledger has the document number with another content.
pub const SAME_REFERENCE: &str = "same_reference";
/// The ledger has the amount on that day under another document number.
pub const SAME_AMOUNT_AND_DAY: &str = "same_amount_and_day";

/// Code; what, Chinese and English; remedy, Chinese and English.
const OWN: &[[&str; 5]] = &[
    [
        CUSTOMER_UNKNOWN,
        "客户不在档案里",
        "the customer is not known",
        "选一个已有客户（这个名称会记为它的别名，下次自动认得），或先新建客户",
        "choose the customer that is meant (the name becomes its alias), or add the customer first",
    ],
    [
        CUSTOMER_MISSING,
        "没有写明客户",
        "no customer is named",
        "在列映射里指定客户列，或为整份文件选一个客户",
        "name the column of customers in the mapping, or choose one customer for the whole file",
    ],
    [
        CUSTOMER_AMBIGUOUS,
        "有几个客户同名",
        "several customers have this name",
        "文件里改填客户编号，或指定这个名称是哪个客户",
        "write the customer's code in the file, or say which customer is meant",
    ],
    [
        LINE_UNDATED,
        "没有日期，无法归入期间",
        "there is no date, so it belongs to no period",
        "补上日期，如 2026-11-24",
        "fill in the date, such as 2026-11-24",
    ],
    [
        PERIOD_SIGNED,
        "日期在已签认的期间内",
        "dated within a signed period",
        "改记下一期，或申请反结账后再导入",
        "date it in the next period, or have the period reopened and check again",
    ],
    [
        CUSTOMER_STOPPED,
        "客户已停用，不能再记销售、换货",
        "the customer is stopped and takes no new sales",
        "确需记账的，先恢复启用该客户再重新检查；收款、退货等其他类型不受影响",
        "take the customer up again and check again; receipts, returns and the like are posted",
    ],
    [
        AMOUNT_ZERO,
        "金额为零",
        "the amount is zero",
        "无须入账；若金额漏填，请补上",
        "nothing to post; if the amount was left out, fill it in",
    ],
    [
        TAX_EXCEEDS,
        "税额大于金额",
        "the tax exceeds the amount",
        "核对税额和金额两列是否认反，或这一行的数字是否有误",
        "check whether the columns of tax and amount are mistaken for each other, or the figures",
    ],
    [
        GOODS_DIFFER,
        "数量 × 单价（加税额）与金额相差超过 0.01",
        "quantity × price (with the tax) is not the amount",
        "核对数量、单价、税额；金额无误的可以照常入账",
        "check quantity, price and tax; if the amount is right, post it as it is",
    ],
    [
        TAX_DIFFERS,
        "按税率推算的税额与文件里的税额相差超过 0.01",
        "the tax is not what the rate makes of the amount",
        "核对税率和税额；无误的可以照常入账",
        "check rate and tax; if they are right, post it as it is",
    ],
    [
        SAME_REFERENCE,
        "账上已有同号单据，内容不同",
        "the ledger has this document number with another content",
        "对照原单：是更正过的单据就先红冲旧的再导入，是另一笔就导入，否则跳过",
        "compare with the document: import it if it is another entry, otherwise skip it",
    ],
    [
        SAME_AMOUNT_AND_DAY,
        "账上同一天有同样金额，单号不同",
        "the ledger has this amount on that day under another document number",
        "核对是否同一笔：是就跳过，不是就导入",
        "skip it if it is the same entry, import it if it is not",
    ],
];

/// What a code means and what to do: `what`, `remedy`.
#[must_use]
pub fn explain(code: &str) -> (Words, Words) {
    let words = |zh: &str, en: &str| Words { zh: zh.to_owned(), en: en.to_owned() };
    if let Some([_, zh, en, fix_zh, fix_en]) = OWN.iter().find(|own| own[0] == code) {
        return (words(zh, en), words(fix_zh, fix_en));
    }
    match RejectReason::ALL.iter().find(|reason| reason.code() == code) {
        Some(reason) => {
            (words(reason.zh(), reason.en()), words(reason.remedy_zh(), reason.remedy_en()))
        }
        None => (words(code, code), words("", "")),
    }
}
