//! What the database holds: audit chains, jobs.

use heqi_platform::{DbError, Sql, audit};

use super::{Finding, Level};
use crate::app::App;

/// Every audit chain from its first record to its last.
pub(super) async fn chains(app: &App) -> Result<Vec<Finding>, DbError> {
    let code = "audit.chains";
    let mut tx = app.db.read().await?;
    let rows = tx.rows(Sql::new("SELECT company_id FROM audit_head ORDER BY company_id")).await?;
    let (mut records, mut findings) = (0, Vec::new());
    for row in rows {
        let report = audit::verify(&mut tx, row.get("company_id")?, &[]).await?;
        records += report.good;
        if let Some(fault) = report.fault {
            let company = report.company;
            let finding = Finding::new(
                code,
                Level::Bad,
                format!("账套 {company} 的审计链对不上：{fault}"),
                format!("the audit chain of company {company} does not hold: {fault}"),
            );
            findings.push(finding.remedy(
                "有人绕过程序改过数据库：留存现状，与备份比对，查清是谁",
                "somebody changed the database around the program: keep it as it is, compare it \
                 with a backup, find out who",
            ));
        }
    }
    if findings.is_empty() {
        let zh = format!("审计链完整，共 {records} 条记录");
        let en = format!("the audit chains hold: {records} records");
        findings.push(Finding::new(code, Level::Ok, zh, en));
    }
    Ok(findings)
}

/// Jobs that wait too long, that nobody works on any more, that failed.
pub(super) async fn jobs(app: &App) -> Result<Vec<Finding>, DbError> {
    let code = "jobs";
    let mut tx = app.db.read().await?;
    let now = tx.now();
    let ask = [
        ("SELECT COUNT(*) FROM job WHERE state = 'queued' AND run_at < $1", -3_600),
        ("SELECT COUNT(*) FROM job WHERE state = 'running' AND lease_until < $1", -600),
        ("SELECT COUNT(*) FROM job WHERE state = 'failed' AND finished_at > $1", -86_400),
    ];
    let mut counts = Vec::with_capacity(ask.len());
    for (sql, seconds) in ask {
        counts.push(tx.count(Sql::new(sql).bind(now.plus_seconds(seconds))).await?);
    }
    let (waiting, left, failed) = (counts[0], counts[1], counts[2]);
    let mut findings = Vec::new();
    if waiting + left > 0 {
        let finding = Finding::new(
            code,
            Level::Warn,
            format!("{waiting} 个任务等了一小时以上，{left} 个任务没人在做"),
            format!("{waiting} jobs wait for more than an hour, {left} were left by a process"),
        );
        findings.push(finding.remedy(
            "看 heqi serve 是否在运行；任务多可调大配置 jobs",
            "see whether heqi serve runs; if there are many, raise `jobs` in the configuration",
        ));
    }
    if failed > 0 {
        let zh = format!("最近一天有 {failed} 个任务失败");
        let en = format!("{failed} jobs failed within a day");
        findings.push(
            Finding::new(code, Level::Warn, zh, en)
                .remedy("在任务列表里看失败原因", "look at their reasons in the list of jobs"),
        );
    }
    if findings.is_empty() {
        findings.push(Finding::new(code, Level::Ok, "后台任务正常", "no job is stuck"));
    }
    Ok(findings)
}
