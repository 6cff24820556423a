//! What the name of a column says about its role: synonyms in Chinese and English, with weights.
//!
//! A weight is the confidence, 0 to 100, that a column of that name holds the role, before its
//! contents are looked at. Names are compared in the form of [`crate::words::fold`].

use unicode_normalization::UnicodeNormalization;

use crate::Role;
use crate::words::fold;

/// Names that mean one role, and how surely.
type Synonyms = (Role, u8, &'static [&'static str]);

#[rustfmt::skip]
const SYNONYMS: &[Synonyms] = &[
    (Role::Date, 98, &[
        "单据日期", "业务日期", "documentdate", "docdate",
    ]),
    (Role::Date, 96, &[
        "日期", "记账日期", "交易日期", "凭证日期", "开票日期", "发票日期", "交易日", "date",
        "transactiondate", "transdate", "txndate", "invoicedate", "bookingdate", "postingdate",
        "datum", "buchungstag", "buchungsdatum", "belegdatum",
    ]),
    (Role::Date, 92, &[
        "交易时间", "记账日", "过账日期", "入账日期", "发生日期", "发生时间", "单据时间",
        "orderdate", "dateposted", "paymentdate", "dateofpayment", "entrydate", "billdate",
        "valuta", "交易创建时间", "制单日期", "销售日期", "出库日期", "收款日期", "付款日期",
    ]),
    (Role::Date, 80, &[
        "订单成交时间", "下单时间", "记账时间", "创建时间", "订单创建时间", "订单付款时间",
        "valuedate", "起息日", "起息日期", "完成时间", "createdat", "createddate", "时间",
        "datetime", "timestamp",
    ]),
    (Role::Date, 45, &[
        "statementcreated", "shipdate", "shippeddate", "modifieddate", "updatedat",
    ]),
    (Role::Time, 90, &[
        "time", "交易时刻", "时刻",
    ]),
    (Role::Due, 95, &[
        "到期日", "到期日期", "应收到期日", "收款到期日", "付款到期日", "due", "duedate",
        "maturitydate", "paymentdue", "faelligkeit", "fälligkeit",
    ]),
    (Role::Reference, 98, &[
        "单据号", "单据编号", "单据号码", "发票号", "发票号码", "documentno", "documentnumber",
        "docno", "docnumber", "docnum", "invoiceno", "invoicenumber", "invoicenum",
    ]),
    (Role::Reference, 96, &[
        "单号", "票据号", "票号", "theirref", "ourref", "ref", "refno", "reference",
        "referenceno", "referencenumber", "sapdocumentnumber", "belegnummer", "beleg", "belegnr",
    ]),
    (Role::Reference, 92, &[
        "对方单号", "交易订单号", "交易单号", "业务编号", "业务单号", "参考号", "yourref",
        "transactionnumber", "voucherno", "vouchernumber", "支付宝交易号", "微信支付业务单号",
        "微信订单号",
    ]),
    (Role::Reference, 88, &[
        "订单号", "订单编号", "凭证号", "凭证号码", "凭证编号", "凭证字号", "凭证", "业务流水号",
        "销售单号", "出库单号", "业务参考号", "salesordernumber", "orderno", "ordernumber",
        "invoice", "billno",
    ]),
    (Role::Reference, 82, &[
        "交易流水号", "流水号", "资金流水号", "账务流水号", "orderid", "salesorderid",
        "transactionid", "txnid", "paymentreference", "paymentref", "checkno", "主订单编号",
    ]),
    (Role::OtherReference, 90, &[
        "商家订单号", "商户订单号", "商户单号", "商家单号", "合同号", "合同编号", "送货单号",
        "purchaseordernumber", "purchaseorder", "ponumber", "pono", "po", "deliverynote",
        "contractno", "原单号", "关联单号", "子订单编号", "客户申请号",
    ]),
    (Role::Amount, 97, &[
        "金额", "交易金额", "本币金额", "价税合计", "amount", "transactionamount", "记账金额",
        "发生额", "收支金额", "betrag", "amountinlocalcurrency", "localamount",
    ]),
    (Role::Amount, 95, &[
        "买家实际支付金额", "实付金额",
    ]),
    (Role::Amount, 94, &[
        "应收金额", "应付金额", "含税金额", "总金额", "人民币金额", "本期发生额", "totaldue",
        "invoiceamount", "billingamount", "totalamount", "amountdue", "linetotal", "umsatz",
        "应收应付金额",
    ]),
    (Role::Amount, 88, &[
        "gross", "grossamount", "netamount", "结算金额", "应结订单金额", "商家实收",
        "商家实收金额", "用户实付金额", "订单金额", "收款金额", "开票金额",
    ]),
    (Role::Amount, 78, &[
        "net", "total", "netto", "brutto", "未税金额", "不含税金额", "ordertotal", "净额",
    ]),
    (Role::Amount, 45, &[
        "subtotal", "value", "freight", "运费", "credits", "sum",
    ]),
    (Role::Debit, 97, &[
        "借方", "借方金额", "借方发生额", "借方本币", "借方发生额支取", "debit", "debitamount",
        "借方支出", "本期借方", "借方发生", "借方金额本币", "soll", "debits",
    ]),
    (Role::Debit, 93, &[
        "借", "dr", "支出", "支出金额", "转出金额", "扣账", "扣账金额", "本期增加", "增加",
        "本期应收", "paidout", "moneyout", "withdrawal", "withdrawals", "交易金额支出",
        "记账金额支出", "支取",
    ]),
    (Role::Credit, 97, &[
        "贷方", "贷方金额", "贷方发生额", "贷方本币", "贷方发生额收入", "credit", "creditamount",
        "贷方收入", "本期贷方", "贷方发生", "贷方金额本币", "haben",
    ]),
    (Role::Credit, 93, &[
        "贷", "cr", "收入", "收入金额", "转入金额", "入账", "入账金额", "本期减少", "减少",
        "本期收款", "本期已收", "paidin", "moneyin", "deposit", "deposits", "交易金额收入",
        "记账金额收入", "存入",
    ]),
    (Role::Balance, 97, &[
        "余额", "账户余额", "累计余额", "结余", "账户结余", "交易后余额", "联机余额", "本期余额",
        "期末余额", "应收余额", "应付余额", "balance", "runningbalance", "accountbalance",
        "saldo", "kontostand", "closingbalance", "结存",
    ]),
    (Role::Direction, 95, &[
        "收支", "借贷", "借贷标志", "借贷方向", "方向", "收支类型", "收付", "收付标志",
        "资金流向", "收付款", "drcr", "dcflag", "debitcredit", "dc", "direction", "crdr",
        "收支方向",
    ]),
    (Role::Customer, 97, &[
        "客户", "客户名称", "客户编号", "客户编码", "客户代码", "客户号", "往来单位",
        "往来单位名称", "往来户", "customer", "customerid", "customername", "customerno",
        "customernumber", "customercode", "client", "clientid", "clientname", "debtor", "kunde",
        "kundennummer",
    ]),
    (Role::Customer, 90, &[
        "购货单位", "购方名称", "购买方名称", "供应商", "供应商名称", "supplier", "suppliername",
        "vendor", "vendorname", "vendorid", "beneficiary", "beneficiaryname", "payee",
    ]),
    (Role::Customer, 80, &[
        "对方户名", "对方单位", "对方单位名称", "对方名称", "对方账户名", "对方账户名称",
        "对方账号名称", "交易对方", "对手信息", "单位名称", "买家会员名", "counterparty",
        "partner", "party",
    ]),
    (Role::Customer, 50, &[
        "shipname", "accountnumber", "entity", "name",
    ]),
    (Role::Currency, 97, &[
        "币种", "币别", "货币", "货币种类", "交易货币", "交易币种", "记账币种", "currency",
        "currencycode", "ccy", "curr", "billingcurrency", "währung", "waehrung", "币种名称",
    ]),
    (Role::Kind, 90, &[
        "单据类型", "业务类型", "类型", "交易类型", "交易分类", "凭证类型", "单据类别",
        "doctype", "documenttype", "type", "transactiontype", "entrytype", "kind", "expensetype",
        "订单类型",
    ]),
    (Role::Text, 95, &[
        "摘要", "备注", "说明", "附言", "用途", "交易摘要", "商品说明", "客户摘要", "text",
        "description", "details", "memo", "narrative", "narration", "remark", "remarks",
        "particulars", "verwendungszweck", "buchungstext", "交易附言", "扩展摘要", "note",
        "notes", "comment",
    ]),
    (Role::Text, 70, &[
        "商品", "商品名称", "业务摘要", "其它摘要", "客户附言", "个性化信息", "expensearea",
        "gldescription",
    ]),
    (Role::Id, 97, &[
        "lineid", "id", "rowid", "entryid", "recordid", "uuid", "guid", "rowguid", "明细id",
        "行id", "明细号", "明细编号", "记录标识号", "账户明细编号交易流水号",
    ]),
    (Role::Tax, 95, &[
        "税额", "税金", "增值税额", "tax", "taxamt", "taxamount", "vat", "vatamount",
    ]),
    (Role::Quantity, 92, &[
        "数量", "quantity", "qty", "orderqty", "quantityordered",
    ]),
    (Role::Price, 92, &[
        "单价", "含税单价", "unitprice", "price", "priceperunit",
    ]),
    (Role::Discount, 85, &[
        "discount", "discountrate", "unitpricediscount", "折扣率",
    ]),
    (Role::Status, 92, &[
        "交易状态", "当前状态", "状态", "订单状态", "status", "单据状态", "state",
    ]),
    (Role::PaidBy, 90, &[
        "收付款方式", "支付方式", "付款方式", "paymentmethod",
    ]),
];

/// Parts of longer names, tried when no synonym is the whole name; the first that fits counts.
#[rustfmt::skip]
const PARTS: &[(Role, u8, &str)] = &[
    (Role::Balance, 75, "余额"),
    (Role::Balance, 70, "balance"),
    (Role::Balance, 70, "结余"),
    (Role::Debit, 80, "借方"),
    (Role::Credit, 80, "贷方"),
    (Role::Debit, 75, "debitamount"),
    (Role::Credit, 75, "creditamount"),
    (Role::Due, 75, "到期"),
    (Role::Due, 75, "duedate"),
    (Role::Tax, 70, "税额"),
    (Role::Price, 60, "单价"),
    (Role::Quantity, 55, "数量"),
    (Role::Amount, 65, "金额"),
    (Role::Amount, 60, "amount"),
    (Role::Amount, 55, "发生额"),
    (Role::Date, 60, "日期"),
    (Role::Date, 55, "date"),
    (Role::Date, 40, "时间"),
    (Role::Currency, 60, "币种"),
    (Role::Currency, 60, "currency"),
    (Role::Reference, 65, "发票号"),
    (Role::Reference, 65, "单据号"),
    (Role::Reference, 60, "invoiceno"),
    (Role::Reference, 55, "单号"),
    (Role::Reference, 50, "documentno"),
    (Role::Reference, 45, "凭证号"),
    (Role::Customer, 55, "客户名"),
    (Role::Customer, 50, "customer"),
    (Role::Text, 60, "摘要"),
    (Role::Text, 55, "备注"),
    (Role::Text, 50, "附言"),
    (Role::Status, 55, "状态"),
];

/// The roles that a column's name suggests, best first; empty when it suggests none.
pub(crate) fn roles(name: &str) -> Vec<(Role, u8)> {
    let mut found: Vec<(Role, u8)> = Vec::new();
    let forms = forms(name);
    let mut hits = forms.iter().filter_map(|form| exact(form));
    if let Some(hit) = forms.first().and_then(|whole| exact(whole)) {
        found.push(hit);
    } else if let Some(first) = hits.next() {
        // 发生金额(收入): the brackets say which side the amounts are on.
        let sided = |(role, _): &(Role, u8)| matches!(role, Role::Debit | Role::Credit);
        let side = hits.find(sided).filter(|_| first.0 == Role::Amount);
        found.push(side.unwrap_or(first));
    }
    if found.is_empty() && name.chars().count() <= 30 {
        found.extend(forms.iter().filter_map(|form| part(form)));
    }
    found.sort_by_key(|(role, weight)| (std::cmp::Reverse(*weight), *role));
    found.dedup_by_key(|(role, _)| *role);
    found
}

/// Whether the cell can be the name of a column at all.
pub(crate) fn is_name(cell: &str) -> bool {
    let length = cell.trim().chars().count();
    (1..=60).contains(&length) && !cell.trim().starts_with(|it: char| it.is_ascii_digit())
}

fn exact(form: &str) -> Option<(Role, u8)> {
    SYNONYMS
        .iter()
        .find(|(_, _, names)| names.contains(&form))
        .map(|(role, weight, _)| (*role, *weight))
}

fn part(form: &str) -> Option<(Role, u8)> {
    PARTS.iter().find(|(_, _, word)| form.contains(word)).map(|(role, weight, _)| (*role, *weight))
}

/// The forms in which a name is looked up: as a whole with what is in brackets run together,
/// without the brackets, and what is in the brackets alone (`交易金额[ Trade Amount ]`).
fn forms(name: &str) -> Vec<String> {
    let narrow: String = name.nfkc().collect();
    let narrow = narrow.replace(['【', '〔'], "(").replace(['】', '〕'], ")");
    let is_open = |it: char| matches!(it, '(' | '[' | '<');
    let is_close = |it: char| matches!(it, ')' | ']' | '>');
    let (mut outside, mut inside, mut depth) = (String::new(), String::new(), 0_u32);
    for character in narrow.chars() {
        if is_open(character) {
            depth += 1;
        } else if is_close(character) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            outside.push(character);
        } else {
            inside.push(character);
        }
    }
    let squeeze = |text: &str| fold(text).replace(['-', '/', '+'], "");
    let mut forms = vec![squeeze(&format!("{outside}{inside}"))];
    for form in [squeeze(&outside), squeeze(&inside)] {
        if !form.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// The power of ten of the unit that a text names: 万元 → 4, 千元 → 3.
pub(crate) fn unit(text: &str) -> u32 {
    match text {
        _ if text.contains("万元") => 4,
        _ if text.contains("千元") => 3,
        _ => 0,
    }
}
