//! `heqi import`: a file into the ledger of a customer, without a browser.

use heqi_domain::{CompanyId, Currency, Id, Side};
use heqi_platform::DbError;
use heqi_server::features::companies;
use heqi_server::features::imports::cli::{self, Summary};

use crate::arguments::{BookSide, Import};
use crate::books::{refused, with_existing};
use crate::failure::{Failure, Kind, kind_of_io};
use crate::terminal::{Terminal, count, money, say};

/// Runs the command.
///
/// # Errors
/// The books or the file cannot be used, or the server's rules refuse it.
pub fn run(arguments: &Import, terminal: &Terminal) -> Result<(), Failure> {
    let template = match &arguments.template {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            let what = say!(terminal, "读不了 {path}：{error}", "cannot read {path}: {error}");
            Failure::new(kind_of_io(&error), what)
        })?),
        None => None,
    };
    let side = match arguments.side {
        BookSide::Ours => Side::Ours,
        BookSide::Theirs => Side::Theirs,
    };
    let summary = with_existing(&arguments.books, terminal, async |app| {
        let no = |problem| refused(&problem, terminal);
        let mut tx = app.db.read().await.map_err(failed)?;
        let meant = companies::meant(&mut tx, arguments.company.as_deref()).await;
        let company = CompanyId::text(meant.map_err(no)?.0);
        drop(tx);
        let customer = arguments.customer.as_deref();
        let (file, dry) = (&arguments.file, arguments.dry_run);
        cli::import(&app, &company, customer, side, file, template, dry).await.map_err(no)
    })?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&summary);
        let text = text.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()))?;
        return terminal.data(&(text + "\n"));
    }
    terminal.data(&told(&summary, terminal))
}

fn failed(error: DbError) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}

fn told(summary: &Summary, terminal: &Terminal) -> String {
    let id = &summary.id;
    let mut text = String::new();
    for total in &summary.counted.totals {
        let word = match total.status.as_str() {
            "new" => terminal.pick("新增", "new"),
            "known" => terminal.pick("已入账", "in the ledger already"),
            "possible" => terminal.pick("疑似重复", "possible duplicates"),
            "rejected" => terminal.pick("无法入账", "rejected"),
            other => other,
        };
        let (rows, currency) = (count(total.rows.unsigned_abs()), &total.currency);
        // Rows whose currency could not be read have no sums either.
        let sums = currency.parse::<Currency>().map_or_else(
            |_| String::new(),
            |of| {
                let amount = |minor: i64| money(minor.into(), of);
                let (debit, credit) = (amount(total.debit), amount(total.credit));
                say!(
                    terminal,
                    "，{of} 借方 {debit}，贷方 {credit}",
                    ", {of} debit {debit}, credit {credit}"
                )
            },
        );
        text.push_str(&say!(terminal, "  {word} {rows} 行{sums}\n", "  {rows} {word}{sums}\n"));
    }
    let last = match &summary.committed {
        None => {
            say!(terminal, "{id}：只检查，没有入账\n", "{id}: checked only, nothing was posted\n")
        }
        Some(done) => {
            let (posted, known) = (done.posted, done.known);
            let (skipped, rejected) = (done.skipped, done.rejected);
            say!(
                terminal,
                "{id}：入账 {posted} 行；已有 {known} 行，疑似重复未入账 {skipped} 行，\
                 无法入账 {rejected} 行\n",
                "{id}: {posted} lines posted; {known} were there, {skipped} possible duplicates \
                 and {rejected} rejected rows were left out\n"
            )
        }
    };
    text + &last
}
