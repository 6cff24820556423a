//! `heqi backup` and `heqi restore`: everything into one encrypted file, and back.

use std::path::Path;

use heqi_domain::Lang;
use heqi_platform::audit::Signer;
use heqi_platform::backup::{BackupError, Contents};
use heqi_platform::config::Config;
use heqi_platform::crypto::CryptoError;
use heqi_platform::crypto::backup::{Decryption, Encryption, Identity, SecretString};
use heqi_server::maintenance::backups::{self, VerifyError};

use crate::arguments::{
    Backup, BackupCommand, MakeBackup, NewIdentity, Opener, Restore, VerifyBackup,
};
use crate::books::{configuration, runtime, with_existing};
use crate::failure::{Failure, Kind, kind_of_io};
use crate::terminal::{Terminal, Watch, bytes, count, say, while_writing};

/// Runs `heqi backup`.
///
/// # Errors
/// The books, the file or the key cannot be used, or the backup does not hold.
pub fn run(arguments: &Backup, terminal: &Terminal) -> Result<(), Failure> {
    match &arguments.command {
        None => make(&arguments.make, terminal),
        Some(BackupCommand::Identity(new)) => identity(new, terminal),
        Some(BackupCommand::Verify(verify)) => check(verify, terminal),
    }
}

fn make(order: &MakeBackup, terminal: &Terminal) -> Result<(), Failure> {
    let encryption = encryption(order, &configuration(&order.books, terminal)?, terminal)?;
    let mut watch = Watch::new(terminal);
    let made = while_writing(|| {
        with_existing(&order.books, terminal, async |app| {
            let name = || backups::name(app.db.clock().now());
            let path = match (&order.out, &order.dir) {
                (Some(file), _) => file.clone(),
                (None, Some(folder)) => folder.join(name()),
                (None, None) => name().into(),
            };
            let keys = order.with_keys;
            let made = backups::make(&app, &path, &encryption, keys, "cli", &watch).await;
            made.map(|contents| (path, contents)).map_err(|error| explain(&error, terminal))
        })
    });
    watch.finish();
    let (path, contents) = made?;
    let all = counted(&contents, terminal);
    terminal.note(&say!(terminal, "备份完成：{all}", "backed up: {all}"));
    if order.with_keys {
        terminal.note(terminal.pick(
            "备份内含密钥：能打开它的人就能读到全部银行账号，请妥善保管",
            "it holds the keys: whoever can open it can read every bank account",
        ));
    }
    terminal.data(&format!("{}\n", path.display()))
}

fn encryption(
    order: &MakeBackup,
    config: &Config,
    terminal: &Terminal,
) -> Result<Encryption, Failure> {
    if let Some(file) = &order.passphrase_file {
        return Ok(Encryption::Passphrase(passphrase(file, terminal)?));
    }
    let mut named = order.recipient.clone();
    if named.is_empty() && !config.backup_recipient.is_empty() {
        named.push(config.backup_recipient.clone());
    }
    if named.is_empty() {
        let what = terminal.pick("没有说明谁能打开备份", "nobody is named who can open the backup");
        return Err(Failure::new(Kind::Usage, what).hint(terminal.pick(
            "先用 heqi backup identity 生成身份文件，再加 --recipient；或用 --passphrase-file",
            "make an identity with heqi backup identity, then --recipient age1…; or use \
             --passphrase-file",
        )));
    }
    let wrong = |error: CryptoError| {
        Failure::new(Kind::Usage, terminal.pick(&error.zh(), &error.to_string()).to_owned())
    };
    let parsed: Result<Vec<_>, _> = named.iter().map(|text| text.parse()).collect();
    parsed.map(Encryption::Recipients).map_err(wrong)
}

fn identity(new: &NewIdentity, terminal: &Terminal) -> Result<(), Failure> {
    let made = Identity::create(&new.file).map_err(|error| sealed(&error, terminal))?;
    terminal.note(terminal.pick(
        "身份文件已生成，请保存两份，不要放在服务器上；丢了它，备份就打不开。公钥：",
        "The identity is made: keep it in two places, not on the server; without it no backup \
         opens. Its public half:",
    ));
    terminal.data(&format!("{}\n", made.recipient()))
}

fn check(order: &VerifyBackup, terminal: &Terminal) -> Result<(), Failure> {
    let decryption = decryption(&order.opener, terminal)?;
    let key = configuration(&order.books, terminal)?.data.join("audit.key");
    // Opening a key that is not there would make one.
    let signer = key.exists().then(|| Signer::open(&key)).transpose();
    let signer = signer.map_err(|error| Failure::new(Kind::Integrity, error.to_string()))?;
    let mut watch = Watch::new(terminal);
    let verified = backups::verify(&order.file, &decryption, signer.as_ref(), &[], &watch);
    watch.finish();
    let contents = verified.map_err(|error| match &error {
        VerifyError::Backup(error) => explain(error, terminal),
        VerifyError::Checkpoint { .. } => {
            let text = terminal.pick(&error.zh(), &error.to_string()).to_owned();
            Failure::new(Kind::Integrity, text)
        }
    })?;
    let at = contents.header.made_at;
    let all = counted(&contents, terminal);
    let signed = match signer {
        Some(_) => terminal.pick("审计检查点的签名无误", "the signed checkpoints are ours"),
        None => terminal.pick(
            "没有 audit.key，未核对签名；加 --data 指明数据目录即可核对",
            "no audit.key here, so signatures were not checked; name its folder with --data",
        ),
    };
    terminal.data(&say!(
        terminal,
        "备份完好：{all}，{at} 生成\n  {signed}\n",
        "the backup holds: {all}, made {at}\n  {signed}\n"
    ))
}

/// Runs `heqi restore`.
///
/// # Errors
/// The backup does not open or hold, or there is data where it should go.
pub fn restore(order: &Restore, terminal: &Terminal) -> Result<(), Failure> {
    let mut config = configuration(&order.books, terminal)?;
    if let Some(into) = &order.into {
        config.database.clone_from(into);
    }
    let decryption = decryption(&order.opener, terminal)?;
    let mut watch = Watch::new(terminal);
    let runtime = runtime(terminal)?;
    let restored = while_writing(|| {
        runtime.block_on(backups::restore(&config, &order.file, &decryption, &watch))
    });
    watch.finish();
    let contents = restored.map_err(|error| explain(&error, terminal))?;
    let all = counted(&contents, terminal);
    terminal.note(&say!(
        terminal,
        "恢复完成，与备份逐字节一致：{all}",
        "restored, byte for byte as the backup has it: {all}"
    ));
    if !config.data.join("keys.toml").exists() {
        let folder = config.data.display();
        terminal.note(&say!(
            terminal,
            "备份里没有密钥：启动前请把 keys.toml 和 audit.key 放进 {folder}",
            "the backup holds no keys: put keys.toml and audit.key into {folder} before the start"
        ));
    }
    Ok(())
}

fn decryption(opener: &Opener, terminal: &Terminal) -> Result<Decryption, Failure> {
    match (&opener.identity, &opener.passphrase_file) {
        (_, Some(file)) => Ok(Decryption::Passphrase(passphrase(file, terminal)?)),
        (Some(file), None) => match Identity::load(file) {
            Ok(identity) => Ok(Decryption::Identity(identity)),
            Err(error) => Err(sealed(&error, terminal)),
        },
        (None, None) => {
            let what = terminal.pick("缺少 --identity", "--identity is missing");
            Err(Failure::new(Kind::Usage, what))
        }
    }
}

/// The first line of a file.
fn passphrase(file: &Path, terminal: &Terminal) -> Result<SecretString, Failure> {
    let path = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let what = say!(terminal, "读不了 {path}：{error}", "cannot read {path}: {error}");
        Failure::new(kind_of_io(&error), what)
    })?;
    let line = text.lines().next().unwrap_or_default().trim_end_matches('\r');
    if line.is_empty() {
        let what = say!(
            terminal,
            "{path} 第一行是空的，口令应写在第一行",
            "the first line of {path} is empty; the passphrase belongs there"
        );
        return Err(Failure::new(Kind::Input, what));
    }
    Ok(SecretString::from(line.to_owned()))
}

fn counted(contents: &Contents, terminal: &Terminal) -> String {
    let (tables, rows) = (count(contents.summary.tables.len() as u64), contents.summary.rows());
    let (rows, size) = (count(rows), bytes(contents.size));
    say!(terminal, "{tables} 张表，{rows} 行，{size}", "{tables} tables, {rows} rows, {size}")
}

fn sealed(error: &CryptoError, terminal: &Terminal) -> Failure {
    let text = if terminal.lang == Lang::Zh { error.zh() } else { error.to_string() };
    Failure::new(kind_of_crypto(error), text)
}

fn kind_of_crypto(error: &CryptoError) -> Kind {
    match error {
        CryptoError::KeyFileExists { .. } => Kind::Conflict,
        CryptoError::KeyFileExposed { .. } => Kind::Permission,
        CryptoError::Io { source, .. } | CryptoError::Stream(source) => kind_of_io(source),
        CryptoError::BackupTruncated | CryptoError::BackupDamaged => Kind::Integrity,
        _ => Kind::Input,
    }
}

fn explain(error: &BackupError, terminal: &Terminal) -> Failure {
    let kind = match error {
        BackupError::Db(_) => Kind::Unexpected,
        BackupError::Crypto(error) => kind_of_crypto(error),
        BackupError::Io { source, .. } => kind_of_io(source),
        BackupError::Exists(_) | BackupError::NotEmpty { .. } => Kind::Conflict,
        BackupError::NotOurs | BackupError::Newer(_) | BackupError::Schema { .. } => Kind::Input,
        BackupError::Malformed { .. }
        | BackupError::Differs { .. }
        | BackupError::Chain { .. }
        | BackupError::NotEqual { .. } => Kind::Integrity,
        BackupError::Canceled => Kind::Interrupted,
    };
    let text = if terminal.lang == Lang::Zh { error.zh() } else { error.to_string() };
    Failure::new(kind, text)
}
