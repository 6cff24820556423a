//! Arguments of the commands that work on the books of a server.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// Which books a command works on.
#[derive(Debug, Args)]
pub struct Books {
    /// Configuration file 配置文件
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Folder of database and keys; heqi-data by default 数据目录
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,

    /// postgres://… or a SQLite file; FOLDER/heqi.db by default 数据库
    #[arg(long, value_name = "URL|FILE")]
    pub database: Option<String>,
}

/// Arguments of `heqi serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where the database is, and what else a server is told.
    #[command(flatten)]
    pub books: Books,

    /// Address and port to listen on; 127.0.0.1:7300 by default 监听地址
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Accept that a power failure may undo the last seconds 断电时可能丢失最后几秒
    #[arg(long)]
    pub may_lose_last_seconds: bool,
}

/// Arguments of `heqi user`.
#[derive(Debug, Args)]
pub struct User {
    /// What to do.
    #[command(subcommand)]
    pub command: UserCommand,
}

/// What `heqi user` can do.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person; the first password is read from standard input 新增用户
    #[command(
        before_help = "Examples 示例:\n  heqi user create liting --name 李婷\n  heqi user create \
                       liting --name 李婷 --data heqi-data < password.txt"
    )]
    Create(NewPerson),
    /// Give a new first password, read from standard input 重置密码
    #[command(before_help = "Examples 示例:\n  heqi user reset-password liting\n  heqi user \
                       reset-password liting --data heqi-data < password.txt")]
    ResetPassword(Person),
    /// Take a lost second factor away 解除动态码
    #[command(
        before_help = "Examples 示例:\n  heqi user remove-second-factor liting\n  heqi user \
                       remove-second-factor liting --data heqi-data"
    )]
    RemoveSecondFactor(Person),
    /// Grant a role 授予角色
    #[command(
        before_help = "Examples 示例:\n  heqi user grant liting accountant --company HQ\n  heqi \
                       user grant wangfang security_admin --data heqi-data"
    )]
    Grant(UserGrant),
    /// Disable a person and end the sessions 停用
    #[command(
        before_help = "Examples 示例:\n  heqi user disable liting\n  heqi user disable liting \
                       --data heqi-data"
    )]
    Disable(Person),
    /// Everybody, by login 列出用户
    #[command(
        before_help = "Examples 示例:\n  heqi user list\n  heqi user list --json --data heqi-data"
    )]
    List(List),
}

/// A person to be added.
#[derive(Debug, Args)]
pub struct NewPerson {
    /// Whom.
    #[command(flatten)]
    pub person: Person,

    /// The name as it is shown 姓名
    #[arg(long, value_name = "NAME")]
    pub name: String,
}

/// A person that is known.
#[derive(Debug, Args)]
pub struct Person {
    /// What the person signs in with 登录名
    #[arg(value_name = "LOGIN")]
    pub login: String,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// A role to be granted.
#[derive(Debug, Args)]
pub struct UserGrant {
    /// What the person signs in with 登录名
    #[arg(value_name = "LOGIN")]
    pub login: String,

    /// system_admin, security_admin, auditor, finance_manager, accountant, sales, read_only 角色
    #[arg(value_name = "ROLE")]
    pub role: String,

    /// Code of the company; without it, in every company 账套编号
    #[arg(long, value_name = "CODE")]
    pub company: Option<String>,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi user list`.
#[derive(Debug, Args)]
pub struct List {
    /// As JSON 以 JSON 输出
    #[arg(long)]
    pub json: bool,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which books; an empty folder is filled with the invented firm.
    #[command(flatten)]
    pub books: Books,

    /// Address and port to listen on; 127.0.0.1:7300 by default 监听地址
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Fill the books and end 只生成数据，不启动服务
    #[arg(long)]
    pub no_serve: bool,
}
