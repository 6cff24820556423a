//! The command line as clap understands it. Every command leads its help with two examples.

mod books;
mod operate;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use books::{Books, Demo, Serve, User, UserCommand};
pub use operate::{
    Algorithms, Audit, AuditCommand, Backup, BackupCommand, BookSide, Checkpoints, Doctor, Export,
    Import, Keys, KeysCommand, MakeBackup, Migrate, NewIdentity, Opener, Restore, VerifyAudit,
    VerifyBackup,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Blue.on_default().bold())
    .usage(AnsiColor::Blue.on_default().bold())
    .literal(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes 退出码:
  0 done · 1 unexpected · 2 usage · 3 differences (with --fail-on-diff) · 4 invalid input
  5 permission · 6 conflict · 7 rows rejected (with --fail-on-diff) · 8 integrity failure
  130 interrupted";

/// Heqi 合契: two ledgers in, an explained bridge out 两本账对到分，差异说得清
#[derive(Debug, Parser)]
#[command(
    name = "heqi",
    version,
    styles = STYLES,
    max_term_width = 100,
    propagate_version = true,
    arg_required_else_help = true,
    before_help = "Examples 示例:\n  heqi match ours.xlsx customer.csv --out result --format \
                   csv,xlsx\n  heqi inspect customer.xls",
    after_help = EXIT_CODES
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// What every command understands.
    #[command(flatten)]
    pub common: Common,
}

/// What every command understands.
#[derive(Debug, Default, Args)]
pub struct Common {
    /// Language of messages; by default that of LANG, Chinese where it is not set 界面语言
    #[arg(long, global = true, value_name = "zh|en", value_enum, help_heading = "Common")]
    pub lang: Option<Language>,

    /// Say nothing but errors and asked-for data 只输出数据与错误
    #[arg(long, short, global = true, help_heading = "Common")]
    pub quiet: bool,

    /// Say more: every customer's bridge, timings per stage 输出更多明细
    #[arg(long, short, global = true, conflicts_with = "quiet", help_heading = "Common")]
    pub verbose: bool,
}

/// Languages of messages; data for machines is never translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reconcile our ledger with theirs 核对两本账
    #[command(
        before_help = "Examples 示例:\n  heqi match ours.xlsx customer.csv\n  heqi match ours.csv \
                       theirs.csv --period 2026-10 --out result --format csv,xlsx",
        after_help = EXIT_CODES
    )]
    Match(Box<Match>),

    /// Re-check a result against its inputs 复核结果，查出篡改
    #[command(before_help = "Examples 示例:\n  heqi verify result\n  heqi verify result --json")]
    Verify(Verify),

    /// Show how a file will be read 查看文件将如何读入
    #[command(
        before_help = "Examples 示例:\n  heqi inspect customer.xls\n  heqi inspect customer.csv \
                       --map 'amount=含税金额' --save-template customer.toml"
    )]
    Inspect(Inspect),

    /// Show, explain or check matching rules 查看、说明、检查核对规则
    #[command(
        before_help = "Examples 示例:\n  heqi rules explain strict\n  heqi rules show default > \
                       my-rules.toml && heqi rules check my-rules.toml"
    )]
    Rules(Rules),

    /// Make a sample pair of ledgers of an invented company 生成示例账
    #[command(
        before_help = "Examples 示例:\n  heqi sample --out sample\n  heqi sample --customers 50 \
                       --lines 10000 --seed 7 --out sample"
    )]
    Sample(Sample),

    /// Serve the books of a finance department 启动对账服务
    #[command(
        before_help = "Examples 示例:\n  heqi serve --data heqi-data\n  heqi serve --config \
                       heqi.toml --database postgres://heqi@db.example.com/heqi"
    )]
    Serve(Serve),

    /// Serve the books of an invented wholesale firm 启动示例公司
    #[command(
        before_help = "Examples 示例:\n  heqi demo --data demo\n  heqi demo --data demo --listen \
                       127.0.0.1:0"
    )]
    Demo(Demo),

    /// Add people, grant roles, reset passwords at the terminal 用户与授权
    #[command(
        before_help = "Examples 示例:\n  heqi user create liting --name 李婷 --data heqi-data\n  \
                       heqi user grant liting accountant --company HQ --data heqi-data"
    )]
    User(User),

    /// Import a file into the ledger 导入单据
    #[command(
        before_help = "Examples 示例:\n  heqi import statement.xlsx --side theirs --customer C001 \
                       --data heqi-data\n  heqi import sales.csv --side ours --dry-run --json"
    )]
    Import(Import),

    /// Write all that a company owns in open formats 导出整个账套
    #[command(
        before_help = "Examples 示例:\n  heqi export --all --out everything --data heqi-data\n  \
                       heqi export --all --company HQ --out hq"
    )]
    Export(Export),

    /// Make, verify or prepare encrypted backups 备份
    #[command(
        before_help = "Examples 示例:\n  heqi backup --recipient age1… --out heqi.age\n  heqi \
                       backup verify heqi.age --identity heqi-identity.txt"
    )]
    Backup(Backup),

    /// Restore a backup into an empty database 恢复备份
    #[command(
        before_help = "Examples 示例:\n  heqi restore heqi.age --identity heqi-identity.txt --data \
                       drill\n  heqi restore heqi.age --identity heqi-identity.txt --into \
                       postgres://heqi@127.0.0.1/drill"
    )]
    Restore(Restore),

    /// Look at everything on which the server's promises rest 体检
    #[command(
        before_help = "Examples 示例:\n  heqi doctor --data heqi-data\n  heqi doctor --json \
                       --config heqi.toml",
        after_help = EXIT_CODES
    )]
    Doctor(Doctor),

    /// Bring the schema up to date as its owner, and let a role work for the server 库结构升级
    #[command(before_help = "Examples 示例:\n  heqi migrate --data heqi-data\n  heqi migrate \
                       --database postgres://heqi_owner@127.0.0.1/heqi --server-role heqi_server")]
    Migrate(Migrate),

    /// Rotate the keys that seal bank accounts, phones and files 密钥
    #[command(
        before_help = "Examples 示例:\n  heqi keys rotate --data heqi-data\n  heqi keys rotate \
                       --suite chinese --data heqi-data"
    )]
    Keys(Keys),

    /// Verify the audit chains, give out checkpoints 审计链
    #[command(
        before_help = "Examples 示例:\n  heqi audit verify --data heqi-data\n  heqi audit \
                       checkpoint > checkpoints.txt",
        after_help = EXIT_CODES
    )]
    Audit(Audit),

    /// Print a completion script for a shell 生成命令补全脚本
    #[command(before_help = "Examples 示例:\n  heqi completions bash > \
                       /etc/bash_completion.d/heqi\n  heqi completions fish > \
                       ~/.config/fish/completions/heqi.fish")]
    Completions(Completions),
}

/// Arguments of `heqi match`.
#[derive(Debug, Args)]
pub struct Match {
    /// Our ledger: CSV, XLSX, XLS, XLSB, ODS or Parquet; - for standard input 我方账
    #[arg(value_name = "OURS", value_hint = ValueHint::FilePath)]
    pub ours: PathBuf,

    /// The customer's statement, likewise 对方账
    #[arg(value_name = "THEIRS", value_hint = ValueHint::FilePath)]
    pub theirs: PathBuf,

    /// Rules: default, strict, classify, or a TOML file 核对规则
    #[arg(long, value_name = "FILE|PRESET", default_value = "default")]
    pub rules: OsString,

    /// Only lines of this month, quarter, year or span: 2026-10, 2026-Q3, 2026,
    /// 2026-10-01..2026-10-31 对账期间
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<String>,

    /// Only this customer; or the customer of files that name none 客户
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,

    /// Currency of lines that name none 币种
    #[arg(long, value_name = "CODE", default_value = "CNY")]
    pub currency: String,

    /// Our opening balance, receivable positive 我方期初余额
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub opening_ours: Option<String>,

    /// Their opening balance, receivable positive 对方期初余额
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub opening_theirs: Option<String>,

    /// How the two files are read.
    #[command(flatten)]
    pub reading: MatchReading,

    /// Folder for the result; without it only the summary is shown 结果目录
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Result")]
    pub out: Option<PathBuf>,

    /// Formats of the result, comma-separated 结果格式
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "csv",
        requires = "out",
        help_heading = "Result"
    )]
    pub format: Vec<OutputFormat>,

    /// Print the summary as JSON 以 JSON 输出汇总
    #[arg(long, help_heading = "Result")]
    pub json: bool,

    /// End with code 3 when anything is open, 7 when only rows were rejected 有差异即报错
    #[arg(long, help_heading = "Result")]
    pub fail_on_diff: bool,

    /// Worker threads; the result never depends on it 线程数
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// How the two files of `heqi match` are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct MatchReading {
    /// Columns of our file: 'amount=金额,date=日期' 我方列映射
    #[arg(long, value_name = "ROLE=COLUMN,…")]
    pub map_ours: Vec<String>,

    /// Columns of their file 对方列映射
    #[arg(long, value_name = "ROLE=COLUMN,…")]
    pub map_theirs: Vec<String>,

    /// Saved template of our file 我方模板
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ours_template: Option<PathBuf>,

    /// Saved template of their file 对方模板
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub theirs_template: Option<PathBuf>,

    /// From whose books their file speaks; detected when not given 对方账的口径
    #[arg(long, value_enum)]
    pub theirs_view: Option<TheirsView>,

    /// Sheet of our workbook, by name or number 我方工作表
    #[arg(long, value_name = "SHEET")]
    pub sheet_ours: Option<String>,

    /// Sheet of their workbook 对方工作表
    #[arg(long, value_name = "SHEET")]
    pub sheet_theirs: Option<String>,
}

/// From whose books the customer's file speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TheirsView {
    /// Their payable to us: mirrored 应付口径
    Payable,
    /// Our receivable from them: as it stands 应收口径
    Receivable,
}

/// Formats of the result folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables as CSV 表格
    Csv,
    /// A workbook to send on 工作簿
    Xlsx,
    /// Tables as JSON
    Json,
    /// Big tables as Parquet instead of CSV
    Parquet,
}

/// Arguments of `heqi verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The folder that `heqi match --out` wrote 结果目录
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,

    /// Print the findings as JSON 以 JSON 输出
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `heqi inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The file; - for standard input 文件
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Columns: 'amount=金额,date=日期' 列映射
    #[arg(long, value_name = "ROLE=COLUMN,…")]
    pub map: Vec<String>,

    /// Read by a saved template 按模板读取
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub template: Option<PathBuf>,

    /// Save the mapping as a template 将列映射存为模板
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub save_template: Option<PathBuf>,

    /// Sheet of a workbook, by name or number 工作表
    #[arg(long, value_name = "SHEET")]
    pub sheet: Option<String>,

    /// Currency of lines that name none 币种
    #[arg(long, value_name = "CODE", default_value = "CNY")]
    pub currency: String,

    /// Print as JSON 以 JSON 输出
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `heqi rules`.
#[derive(Debug, Args)]
pub struct Rules {
    /// What to do with the rules.
    #[command(subcommand)]
    pub action: RulesAction,
}

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub enum RulesAction {
    /// Print the rules as TOML, every value written out 输出全部规则
    #[command(before_help = "Examples 示例:\n  heqi rules show\n  heqi rules show strict")]
    Show(WhichRules),
    /// Say in words what each rule does 逐条说明规则
    #[command(
        before_help = "Examples 示例:\n  heqi rules explain\n  heqi rules explain my-rules.toml"
    )]
    Explain(WhichRules),
    /// Check a rules file and name what is wrong in it 检查规则文件
    #[command(
        before_help = "Examples 示例:\n  heqi rules check my-rules.toml\n  heqi rules check strict"
    )]
    Check(WhichRules),
}

/// A preset or a file.
#[derive(Debug, Args)]
pub struct WhichRules {
    /// default, strict, classify, or a TOML file 预设或规则文件
    #[arg(value_name = "FILE|PRESET", default_value = "default")]
    pub rules: OsString,
}

/// Arguments of `heqi sample`.
#[derive(Debug, Args)]
pub struct Sample {
    /// Customers 客户数
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub customers: u32,

    /// Lines a side, about 每侧明细数
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub lines: u32,

    /// Seed: the same seed makes the same bytes 随机种子
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// Folder to write to 目录
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,

    /// Write the benchmark's pair of this many lines a side instead.
    #[arg(long, value_name = "N", hide = true)]
    pub bench: Option<u32>,
}

/// Arguments of `heqi completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_leads_with_two_examples() {
        fn check(command: &mut clap::Command) {
            let help = command.render_long_help().to_string();
            let name = command.get_name().to_owned();
            if name != "rules" {
                let examples = help.lines().skip(1).take(2).filter(|l| l.contains("heqi ")).count();
                assert_eq!(examples, 2, "{name}: {help}");
            }
            for child in command.get_subcommands_mut().filter(|child| child.get_name() != "help") {
                check(child);
            }
        }
        check(&mut Arguments::command());
    }
}
