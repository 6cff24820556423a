//! `heqi demo`: an invented wholesale firm in the books, and the server for it.
//!
//! The firm's own ledger is posted as an ERP would hand it over. Everything else is a scripted
//! session through the API, month by month: the customers' files are received and read, both
//! sides are matched and explained, suggestions decided, and the months signed off by two people.

mod firm;
mod month;
mod session;

use heqi_sample::wholesale::{DEMO_SEED, wholesale};
use heqi_server::app::Shared;
use heqi_server::features::users;
use heqi_server::permission::built_in;

use crate::arguments::Demo;
use crate::books::{configuration, log, open, runtime};
use crate::failure::{Failure, Kind};
use crate::serve;
use crate::terminal::{Terminal, say};

/// What everybody of the firm signs in with.
pub const PASSWORD: &str = "Heqi-demo-2026";

/// Runs the command.
///
/// # Errors
/// The books cannot be used, or the session was refused somewhere.
pub fn run(arguments: &Demo, terminal: &Terminal) -> Result<(), Failure> {
    let mut config = configuration(&arguments.books, terminal)?;
    if let Some(listen) = &arguments.listen {
        config.listen.clone_from(listen);
    }
    log(&config.log);
    runtime(terminal)?.block_on(async {
        let app = open(config, terminal).await?;
        fill(&app, terminal).await?;
        if arguments.no_serve {
            return app.db.release_slot().await.map_err(|error| unexpected(&error));
        }
        let line = terminal.pick(
            "登录：admin（系统管理员）及下列人员",
            "sign in as admin (administrator) or one of these",
        );
        terminal.note(&format!("{line}，{PASSWORD}"));
        for person in wholesale(DEMO_SEED).staff {
            let role = built_in(firm::role_code(person.role));
            let role = role.map_or("", |role| terminal.pick(role.label[0], role.label[1]));
            terminal.note(&format!("  {}  {}  {role}", person.login, person.name));
        }
        serve::until_stopped(app, terminal).await
    })
}

/// Tells the firm's story, unless somebody works there already.
async fn fill(app: &Shared, terminal: &Terminal) -> Result<(), Failure> {
    let mut tx = app.db.read().await.map_err(|error| unexpected(&error))?;
    if !users::store::is_empty(&mut tx).await.map_err(|error| unexpected(&error))? {
        return Ok(());
    }
    drop(tx);
    let refused = |what: String| {
        let message = say!(terminal, "示例没有做完：{what}", "the demo was refused: {what}");
        Failure::new(Kind::Unexpected, message)
    };
    let firm = wholesale(DEMO_SEED);
    let people = firm::people(app, &firm).await.map_err(refused)?;
    firm::masters(&people, &firm).await.map_err(refused)?;
    let mut books = firm::Books::begin(app, &people, &firm).await.map_err(refused)?;
    for month in 0..firm.months.len() {
        let told = month::month(app, &people, &firm, &mut books, month).await.map_err(refused)?;
        let (year, number) = (firm.months[month].year, firm.months[month].month);
        let (files, groups, signed) = (told.files, told.groups, told.signed);
        terminal.note(&say!(
            terminal,
            "{year}-{number:02}：对账单 {files} 份，匹配 {groups} 组，签认 {signed} 户",
            "{year}-{number:02}: {files} statements, {groups} groups, {signed} signed"
        ));
        for why in told.open.iter().take(3) {
            tracing::info!(why, "not signed");
        }
    }
    Ok(())
}

fn unexpected(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}
