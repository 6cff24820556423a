//! Arguments of the commands by which a server is looked after.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::books::Books;

/// Arguments of `heqi backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Backup {
    /// What else to do than make a backup.
    #[command(subcommand)]
    pub command: Option<BackupCommand>,

    /// The backup.
    #[command(flatten)]
    pub make: MakeBackup,
}

/// A backup to be made.
#[derive(Debug, Args)]
pub struct MakeBackup {
    /// The file to write 备份文件
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,

    /// Folder for a file named after the moment; this folder by default 备份目录
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with = "out")]
    pub dir: Option<PathBuf>,

    /// Who can open it: age1…; by default the one in the configuration 备份公钥
    #[arg(long, value_name = "age1…")]
    pub recipient: Vec<String>,

    /// Encrypt with the first line of this file instead 口令文件
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with = "recipient")]
    pub passphrase_file: Option<PathBuf>,

    /// Take the key files along: whoever opens it can read every bank account 连同密钥
    #[arg(long)]
    pub with_keys: bool,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// What `heqi backup` can do beside making one.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make an identity file, on another machine than the server 生成备份身份文件
    #[command(
        before_help = "Examples 示例:\n  heqi backup identity heqi-identity.txt\n  heqi backup \
                       identity /media/usb/heqi-identity.txt"
    )]
    Identity(NewIdentity),
    /// Read a backup to its end and check all that it says of itself 复核备份
    #[command(before_help = "Examples 示例:\n  heqi backup verify heqi.age --identity \
                       heqi-identity.txt\n  heqi backup verify heqi.age --passphrase-file p.txt")]
    Verify(VerifyBackup),
}

/// An identity to be made.
#[derive(Debug, Args)]
pub struct NewIdentity {
    /// The file to write 身份文件
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// What opens a backup.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Opener {
    /// The identity file 身份文件
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub identity: Option<PathBuf>,

    /// The passphrase is the first line of this file 口令文件
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub passphrase_file: Option<PathBuf>,
}

/// A backup to be verified.
#[derive(Debug, Args)]
pub struct VerifyBackup {
    /// The backup 备份文件
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// What opens it.
    #[command(flatten)]
    pub opener: Opener,

    /// Whose key checks the signatures in it.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup 备份文件
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// What opens it.
    #[command(flatten)]
    pub opener: Opener,

    /// The empty database to restore into; the same as --database 恢复到
    #[arg(long, value_name = "URL|FILE", conflicts_with = "database")]
    pub into: Option<String>,

    /// Where to.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// As JSON 以 JSON 输出
    #[arg(long)]
    pub json: bool,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The role of PostgreSQL under which the server connects 服务所用的数据库角色
    #[arg(long, value_name = "NAME")]
    pub server_role: Option<String>,

    /// Which books; the address is that of the owner.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi keys`.
#[derive(Debug, Args)]
pub struct Keys {
    /// What to do.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// What `heqi keys` can do.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Add a key and seal everything anew with it, servers being stopped 轮换密钥
    #[command(
        before_help = "Examples 示例:\n  heqi keys rotate --data heqi-data\n  heqi keys rotate \
                       --suite chinese --data heqi-data"
    )]
    Rotate(Rotate),
}

/// A rotation of keys.
#[derive(Debug, Args)]
pub struct Rotate {
    /// Algorithms; those of the active key by default 算法
    #[arg(long, value_enum)]
    pub suite: Option<Algorithms>,

    /// Although other processes seem to have the database open 强制
    #[arg(long)]
    pub force: bool,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Sets of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Algorithms {
    /// AES-256-GCM and SHA-256 国际算法
    International,
    /// SM4-GCM and SM3 国密算法
    Chinese,
}

/// Arguments of `heqi audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What `heqi audit` can do.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Walk through the audit chains and name the first bad record 核验审计链
    #[command(
        before_help = "Examples 示例:\n  heqi audit verify --data heqi-data\n  heqi audit verify \
                       --company HQ --checkpoint checkpoints.txt"
    )]
    Verify(VerifyAudit),
    /// Print where every chain stands, signed; keep it elsewhere 输出审计检查点
    #[command(
        before_help = "Examples 示例:\n  heqi audit checkpoint --data heqi-data\n  heqi audit \
                       checkpoint > /media/usb/checkpoints.txt"
    )]
    Checkpoint(Checkpoints),
}

/// A walk through audit chains.
#[derive(Debug, Args)]
pub struct VerifyAudit {
    /// Only the chain of this company 账套编号
    #[arg(long, value_name = "CODE")]
    pub company: Option<String>,

    /// Lines that `heqi audit checkpoint` printed earlier 检查点文件
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub checkpoint: Option<PathBuf>,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Checkpoints to be printed.
#[derive(Debug, Args)]
pub struct Checkpoints {
    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Arguments of `heqi import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The file: CSV, XLSX, XLS, XLSB, ODS 文件
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Whose book it is 账方
    #[arg(long, value_enum)]
    pub side: BookSide,

    /// Code of the customer of lines that name none 客户编号
    #[arg(long, value_name = "CODE")]
    pub customer: Option<String>,

    /// Code of the company; not needed where there is one 账套编号
    #[arg(long, value_name = "CODE")]
    pub company: Option<String>,

    /// Read by a saved template 按模板读取
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub template: Option<PathBuf>,

    /// Check it and post nothing 只检查，不入账
    #[arg(long)]
    pub dry_run: bool,

    /// As JSON 以 JSON 输出
    #[arg(long)]
    pub json: bool,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}

/// Whose book a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BookSide {
    /// Our own 我方
    Ours,
    /// The customer's 对方
    Theirs,
}

/// Arguments of `heqi export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Everything that the company owns, sealed fields opened 全部数据
    #[arg(long, required = true)]
    pub all: bool,

    /// Code of the company; not needed where there is one 账套编号
    #[arg(long, value_name = "CODE")]
    pub company: Option<String>,

    /// A folder that is not there yet 导出目录
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,

    /// Which books.
    #[command(flatten)]
    pub books: Books,
}
