//! From the head of a table to its plan: header, roles, number style, date order.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::assign::{self, Assigned};
use crate::checks::warning;
use crate::head::{self, HeadRow, Rows, Visit};
use crate::header::{self, Header};
use crate::plan::{Plan, Roles, TextShape};
use crate::template::Template;
use crate::{
    Column, Format, IntakeError, ReadOptions, Role, View, Warning, cell, content, settle, stated,
    words,
};

/// What is known of a table before its head is looked at.
pub(crate) struct Known<'a> {
    /// The file as the caller called it.
    pub name: &'a str,
    /// What the caller says.
    pub options: &'a ReadOptions,
    /// The caller's template, read.
    pub template: Option<&'a Template>,
    /// What it is.
    pub format: Format,
    /// Shape of text.
    pub text: Option<TextShape>,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
}

/// A header, or the lack of one, and what the columns are.
struct Table {
    /// Index of the first row of data in the head.
    data: usize,
    header_row: Option<u64>,
    names: Vec<String>,
}

/// Makes the plan of a table.
///
/// # Errors
/// [`IntakeError::NoHeader`], [`IntakeError::NoAmount`], [`IntakeError::NoRows`],
/// [`IntakeError::UnknownColumn`], [`IntakeError::Template`] or what reading gives.
pub(crate) fn plan(rows: &dyn Rows, known: Known<'_>) -> Result<Plan, IntakeError> {
    let (head, complete) = head::head(rows, known.name, known.options.limits.columns)?;
    if head.is_empty() {
        return Err(IntakeError::Empty { name: known.name.into() });
    }
    let wanted = wanted(&known);
    let table = table(&head, &wanted, &known)?;
    let data = without_comments(&head[table.data..]);
    let data: &[HeadRow] = &data;
    if data.is_empty() && complete {
        let row = table.header_row.unwrap_or(1);
        return Err(IntakeError::NoRows { name: known.name.into(), row });
    }
    let pinned = pinned(&wanted, &table.names, known.name)?;
    let assigned = if table.header_row.is_some() || !pinned.is_empty() {
        assign::assign(&table.names, data, &pinned)
    } else {
        content::assign(&table.names, data)
            .ok_or_else(|| IntakeError::NoHeader { name: known.name.into() })?
    };
    refuse_without_amount(&assigned, &table, known.name)?;
    let (stated, unit) = stated::read(&head[..table.data], known.options.currency);
    let mut plan = assembled(&known, &table, data, assigned);
    plan.stated = stated;
    plan.scale = plan.scale.max(unit);
    let template = known.template;
    plan.warnings.extend(template.and_then(|it| it.other_header(&plan.columns)));
    settle::style(rows, &mut plan, data, complete, template)?;
    Ok(plan)
}

/// The rows without those that begin with `#`: they say nothing about the columns.
fn without_comments(rows: &[HeadRow]) -> Cow<'_, [HeadRow]> {
    let is_comment = |row: &HeadRow| {
        let mut cells = row.cells.iter().map(|it| cell::clean(it));
        cells.find(|it| !it.is_empty()).is_some_and(|it| it.starts_with('#'))
    };
    if rows.iter().any(is_comment) {
        return rows.iter().filter(|row| !is_comment(row)).cloned().collect();
    }
    Cow::Borrowed(rows)
}

/// Roles that the template and the caller set; the caller wins.
fn wanted(known: &Known<'_>) -> Vec<(Role, String)> {
    let mut wanted: Vec<(Role, String)> = known.options.map.clone();
    if let Some(template) = known.template {
        let set: Vec<Role> = wanted.iter().map(|(role, _)| *role).collect();
        wanted.extend(template.roles().filter(|(role, _)| !set.contains(role)));
    }
    wanted
}

fn table(
    head: &[HeadRow],
    wanted: &[(Role, String)],
    known: &Known<'_>,
) -> Result<Table, IntakeError> {
    let name = known.name;
    if let Some(asked) = known.options.header_row {
        let index = head.iter().position(|row| row.row == asked);
        let index = index.ok_or_else(|| IntakeError::NoHeader { name: name.into() })?;
        let names = head[index].cells.iter().map(|cell| header::clean(cell)).collect();
        return Ok(Table { data: index + 1, header_row: Some(asked), names });
    }
    let width = head.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    if let Some(Header { index, levels, names, .. }) = header::find(head, wanted) {
        let header_row = Some(head[index].row);
        return Ok(Table { data: index + levels, header_row, names });
    }
    if let Some((index, names)) = header::without_amount(head) {
        return Ok(Table { data: index + 1, header_row: Some(head[index].row), names });
    }
    let numbers: Vec<String> = (1..=width).map(|it| it.to_string()).collect();
    if !wanted.is_empty() && wanted.iter().all(|(_, column)| !numbers.contains(column)) {
        let column = wanted[0].1.clone();
        let columns = "no header row was found".to_owned();
        return Err(IntakeError::UnknownColumn { name: name.into(), column, columns });
    }
    Ok(Table { data: content::first_data(head), header_row: None, names: numbers })
}

/// The columns that were asked for, by name or by number.
fn pinned(
    wanted: &[(Role, String)],
    names: &[String],
    name: &str,
) -> Result<Vec<(Role, usize)>, IntakeError> {
    wanted
        .iter()
        .map(|(role, column)| {
            let folded = words::fold(column);
            let by_name = names.iter().position(|it| it == column);
            let by_fold = || names.iter().position(|it| words::fold(it) == folded);
            let by_number = || {
                let number: usize = column.parse().ok()?;
                (1..=names.len()).contains(&number).then(|| number - 1)
            };
            let found = by_name.or_else(by_fold).or_else(by_number);
            found.map(|index| (*role, index)).ok_or_else(|| IntakeError::UnknownColumn {
                name: name.into(),
                column: column.clone(),
                columns: names.join(", "),
            })
        })
        .collect()
}

fn refuse_without_amount(
    assigned: &Assigned,
    table: &Table,
    name: &str,
) -> Result<(), IntakeError> {
    let Roles { amount, debit, credit, quantity, price, .. } = assigned.roles;
    let goods = quantity.is_some() && price.is_some();
    if amount.is_some() || debit.is_some() || credit.is_some() || goods {
        return Ok(());
    }
    let name = name.to_owned();
    let Some(row) = table.header_row else { return Err(IntakeError::NoHeader { name }) };
    Err(IntakeError::NoAmount { name, row, columns: table.names.join(", ") })
}

fn assembled(known: &Known<'_>, table: &Table, data: &[HeadRow], assigned: Assigned) -> Plan {
    let Known { options, template, .. } = known;
    let Assigned { columns, roles } = assigned;
    let warnings = told(&columns, &roles, table.header_row);
    let customer = options.customer.clone().unwrap_or_default();
    let by_customer = roles.customer.is_some() && options.customer.is_some();
    let view = options.view.or_else(|| template.and_then(|it| it.view));
    let currency = template.and_then(|it| it.currency).unwrap_or(options.currency);
    let amounts = [roles.amount, roles.debit, roles.credit];
    let amount_names = amounts.iter().flatten().map(|it| columns[*it].name.as_str());
    let scale = amount_names.clone().map(crate::names::unit).max().unwrap_or(0);
    let last_header = table.header_row.unwrap_or(0);
    Plan {
        format: known.format,
        text: known.text.clone(),
        sheet: known.sheet.clone(),
        header_row: table.header_row,
        first_row: data.first().map_or(last_header + 1, |row| row.row),
        holder_words: holder_words(&columns, &roles) || bank_words(&columns, &roles, data),
        mark: template.and_then(|it| it.decimal).unwrap_or_default(),
        scale,
        round: template.is_some_and(|it| it.round),
        refunds_negative: roles.kind.is_some()
            && columns.iter().any(|it| it.name == "支付宝交易号"),
        order_totals: order_totals(&columns, &roles),
        order: template.and_then(|it| it.dates).unwrap_or_default(),
        currency: roles
            .currency
            .map_or_else(|| named_currency(amount_names), |_| None)
            .unwrap_or(currency),
        only_customer: options.customer.clone().filter(|_| by_customer),
        customer: if by_customer { String::new() } else { customer },
        mirrored: view.map(|it| it == View::Payable),
        side: options.side,
        keep_text: options.keep_text,
        warnings,
        stated: stated::read(&[], currency).0,
        columns,
        roles,
    }
}

/// `Amount (USD)`, 金额（美元）: the header may name the currency of a column.
fn named_currency<'a>(names: impl Iterator<Item = &'a str>) -> Option<heqi_domain::Currency> {
    let inner = |name: &'a str| {
        let open = name.find(['(', '（', '['])?;
        let rest = name[open..].trim_start_matches(['(', '（', '[']);
        let word = rest.trim_end_matches([')', '）', ']']).trim();
        let code = word.len() == 3 && word.bytes().all(|it| it.is_ascii_uppercase());
        (code || !word.is_ascii()).then(|| words::currency(word))?
    };
    names.filter_map(inner).next()
}

/// 支出, 转出, paid out: the words of the holder of a bank account for what its bank debits.
fn holder_words(columns: &[Column], roles: &Roles) -> bool {
    const WORDS: &[&str] = &["支出", "支取", "转出", "扣账", "paidout", "moneyout", "withdrawal"];
    let Some(debit) = roles.debit.and_then(|it| columns.get(it)) else { return false };
    let name = words::fold(&debit.name);
    WORDS.iter().any(|word| name.contains(word))
}

/// 借/贷 (not 收入/支出) beside the account number of a counterparty: a bank statement, in which
/// 贷 is what comes in.
fn bank_words(columns: &[Column], roles: &Roles, data: &[HeadRow]) -> bool {
    const ACCOUNTS: &[&str] =
        &["对方账号", "对方卡号", "对手账号", "收付方账号", "counterpartyaccount"];
    let names = || columns.iter().map(|it| words::fold(&it.name).replace('/', ""));
    let counterparty = names().any(|name| ACCOUNTS.iter().any(|it| name.starts_with(it)));
    let sided = |text: &str| {
        let word = words::fold(text);
        ["借", "贷", "dr", "cr", "debit", "credit"].iter().any(|it| word.starts_with(it))
    };
    let by_word = roles.direction.is_some_and(|column| {
        let mut words = data.iter().filter_map(|row| row.cells.get(column));
        words.find(|it| !it.trim().is_empty()).is_some_and(|it| sided(it))
    });
    let by_name = roles.debit.is_some_and(|it| sided(&columns[it].name));
    counterparty && (by_word || by_name)
}

/// 订单金额 beside 商品ID or 数量: the total of an order on each of its goods lines.
fn order_totals(columns: &[Column], roles: &Roles) -> bool {
    const TOTALS: &[&str] =
        &["订单金额", "应付金额", "结算金额", "总金额", "ordertotal", "totaldue"];
    const GOODS: &[&str] = &["商品id", "商品编号", "sku", "skuid", "productid"];
    let folded = |index: usize| words::fold(&columns[index].name).into_owned();
    let total =
        roles.amount.is_some_and(|it| TOTALS.iter().any(|name| folded(it).starts_with(name)));
    let goods = (0..columns.len()).any(|it| GOODS.contains(&folded(it).as_str()));
    total && (goods || roles.quantity.is_some())
}

/// What a person should know about the columns.
fn told(columns: &[Column], roles: &Roles, header_row: Option<u64>) -> Vec<Warning> {
    let mut told = Vec::new();
    let mut tell = |code: &str, en: String, zh: String| told.push(warning(code, None, en, zh));
    if header_row.is_none() {
        tell(
            "no_header",
            "the file has no header row; columns were told apart by their contents".into(),
            "文件没有表头，列的含义按内容推断，请核对".into(),
        );
    }
    for index in [roles.amount, roles.debit, roles.credit].into_iter().flatten() {
        let Column { name, confidence, .. } = &columns[index];
        if *confidence < 60 {
            tell(
                "amount_column_unsure",
                format!("column `{name}` was taken for the amounts; please check"),
                format!("“{name}”列被当作金额列，请核对"),
            );
        }
    }
    if roles.date.is_none() {
        let (en, zh) = ("the file has no column of dates", "文件没有日期列");
        tell("no_date_column", en.into(), zh.into());
    }
    told
}

/// Whether a row of a table lies below its header.
pub(crate) fn is_data(plan: &Plan, row: u64) -> bool {
    row >= plan.first_row
}

/// Walks the rows of data.
pub(crate) fn each_data(
    rows: &dyn Rows,
    plan: &Plan,
    visit: &mut Visit<'_>,
) -> Result<(), IntakeError> {
    rows.each(&mut |row, cells| {
        if is_data(plan, row) { visit(row, cells) } else { ControlFlow::Continue(()) }
    })
}
