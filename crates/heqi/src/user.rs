//! `heqi user`: people and roles at the terminal of the server.

use std::io::{BufRead, IsTerminal};

use heqi_server::features::users::cli;
use heqi_server::features::users::model::{NewUser, User as Shown};

use crate::arguments::{User, UserCommand};
use crate::books::{refused, who, with};
use crate::failure::{Failure, Kind};
use crate::terminal::{Terminal, say};

/// Runs the command.
///
/// # Errors
/// The books cannot be opened, or the server's rules refuse it.
pub fn run(arguments: &User, terminal: &Terminal) -> Result<(), Failure> {
    let no = |problem| refused(&problem, terminal);
    let user = match &arguments.command {
        UserCommand::Create(new) => {
            let new_user = NewUser {
                login: new.person.login.clone(),
                name: new.name.clone(),
                password: password(terminal)?,
            };
            with(&new.person.books, terminal, async |app| {
                cli::create(&app, &who(), &new_user).await.map_err(no)
            })
        }
        UserCommand::ResetPassword(person) => {
            let new = password(terminal)?;
            with(&person.books, terminal, async |app| {
                cli::reset_password(&app, &who(), &person.login, new).await.map_err(no)
            })
        }
        UserCommand::RemoveSecondFactor(person) => with(&person.books, terminal, async |app| {
            cli::remove_second_factor(&app, &who(), &person.login).await.map_err(no)
        }),
        UserCommand::Grant(grant) => with(&grant.books, terminal, async |app| {
            let company = grant.company.as_deref();
            cli::grant(&app, &who(), &grant.login, company, &grant.role).await.map_err(no)
        }),
        UserCommand::Disable(person) => with(&person.books, terminal, async |app| {
            cli::disable(&app, &who(), &person.login).await.map_err(no)
        }),
        UserCommand::List(list) => {
            let users = with(&list.books, terminal, async |app| cli::list(&app).await.map_err(no))?;
            return terminal.data(&listed(&users, list.json)?);
        }
    }?;
    let (login, name) = (&user.login, &user.name);
    terminal.note(&say!(terminal, "完成：{login}（{name}）", "done: {login} ({name})"));
    Ok(())
}

/// The first line of standard input. A person at a terminal is told what is awaited.
fn password(terminal: &Terminal) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        terminal.note(terminal.pick(
            "请输入初始密码（本人首次登录时须修改），回车结束：",
            "First password (to be changed at the first sign-in), then Enter:",
        ));
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::new(Kind::Input, error.to_string()))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        let message = terminal.pick("没有读到密码", "no password was read");
        return Err(Failure::new(Kind::Usage, message).hint(terminal.pick(
            "把密码写在标准输入的第一行，例如 heqi user create … < password.txt",
            "write it on the first line of standard input: heqi user create … < password.txt",
        )));
    }
    Ok(password)
}

fn listed(users: &[Shown], json: bool) -> Result<String, Failure> {
    if json {
        let text = serde_json::to_string_pretty(users);
        return text.map_err(|error| Failure::new(Kind::Unexpected, error.to_string()));
    }
    let line = |user: &Shown| {
        let off = user.disabled_at.map_or("", |_| "  ×");
        format!("{}  {}  {}{off}", user.login, user.name, user.id)
    };
    Ok(users.iter().map(line).collect::<Vec<_>>().join("\n"))
}
