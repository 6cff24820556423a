//! The customers whose balances differ, on a terminal.

use heqi_matching::Block;

use crate::terminal::{Align, Paint, Table, Terminal, count, ellipsis, money, say};

/// Customers listed one by one without `--verbose`.
const FEW: usize = 5;

/// Customers whose balances differ, largest difference first.
pub fn render(blocks: &[Block], currencies: usize, terminal: &Terminal) -> Option<String> {
    let difference = |block: &&Block| {
        let [ours, theirs] = block.closing();
        ours - theirs
    };
    let mut open: Vec<&Block> = blocks
        .iter()
        .filter(|block| difference(block) != 0 || !block.discrepancies.is_empty())
        .collect();
    if blocks.len() < 2 || open.is_empty() {
        return None;
    }
    open.sort_by_key(|block| std::cmp::Reverse(difference(block).unsigned_abs()));
    let shown = if terminal.verbose { open.len() } else { FEW.min(open.len()) };
    let mut table = Table::new(
        0,
        &[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right],
    );
    let (all, differ) = (count(blocks.len() as u64), count(open.len() as u64));
    let title = say!(
        terminal,
        "往来单位（{all} 个账户，{differ} 个有差异）",
        "Customers ({all} accounts, {differ} with differences)"
    );
    let heads = [
        title.as_str(),
        if currencies > 1 { terminal.pick("币种", "currency") } else { "" },
        terminal.pick("我方期末", "our closing"),
        terminal.pick("对方期末", "their closing"),
        terminal.pick("差额", "difference"),
        terminal.pick("差异项", "items"),
    ];
    table.row(heads.map(|head| terminal.paint(Paint::Bold, head)));
    for block in &open[..shown] {
        let currency = block.account.currency;
        let [ours, theirs] = block.closing();
        let name = match block.account.customer.as_str() {
            "" => terminal.pick("（文件未注明）", "(not named)").to_owned(),
            name => ellipsis(name, 36),
        };
        table.row([
            name,
            if currencies > 1 { currency.code().to_owned() } else { String::new() },
            terminal.signed(money(ours, currency)),
            terminal.signed(money(theirs, currency)),
            terminal.signed(money(ours - theirs, currency)),
            count(block.discrepancies.len() as u64),
        ]);
    }
    let mut text = table.render();
    if shown < open.len() {
        let rest = count((open.len() - shown) as u64);
        text.push_str(&say!(
            terminal,
            "另有 {rest} 个，加 -v 全部列出\n",
            "and {rest} more, shown by -v\n"
        ));
    }
    Some(text)
}
