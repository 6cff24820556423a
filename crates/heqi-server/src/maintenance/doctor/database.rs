//! The database: its settings, whether it is whole, its schema.

use heqi_platform::db::SCHEMA;
use heqi_platform::{DbError, Sql, Value};

use super::{Finding, Level};
use crate::app::App;

/// Settings under which what was acknowledged is not lost.
pub(super) async fn settings(app: &App) -> Result<Vec<Finding>, DbError> {
    let code = "database.settings";
    let wanted: &[(&'static str, &[&str])] = match app.db.is_postgres() {
        true => &[
            ("SHOW fsync", &["on"]),
            ("SHOW full_page_writes", &["on"]),
            ("SHOW synchronous_commit", &["on", "local", "remote_write", "remote_apply"]),
        ],
        false => &[
            ("PRAGMA journal_mode", &["wal"]),
            // 2 is FULL, 3 is EXTRA.
            ("PRAGMA synchronous", &["2", "3"]),
            ("PRAGMA foreign_keys", &["1"]),
        ],
    };
    let mut findings = Vec::new();
    let mut tx = app.db.read().await?;
    for (ask, good) in wanted {
        let found = word(tx.one(Sql::new(ask)).await?.values().first());
        if !good.contains(&found.as_str()) {
            let setting = ask.rsplit(' ').next().unwrap_or_default();
            let finding = Finding::new(
                code,
                Level::Bad,
                format!("数据库设置 {setting} = {found}，断电时可能丢失已确认的数据"),
                format!("{setting} is {found}: a power failure may lose what was acknowledged"),
            );
            findings.push(finding.remedy(
                format!("改为 {}，再重新启动", good[0]),
                format!("set it to {} and restart", good[0]),
            ));
        }
    }
    if findings.is_empty() {
        let (zh, en) = ("数据库设置安全", "the settings of the database are safe");
        findings.push(Finding::new(code, Level::Ok, zh, en));
    }
    if app.db.is_postgres() {
        let sums = word(tx.one(Sql::new("SHOW data_checksums")).await?.values().first());
        if sums != "on" {
            let (zh, en) =
                ("PostgreSQL 没有开启数据页校验", "data checksums are off in PostgreSQL");
            findings.push(Finding::new("database.checksums", Level::Warn, zh, en).remedy(
                "停机后运行 pg_checksums --enable，磁盘悄悄出错才查得出来",
                "stop it and run pg_checksums --enable, so that silent disk errors are found",
            ));
        }
    }
    Ok(findings)
}

/// Whether the file is whole and rows refer to rows that are there.
pub(super) async fn integrity(app: &App) -> Result<Vec<Finding>, DbError> {
    let code = "database.integrity";
    let mut tx = app.db.read().await?;
    if app.db.is_postgres() {
        // PostgreSQL keeps references and pages itself; what it can tell cheaply is indexes that
        // a broken build left invalid.
        let sql = "SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid";
        let invalid = tx.count(Sql::new(sql)).await?;
        let (zh, en) = (format!("{invalid} 个索引无效"), format!("{invalid} indexes are invalid"));
        return Ok(vec![match invalid {
            0 => Finding::new(code, Level::Ok, "数据库索引都有效", "every index is valid")
                .remedy("全面检查请运行 pg_amcheck", "for a complete check run pg_amcheck"),
            _ => Finding::new(code, Level::Bad, zh, en).remedy("运行 REINDEX", "run REINDEX"),
        }]);
    }
    let mut wrong = Vec::new();
    for row in tx.rows(Sql::new("PRAGMA integrity_check(20)")).await? {
        let line = word(row.values().first());
        if line != "ok" {
            wrong.push(line);
        }
    }
    for row in tx.rows(Sql::new("PRAGMA foreign_key_check")).await?.iter().take(20) {
        let words: Vec<String> = row.values().iter().map(|value| word(Some(value))).collect();
        wrong.push(format!("reference: {}", words.join(" ")));
    }
    if wrong.is_empty() {
        let (zh, en) = ("数据库文件完好", "the database file is whole");
        return Ok(vec![Finding::new(code, Level::Ok, zh, en)]);
    }
    let list = wrong.join("; ");
    let zh = format!("数据库文件已损坏：{list}");
    let finding = Finding::new(code, Level::Bad, zh, format!("the database is damaged: {list}"));
    Ok(vec![finding.remedy(
        "停止服务，留存现有文件，从最近的备份恢复，并检查磁盘",
        "stop the server, keep the file, restore the newest backup, and check the disk",
    )])
}

/// Whether the schema is the one of this program.
pub(super) async fn schema(app: &App) -> Result<Vec<Finding>, DbError> {
    let sql = Sql::new("SELECT MAX(number) AS n FROM schema_version");
    let found = app.db.read().await?.count(sql).await?;
    let known = SCHEMA.last().map_or(0, |migration| migration.number);
    let level = if found == known { Level::Ok } else { Level::Bad };
    let zh = format!("库结构版本 {found}，本程序 {known}");
    let en = format!("the schema is at version {found}, this program at {known}");
    Ok(vec![Finding::new("database.schema", level, zh, en)])
}

fn word(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Bool(is)) => is.to_string(),
        Some(Value::Bytes(_)) => "bytes".to_owned(),
        Some(Value::Null) | None => String::new(),
    }
}
