//! `heqi migrate`: the schema brought up to date by its owner, and a role for the server.

use heqi_platform::DbError;
use heqi_server::maintenance::schema::migrate;

use crate::arguments::Migrate;
use crate::books::{configuration, runtime};
use crate::failure::{Failure, Kind};
use crate::terminal::{Terminal, say};

/// Runs the command.
///
/// # Errors
/// The database cannot be opened, or the role cannot be the server's.
pub fn run(arguments: &Migrate, terminal: &Terminal) -> Result<(), Failure> {
    let config = configuration(&arguments.books, terminal)?;
    let role = arguments.server_role.as_deref();
    let migrated = runtime(terminal)?.block_on(migrate(&config, role));
    let version = migrated.map_err(|error| explain(&error, terminal))?;
    terminal.note(&say!(
        terminal,
        "库结构已是最新（第 {version} 版）",
        "the schema is up to date (version {version})"
    ));
    if let Some(role) = role {
        terminal.note(&say!(
            terminal,
            "角色 {role} 可供服务使用：审计记录只能追加、查看。请用它的地址启动 heqi serve",
            "the role {role} can work for the server: audit records it can only add and read. \
             Start heqi serve with its address"
        ));
    }
    Ok(())
}

fn explain(error: &DbError, terminal: &Terminal) -> Failure {
    let what = say!(terminal, "库结构没有更新：{error}", "the schema stays as it was: {error}");
    let failure = Failure::new(Kind::Input, what);
    match error {
        DbError::Refused(_) => failure.hint(terminal.pick(
            "用库的属主的地址运行；服务的角色要单独新建：\
             CREATE ROLE heqi_server LOGIN PASSWORD '…'",
            "run it with the address of the owner; the role of the server is one of its own: \
             CREATE ROLE heqi_server LOGIN PASSWORD '…'",
        )),
        _ => failure,
    }
}
