//! Opening the books of a server for a command, and saying why something was refused.

use std::future::Future;
use std::path::Path;

use heqi_domain::Lang;
use heqi_platform::config::{Config, ConfigError};
use heqi_platform::{Clock, DbError};
use heqi_server::Problem;
use heqi_server::app::{App, OpenError, Shared};
use tracing_subscriber::EnvFilter;

use crate::arguments::Books;
use crate::failure::{Failure, Kind};
use crate::terminal::{Terminal, say};

/// Opens the books, does something with them, and says that this process no longer has them open.
///
/// # Errors
/// The books cannot be opened, or the work was refused.
pub fn with<T, F: Future<Output = Result<T, Failure>>>(
    books: &Books,
    terminal: &Terminal,
    work: impl FnOnce(Shared) -> F,
) -> Result<T, Failure> {
    let config = configuration(books, terminal)?;
    opened(config, terminal, work)
}

/// The same with books that are there already: a wrong `--data` does not begin new ones.
///
/// # Errors
/// There are no books, they cannot be opened, or the work was refused.
pub fn with_existing<T, F: Future<Output = Result<T, Failure>>>(
    books: &Books,
    terminal: &Terminal,
    work: impl FnOnce(Shared) -> F,
) -> Result<T, Failure> {
    let config = configuration(books, terminal)?;
    let address = config.database_address();
    if !address.starts_with("postgres") && !Path::new(&address).exists() {
        let what = say!(terminal, "没有数据库 {address}", "there is no database {address}");
        return Err(Failure::new(Kind::Input, what).hint(terminal.pick(
            "用 --data 指明数据目录，或用 --database 指明数据库",
            "name its folder with --data, or the database with --database",
        )));
    }
    opened(config, terminal, work)
}

fn opened<T, F: Future<Output = Result<T, Failure>>>(
    config: Config,
    terminal: &Terminal,
    work: impl FnOnce(Shared) -> F,
) -> Result<T, Failure> {
    runtime(terminal)?.block_on(async {
        let app = open(config, terminal).await?;
        let db = app.db.clone();
        let result = work(app).await;
        // What was done is done: a slot that is not given back ends by itself.
        if let Err(error) = db.release_slot().await {
            let what = say!(terminal, "收尾时出错：{error}", "at the end: {error}");
            terminal.note(&what);
        }
        result
    })
}

/// A refusal of the server as a failure of a command.
pub fn refused(problem: &Problem, terminal: &Terminal) -> Failure {
    let kind = match problem.status.as_u16() {
        401 | 403 => Kind::Permission,
        409 | 412 => Kind::Conflict,
        400 | 404 | 413 | 415 | 422 | 428 => Kind::Input,
        _ => Kind::Unexpected,
    };
    let [zh, en] = &problem.detail;
    let mut message = if terminal.lang == Lang::Zh { zh.clone() } else { en.clone() };
    for error in &problem.errors {
        message.push_str(&format!("\n  {} {}", error.pointer, error.detail));
    }
    Failure::new(kind, message)
}

/// The account of the operating system: who did it, for the audit chain.
pub fn who() -> String {
    let named =
        ["USER", "USERNAME", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.unwrap_or_else(|| "unknown".to_owned())
}

/// The configuration: file, variables, flags.
///
/// # Errors
/// A key or value that is not known, with its place.
pub fn configuration(books: &Books, terminal: &Terminal) -> Result<Config, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut config = Config::load(books.config.as_deref(), variables).map_err(|error| {
        let kind = match &error {
            ConfigError::File { .. } => Kind::Input,
            ConfigError::Value { .. } => Kind::Usage,
        };
        let message = say!(terminal, "配置有误：{error}", "the configuration is wrong: {error}");
        Failure::new(kind, message)
    })?;
    if let Some(data) = &books.data {
        config.data.clone_from(data);
    }
    if let Some(database) = &books.database {
        config.database.clone_from(database);
    }
    Ok(config)
}

/// Opens the books.
///
/// # Errors
/// The database or the keys cannot be used.
pub async fn open(config: Config, terminal: &Terminal) -> Result<Shared, Failure> {
    App::open(config, Clock::System).await.map_err(|error| {
        let (kind, text) = match &error {
            OpenError::Db(error) => (Kind::Input, error.to_string()),
            OpenError::Crypto(error) => {
                (Kind::Integrity, terminal.pick(&error.zh(), &error.to_string()).to_owned())
            }
            OpenError::Signer(error) => (Kind::Integrity, error.to_string()),
        };
        let what = say!(terminal, "账打不开：{text}", "cannot open the books: {text}");
        let failure = Failure::new(kind, what);
        match &error {
            OpenError::Db(DbError::Overheard(_)) => failure.hint(terminal.pick(
                "在数据库地址后加 ?sslmode=verify-full&sslrootcert=证书文件；明知网络上的人能看到\
                 也要这样连，设 database_may_be_overheard = true",
                "add ?sslmode=verify-full&sslrootcert=FILE to the address; to connect although \
                 others can read it, set database_may_be_overheard = true",
            )),
            OpenError::Db(DbError::Schema(_)) => failure.hint(terminal.pick(
                "服务的角色不能改库结构时，先用属主的地址运行 heqi migrate",
                "where the role of the server may not change the schema, first run heqi migrate \
                 with the address of the owner",
            )),
            _ => failure,
        }
    })
}

/// A runtime of its own: the other commands need none.
///
/// # Errors
/// The system gives no threads.
pub fn runtime(terminal: &Terminal) -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| {
        Failure::new(Kind::Unexpected, say!(terminal, "无法启动：{error}", "cannot start: {error}"))
    })
}

/// Log lines go to standard error; `HEQI_LOG_FILTER` chooses which.
pub fn log(form: &str) {
    let filter = std::env::var("HEQI_LOG_FILTER").unwrap_or_else(|_| "warn".to_owned());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        // A log that cannot be written, on a full disk, would be told to standard error again,
        // which is the log: that ends the thread, and with it the request or the job.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let set = if form == "json" { lines.json().try_init() } else { lines.try_init() };
    // A second subscriber would be a defect of this program, and no reason not to serve.
    drop(set);
}
