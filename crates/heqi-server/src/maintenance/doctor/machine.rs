//! The machine: key files, room on the disk, the clock, backups.

use std::path::Path;

use heqi_platform::crypto::Keyring;
use heqi_platform::{DbError, Sql, Timestamp};

use super::super::{backups, metrics};
use super::{Finding, Level};
use crate::app::App;

/// Whether the key files are there and nobody else can read them.
pub(super) fn key_files(app: &App) -> Vec<Finding> {
    let code = "keys.files";
    let mut findings = Vec::new();
    let path = app.config.data.join("keys.toml");
    match Keyring::load(&path) {
        Ok(ring) if ring.active_id() != app.keys.ring.active_id() => {
            let finding = Finding::new(
                code,
                Level::Warn,
                "密钥文件已更换，这个程序还在用旧的",
                "the key file was changed, and this process still uses the old one",
            );
            findings.push(finding.remedy("重新启动 heqi serve", "restart heqi serve"));
        }
        Ok(_) => {}
        Err(error) => {
            findings.push(Finding::new(code, Level::Bad, error.zh(), error.to_string()));
        }
    }
    let signer = app.config.data.join("audit.key");
    if let Some(mode) = open_to_others(&signer) {
        let shown = signer.display();
        let finding = Finding::new(
            code,
            Level::Bad,
            format!("签名密钥 {shown} 别人也能读（权限 {mode:03o}）"),
            format!("others can read the signing key {shown} (mode {mode:03o})"),
        );
        let fix = format!("chmod 600 '{shown}'");
        findings.push(finding.remedy(format!("请执行：{fix}"), format!("run: {fix}")));
    }
    if findings.is_empty() {
        let (zh, en) = ("密钥文件齐全，只有属主可读", "the key files are there and private");
        findings.push(Finding::new(code, Level::Ok, zh, en));
    }
    findings
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

const GIB: i64 = 1 << 30;

/// Whether there is room for what is to come.
pub(super) async fn disk(app: &App) -> Result<Vec<Finding>, DbError> {
    let size = metrics::database_bytes(app, &mut app.db.read().await?).await?;
    let mut findings = Vec::new();
    let folders = [app.config.data.as_path(), app.config.backup_dir.as_path()];
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        let Some(free) = room(folder) else { continue };
        let level = match free {
            _ if free < GIB / 2 => Level::Bad,
            _ if free < size.saturating_add(GIB) => Level::Warn,
            _ => Level::Ok,
        };
        let (shown, free, size) = (folder.display(), free >> 20, size >> 20);
        let finding = Finding::new(
            "machine.disk",
            level,
            format!("{shown} 所在磁盘剩余 {free} MiB，数据库 {size} MiB"),
            format!("{free} MiB are free at {shown}; the database has {size} MiB"),
        );
        findings.push(match level {
            Level::Ok => finding,
            _ => finding.remedy(
                "腾出空间或换大磁盘；磁盘满了只能查看，不能记账",
                "free some room or use a larger disk; when it is full nothing can be entered",
            ),
        });
    }
    Ok(findings)
}

/// Bytes that are free where a folder lies; none where the system does not say.
#[cfg(unix)]
fn room(folder: &Path) -> Option<i64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    i64::try_from(found.f_bavail.saturating_mul(found.f_frsize)).ok()
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<i64> {
    None
}

/// Whether the clock stands before what was written already.
pub(super) async fn clock(app: &App) -> Result<Vec<Finding>, DbError> {
    let code = "machine.clock";
    let mut tx = app.db.read().await?;
    let now = tx.now();
    let newest = "SELECT MAX(r.at) AS at FROM audit_head h JOIN audit_record r \
                  ON r.company_id = h.company_id AND r.sequence = h.sequence";
    let newest: Option<Timestamp> = tx.one(Sql::new(newest)).await?.get("at")?;
    if newest.is_some_and(|newest| newest > now.plus_seconds(5)) {
        let newest = newest.map(|at| at.to_string()).unwrap_or_default();
        let finding = Finding::new(
            code,
            Level::Bad,
            format!("系统时间 {now} 早于最新一条审计记录 {newest}"),
            format!("it is {now} here, before the newest audit record of {newest}"),
        );
        let fix = ("校准系统时间（NTP）后再记账", "set the clock (NTP) before anything is entered");
        return Ok(vec![finding.remedy(fix.0, fix.1)]);
    }
    Ok(vec![Finding::new(code, Level::Ok, "系统时间正常", "the clock is plausible")])
}

/// Hours after which the newest backup is too old.
const BACKUP_HOURS_MAX: i64 = 30;

/// Whether there are daily backups, and a recent one.
pub(super) fn backups(app: &App) -> Vec<Finding> {
    let code = "backup.age";
    if !backups::is_daily(&app.config) {
        let (zh, en) = ("没有设置每日备份", "no daily backup is configured");
        return vec![Finding::new(code, Level::Warn, zh, en).remedy(
            "在配置中设置 backup_dir 和 backup_recipient，备份目录最好在另一块盘上",
            "set backup_dir and backup_recipient; the folder is best on another disk",
        )];
    }
    let newest = backups::kept(&app.config.backup_dir).pop();
    let at = newest.as_deref().and_then(backups::made_at);
    let now = app.db.clock().now();
    let hours = at.map(|at| (now.micros() - at.micros()) / 3_600_000_000);
    vec![match hours {
        Some(hours) if hours <= BACKUP_HOURS_MAX => Finding::new(
            code,
            Level::Ok,
            format!("最近一次备份在 {hours} 小时前"),
            format!("the newest backup is {hours} hours old"),
        ),
        Some(hours) => Finding::new(
            code,
            Level::Bad,
            format!("最近一次备份已是 {hours} 小时前"),
            format!("the newest backup is {hours} hours old"),
        )
        .remedy("查看 backup.daily 任务为何失败", "see why the job backup.daily fails"),
        None => Finding::new(code, Level::Bad, "还没有备份", "there is no backup yet")
            .remedy("看 heqi serve 是否在运行", "see whether heqi serve runs"),
    }]
}
