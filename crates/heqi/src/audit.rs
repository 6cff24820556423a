//! `heqi audit`: the audit chains, walked through and testified to.

use std::path::Path;

use heqi_domain::Lang;
use heqi_platform::DbError;
use heqi_platform::audit::{Checkpoint, Fault, Signer};
use heqi_server::features::audit_log::cli::{self, Chain};
use heqi_server::features::companies;

use crate::arguments::{Audit, AuditCommand, Checkpoints, VerifyAudit};
use crate::books::{refused, who, with_existing};
use crate::failure::{Failure, Kind, kind_of_io};
use crate::terminal::{Paint, Terminal, count, say};

/// Runs the command.
///
/// # Errors
/// The books cannot be opened, or a chain does not hold.
pub fn run(arguments: &Audit, terminal: &Terminal) -> Result<(), Failure> {
    match &arguments.command {
        AuditCommand::Verify(order) => verify(order, terminal),
        AuditCommand::Checkpoint(order) => checkpoint(order, terminal),
    }
}

fn verify(order: &VerifyAudit, terminal: &Terminal) -> Result<(), Failure> {
    let chains = with_existing(&order.books, terminal, async |app| {
        let marks = match &order.checkpoint {
            Some(file) => marks(file, &app.signer, terminal)?,
            None => Vec::new(),
        };
        let company = match &order.company {
            Some(code) => {
                let mut tx = app.db.read().await.map_err(failed)?;
                let meant = companies::meant(&mut tx, Some(code)).await;
                Some(meant.map_err(|problem| refused(&problem, terminal))?.0)
            }
            None => None,
        };
        cli::verify(&app, company, &marks).await.map_err(failed)
    })?;
    let lines: String = chains.iter().map(|chain| line(chain, terminal)).collect();
    terminal.data(&lines)?;
    let bad = chains.iter().filter(|chain| !chain.holds()).count();
    if bad == 0 {
        return Ok(());
    }
    let what = say!(
        terminal,
        "{bad} 条审计链对不上，有人绕过程序改过数据库",
        "{bad} audit chains do not hold: somebody changed the database around the program"
    );
    Err(Failure::new(Kind::Integrity, what).hint(terminal.pick(
        "留存现状，与备份比对，查清是谁",
        "keep it as it is, compare it with a backup, find out who",
    )))
}

/// Checkpoints of a file, one a line; every one has to be signed by this installation.
fn marks(file: &Path, signer: &Signer, terminal: &Terminal) -> Result<Vec<Checkpoint>, Failure> {
    let path = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let what = say!(terminal, "读不了 {path}：{error}", "cannot read {path}: {error}");
        Failure::new(kind_of_io(&error), what)
    })?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let read = |(line, number): (&str, i32)| {
        signer.read(line).map_err(|error| {
            let what = say!(
                terminal,
                "{path} 第 {number} 行不是本系统签发的检查点",
                "line {number} of {path}: {error}"
            );
            Failure::new(Kind::Integrity, what)
        })
    };
    lines.map(read).collect()
}

fn line(chain: &Chain, terminal: &Terminal) -> String {
    let name = match chain.code.as_str() {
        "" => terminal.pick("系统", "installation"),
        code => code,
    };
    let good = count(chain.report.good.unsigned_abs());
    let marks = chain.checkpoints;
    if chain.holds() {
        let mark = terminal.paint(Paint::Good, terminal.pick("完好", "holds"));
        return say!(
            terminal,
            "{name}：{mark}，{good} 条记录，与 {marks} 个检查点相符\n",
            "{name}: {mark}, {good} records, agrees with {marks} checkpoints\n"
        );
    }
    let mark = terminal.paint(Paint::Bad, terminal.pick("对不上", "does not hold"));
    let mut text = String::new();
    if let Some(fault) = &chain.report.fault {
        let what = sentence(fault, terminal.lang);
        text.push_str(&say!(
            terminal,
            "{name}：{mark}，{what}；之前 {good} 条完好\n",
            "{name}: {mark}: {what}; the {good} before it are good\n"
        ));
    }
    for error in &chain.refused {
        text.push_str(&say!(
            terminal,
            "{name}：{mark}，库里存的检查点不是本系统签发的\n",
            "{name}: {mark}: a checkpoint in the database: {error}\n"
        ));
    }
    text
}

fn sentence(fault: &Fault, lang: Lang) -> String {
    if lang == Lang::En {
        return fault.to_string();
    }
    match fault {
        Fault::Missing { expected, found } => {
            format!("缺第 {expected} 条记录，接着的是第 {found} 条")
        }
        Fault::Broken(number) => format!("第 {number} 条记录与上一条接不上"),
        Fault::Changed(number) => format!("第 {number} 条记录被改动过"),
        Fault::Cut { found, noted } => {
            format!("链条到第 {found} 条为止，而此前已记到第 {noted} 条，末尾被删")
        }
        Fault::Rewritten(number) => format!("第 {number} 条记录与检查点不符，链条被重写过"),
    }
}

fn checkpoint(order: &Checkpoints, terminal: &Terminal) -> Result<(), Failure> {
    let lines = with_existing(&order.books, terminal, async |app| {
        cli::checkpoint(&app, &who()).await.map_err(failed)
    })?;
    terminal.data(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

fn failed(error: DbError) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}
