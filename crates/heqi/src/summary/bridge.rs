//! The bridge 余额调节表 on a terminal.

use heqi_domain::Reason;

use crate::tally::Bridge;
use crate::terminal::{Align, Paint, Table, Terminal, count, ellipsis, money, say};

/// The bridge of one currency: balances above, what their difference is made of below.
/// `customer` names the first customer, who is shown where there is no other.
pub fn render(bridge: &Bridge, customer: &str, terminal: &Terminal) -> String {
    let amount = |minor: i128| terminal.signed(money(minor, bridge.currency));
    let mut table = Table::new(0, &[Align::Left, Align::Right, Align::Right, Align::Right]);
    let (code, customers) = (bridge.currency.code(), count(bridge.customers));
    let title = match (bridge.customers, customer) {
        (1, "") => say!(terminal, "余额调节表（{code}）", "Bridge ({code})"),
        (1, _) => {
            let customer = ellipsis(customer, 30);
            say!(terminal, "余额调节表（{customer}，{code}）", "Bridge ({customer}, {code})")
        }
        _ => say!(
            terminal,
            "余额调节表（{code}，{customers} 家往来单位）",
            "Bridge ({code}, {customers} customers)"
        ),
    };
    let heads = [
        title.as_str(),
        terminal.pick("我方", "ours"),
        terminal.pick("对方", "theirs"),
        terminal.pick("差额", "difference"),
    ];
    table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
    let mut balance = |name: &str, [ours, theirs]: [i128; 2]| {
        table.row([name.to_owned(), amount(ours), amount(theirs), amount(ours - theirs)]);
    };
    balance(terminal.pick("期初余额", "Opening balance"), bridge.opening);
    balance(terminal.pick("本期增减", "Movements"), bridge.movement);
    table.rule();
    let [ours, theirs] = bridge.closing();
    let closing = terminal.pick("期末余额", "Closing balance");
    table.row([
        terminal.paint(Paint::Bold, closing),
        amount(ours),
        amount(theirs),
        amount(ours - theirs),
    ]);
    if bridge.parts.is_empty() && ours == theirs {
        let agreed = terminal
            .pick("两边余额一致，没有差异", "The balances agree and there is no discrepancy");
        return table.render() + &terminal.paint(Paint::Good, agreed) + "\n";
    }
    table.row([""]);
    let made_of = terminal.pick("差额由以下各项构成", "The difference is made of");
    let heads = [made_of, "", terminal.pick("笔数", "items"), terminal.pick("金额", "amount")];
    table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
    let [mut items, mut sum] = [0_i128; 2];
    for part in &bridge.parts {
        items += i128::from(part.count);
        sum += part.amount;
        if part.reason != Reason::Unexplained {
            let name = part.reason.label(terminal.lang);
            table.row([name, "", &count(part.count), &amount(part.amount)]);
        }
    }
    let unexplained = bridge.part(Reason::Unexplained);
    let name = Reason::Unexplained.label(terminal.lang);
    table.row([name, "", &count(unexplained.count), &amount(unexplained.amount)]);
    table.rule();
    let items = count(u64::try_from(items).unwrap_or(u64::MAX));
    let total = terminal.pick("合计", "Total");
    table.row([&terminal.paint(Paint::Bold, total), "", &items, &amount(sum)]);
    table.render()
}
