//! Customers as rows of a sheet: the columns that a file of customers has, going out and coming in.
//!
//! One table for export, import and template, so that what went out comes in as it was. A list
//! within a cell is separated by `；`, the parts of a contact by `/`; a backslash keeps either.

use std::collections::HashMap;

use heqi_domain::{Currency, Id, Lang, decimal_text};

use super::model::{ContactRole, NewContact, NewCustomer};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    Code,
    Name,
    Aliases,
    CreditCode,
    Parent,
    Owner,
    Department,
    Region,
    Currency,
    TermDays,
    CreditLimit,
    Tags,
    Address,
    Language,
    StatementTemplate,
    InvoiceTitle,
    Contacts,
    Note,
    /// Told, and never taken from a file: it changes by an act with a reason.
    Status,
    /// Told for programs; a file names customers by their codes.
    Id,
}

/// A column: its heading, other headings that are understood, what to write in it.
pub(super) struct Column {
    pub(super) field: Field,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// Further headings, folded, separated by blanks.
    pub(super) other: &'static str,
    /// What to write, Chinese and English; empty for what is not taken.
    pub(super) what: [&'static str; 2],
}

const fn column(
    field: Field,
    [zh, en]: [&'static str; 2],
    other: &'static str,
    what: [&'static str; 2],
) -> Column {
    Column { field, zh, en, other, what }
}

/// Every column, in the order of the file.
pub(super) const COLUMNS: [Column; 20] = [
    column(
        Field::Code,
        ["编码", "code"],
        "客户编码 客户编号 客户代码 customercode",
        [
            "必填，账套内不重复；已有的编码表示修改那个客户",
            "Required, unique; a code that exists means that customer",
        ],
    ),
    column(
        Field::Name,
        ["名称", "name"],
        "客户名称 全称 单位名称 customername customer",
        ["必填，照营业执照填全称", "Required, as it stands in the register"],
    ),
    column(
        Field::Aliases,
        ["别名", "aliases"],
        "曾用名 简称 alias",
        ["几个别名用；隔开", "Several are separated by ;"],
    ),
    column(
        Field::CreditCode,
        ["统一社会信用代码", "credit_code"],
        "信用代码 税号 纳税人识别号 taxid",
        ["18 位，按校验位检查", "18 characters; the last is checked"],
    ),
    column(
        Field::Parent,
        ["上级单位", "parent"],
        "上级单位编码 集团 总公司",
        [
            "上级单位的编码；可以是同一份文件里的客户",
            "The code of the group company, which may stand in the same file",
        ],
    ),
    column(
        Field::Owner,
        ["业务员", "owner"],
        "负责人 客户经理 salesperson",
        ["业务员的登录名", "Login of who looks after it"],
    ),
    column(Field::Department, ["部门", "department"], "", ["可空", "Optional"]),
    column(Field::Region, ["地区", "region"], "区域 大区", ["可空", "Optional"]),
    column(
        Field::Currency,
        ["币种", "currency"],
        "",
        ["三个大写字母，不填为 CNY", "Three capital letters, CNY if empty"],
    ),
    column(
        Field::TermDays,
        ["账期天数", "term_days"],
        "账期 信用天数 付款天数 terms",
        ["整数天，不填为 30", "Whole days, 30 if empty"],
    ),
    column(
        Field::CreditLimit,
        ["信用额度", "credit_limit"],
        "授信额度 额度",
        ["以元为单位，不填为不限", "In whole units of the currency; unlimited if empty"],
    ),
    column(
        Field::Tags,
        ["标签", "tags"],
        "分类 tag",
        ["几个标签用；隔开", "Several are separated by ;"],
    ),
    column(Field::Address, ["地址", "address"], "联系地址 注册地址", ["可空", "Optional"]),
    column(
        Field::Language,
        ["语言", "language"],
        "",
        ["zh 或 en，不填为 zh", "zh or en, zh if empty"],
    ),
    column(
        Field::StatementTemplate,
        ["对账单模板", "statement_template"],
        "",
        ["不填用账套的模板", "That of the company if empty"],
    ),
    column(
        Field::InvoiceTitle,
        ["发票抬头", "invoice_title"],
        "开票名称",
        ["与名称不同才填", "If it is not the name"],
    ),
    column(
        Field::Contacts,
        ["联系人", "contacts"],
        "contact",
        [
            "姓名/用途/邮箱/联系方式，用途填 对账、财务、采购、其他；几位用；隔开。\
             电话在客户页面登记",
            "name/role/mail/channel; the role is reconciliation, finance, purchasing or other; \
             several are separated by ;. Phones are entered on the customer's page",
        ],
    ),
    column(Field::Note, ["备注", "note"], "说明 remark", ["可空", "Optional"]),
    column(Field::Status, ["状态", "status"], "", ["", ""]),
    column(Field::Id, ["编号", "id"], "", ["", ""]),
];

impl Column {
    /// The heading.
    pub(super) const fn heading(&self, lang: Lang) -> &'static str {
        lang.pick(self.zh, self.en)
    }

    /// Whether a file may set it.
    pub(super) const fn is_taken(&self) -> bool {
        !matches!(self.field, Field::Status | Field::Id)
    }
}

/// The column that a heading names.
pub(super) fn named(heading: &str) -> Option<&'static Column> {
    let folded = fold(heading);
    COLUMNS.iter().find(|column| {
        fold(column.zh) == folded
            || fold(column.en) == folded
            || column.other.split(' ').any(|other| !other.is_empty() && other == folded)
    })
}

/// A heading as it is compared: without case, blanks, `_`, `*` and what stands in parentheses.
pub(super) fn fold(heading: &str) -> String {
    let plain = heading.split(['(', '（']).next().unwrap_or_default();
    let kept = |c: &char| !c.is_whitespace() && !matches!(c, '_' | '*' | '\u{feff}');
    plain.chars().filter(kept).flat_map(char::to_lowercase).collect()
}

/// Names for numbers: codes of group companies, logins of people.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) codes: HashMap<i64, String>,
    pub(super) logins: HashMap<i64, String>,
}

/// What a cell says about a customer.
pub(super) fn text(field: Field, of: &NewCustomer, names: &Names) -> String {
    let known = |names: &HashMap<i64, String>, id: Option<i64>| {
        id.and_then(|id| names.get(&id).cloned()).unwrap_or_default()
    };
    match field {
        Field::Code => of.code.clone(),
        Field::Name => of.name.clone(),
        Field::Aliases => sorted_list(&of.aliases),
        Field::CreditCode => of.credit_code.clone(),
        Field::Parent => known(&names.codes, of.parent.map(Id::number)),
        Field::Owner => known(&names.logins, of.owner.map(Id::number)),
        Field::Department => of.department.clone(),
        Field::Region => of.region.clone(),
        Field::Currency => of.currency.clone(),
        Field::TermDays => of.term_days.to_string(),
        Field::CreditLimit => {
            let minor = of.credit_limit.map(|limit| decimal_text(limit.into(), exponent(of)));
            minor.unwrap_or_default()
        }
        Field::Tags => sorted_list(&of.tags),
        Field::Address => of.address.clone(),
        Field::Language => of.language.clone(),
        Field::StatementTemplate => of.statement_template.clone(),
        Field::InvoiceTitle => of.invoice_title.clone(),
        Field::Contacts => list(of.contacts.iter().map(contact)),
        Field::Note => of.note.clone(),
        Field::Status | Field::Id => String::new(),
    }
}

/// Digits after the point of the customer's currency.
pub(super) fn exponent(of: &NewCustomer) -> u32 {
    of.currency.parse::<Currency>().map_or(2, Currency::exponent)
}

fn contact(contact: &NewContact) -> String {
    let role = contact.role.label(Lang::Zh);
    let mut parts = vec![&*contact.name, role, &*contact.email, &*contact.channel];
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let parts: Vec<String> = parts.iter().map(|part| kept(part, &['/', '；', ';', '\\'])).collect();
    parts.join("/")
}

/// The contacts that a cell names; none if a role is not known.
pub(super) fn contacts(cell: &str) -> Option<Vec<NewContact>> {
    let read = |item: &str| {
        let mut parts = split(item, &['/']).into_iter().map(plain);
        let name = parts.next()?;
        let role = parts.next().unwrap_or_default();
        let role = if role.is_empty() { ContactRole::Other } else { ContactRole::named(&role)? };
        let (email, channel) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        parts.next().is_none().then_some(())?;
        Some(NewContact { id: None, name, role, phone: None, email, channel })
    };
    split(cell, &['；', ';']).into_iter().filter(|item| !item.trim().is_empty()).map(read).collect()
}

/// The items of a list within a cell.
pub(super) fn items(cell: &str) -> Vec<String> {
    let items = split(cell, &['；', ';']).into_iter().map(plain);
    items.filter(|item| !item.is_empty()).collect()
}

fn sorted_list(items: &[String]) -> String {
    let mut items: Vec<&String> = items.iter().collect();
    items.sort();
    list(items.into_iter().map(|item| kept(item, &['；', ';', '\\'])))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("；")
}

/// The text with a backslash before each of these.
fn kept(text: &str, special: &[char]) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            kept.push('\\');
        }
        kept.push(c);
    }
    kept
}

/// The parts between separators that no backslash keeps; backslashes stand.
fn split<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let (mut parts, mut from, mut keeps) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        if keeps {
            keeps = false;
        } else if c == '\\' {
            keeps = true;
        } else if separators.contains(&c) {
            parts.push(&text[from..at]);
            from = at + c.len_utf8();
        }
    }
    parts.push(&text[from..]);
    parts
}

/// A part without its backslashes, trimmed.
fn plain(part: &str) -> String {
    let (mut text, mut keeps) = (String::with_capacity(part.len()), false);
    for c in part.trim().chars() {
        if c == '\\' && !keeps {
            keeps = true;
            continue;
        }
        keeps = false;
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_contacts_come_back_as_they_went() {
        let aliases = ["海仓；贸易", "a\\b", "HC;1"].map(str::to_owned).to_vec();
        let mut sorted = aliases.clone();
        sorted.sort();
        assert_eq!(items(&sorted_list(&aliases)), sorted);
        let mut of = NewCustomer::named("C1", "甲");
        let one = |name: &str, email: &str, channel: &str| NewContact {
            id: None,
            name: name.to_owned(),
            role: ContactRole::Finance,
            phone: None,
            email: email.to_owned(),
            channel: channel.to_owned(),
        };
        of.contacts = vec![one("王/会计；", "", "wecom"), one("李", "li@example.com", "")];
        let cell = text(Field::Contacts, &of, &Names::default());
        assert_eq!(cell, "王\\/会计\\；/财务//wecom；李/财务/li@example.com");
        let back = contacts(&cell).unwrap();
        assert_eq!((back[0].name.as_str(), back[0].channel.as_str()), ("王/会计；", "wecom"));
        assert_eq!(
            (back[1].role, back[1].email.as_str()),
            (ContactRole::Finance, "li@example.com")
        );
        assert!(contacts("王/出纳").is_none());
    }

    #[test]
    fn a_heading_is_known_in_both_languages_and_in_others_words() {
        for (heading, field) in [
            ("编码", Field::Code),
            (" Customer Code * ", Field::Code),
            ("账期（天）", Field::TermDays),
            ("credit_limit", Field::CreditLimit),
            ("税号", Field::CreditCode),
        ] {
            assert_eq!(named(heading).map(|column| column.field), Some(field), "{heading}");
        }
        assert!(named("银行账号").is_none() && named("").is_none());
    }
}
