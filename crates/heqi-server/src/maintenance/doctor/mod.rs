//! The doctor 体检: looks at everything on which the promises of this server rest, and says what
//! to do where one does not hold. It changes nothing.

mod books;
mod database;
mod machine;
mod protection;

use heqi_domain::Lang;
use serde::Serialize;

use super::keys;
use super::sealed::SEALED;
use crate::app::App;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, and somebody should do something about it soon.
    Warn,
    /// A promise does not hold.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable code of what was looked at: `database.settings`.
    pub code: &'static str,
    /// How it stands.
    pub level: Level,
    /// What was found: Chinese, English.
    pub text: [String; 2],
    /// What to do: Chinese, English; empty if nothing.
    pub remedy: [String; 2],
}

impl Finding {
    /// What was found, in Chinese and English.
    pub(super) fn new(
        code: &'static str,
        level: Level,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        let remedy = [String::new(), String::new()];
        Self { code, level, text: [zh.into(), en.into()], remedy }
    }

    /// The same with what to do about it.
    #[must_use]
    pub(super) fn remedy(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.remedy = [zh.into(), en.into()];
        self
    }

    /// What was found and what to do, in one language.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let pick = |both: &[String; 2]| lang.pick(&both[0], &both[1]).to_owned();
        match pick(&self.remedy) {
            remedy if remedy.is_empty() => pick(&self.text),
            remedy => format!("{}{}{remedy}", pick(&self.text), lang.pick("。", ". ")),
        }
    }
}

/// What could not be looked at is a finding too.
fn failed(code: &'static str, error: &dyn std::fmt::Display) -> Finding {
    Finding::new(
        code,
        Level::Bad,
        format!("查不了：{error}"),
        format!("could not be looked at: {error}"),
    )
}

/// Looks at everything, the worst first.
pub async fn doctor(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut take = |code, looked: Result<Vec<Finding>, heqi_platform::DbError>| match looked {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(failed(code, &error)),
    };
    take("database.settings", database::settings(app).await);
    take("database.integrity", database::integrity(app).await);
    take("database.schema", database::schema(app).await);
    take("database.wire", protection::wire(app).await);
    take("keys.files", Ok(machine::key_files(app)));
    take("keys.values", sealed_values(app).await);
    take("audit.chains", books::chains(app).await);
    take("audit.custody", protection::custody(app).await);
    take("machine.disk", machine::disk(app).await);
    take("machine.clock", machine::clock(app).await);
    take("jobs", books::jobs(app).await);
    take("backup.age", Ok(machine::backups(app)));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

/// Values of each sealed column that the doctor opens.
const SAMPLE: i64 = 50;

async fn sealed_values(app: &App) -> Result<Vec<Finding>, heqi_platform::DbError> {
    let (code, ring) = ("keys.values", &app.keys.ring);
    let (mut old, mut findings) = (0, Vec::new());
    for sealed in SEALED {
        let (count, broken) = keys::sample(&app.db, ring, sealed, SAMPLE).await?;
        old += count;
        if let Some(error) = broken {
            let (table, column) = (sealed.table, sealed.column);
            findings.push(Finding::new(
                code,
                Level::Bad,
                format!("{table}.{column} 有密文打不开：{}", error.zh()),
                format!("a value of {table}.{column} does not open: {error}"),
            ));
        }
    }
    if old > 0 {
        let finding = Finding::new(
            code,
            Level::Warn,
            "有数据仍用旧密钥加密",
            "some values are still sealed under an older key",
        );
        findings.push(finding.remedy(
            "再运行一次换密钥命令，把剩下的数据换完",
            "run the rotation of keys again; it seals the rest anew",
        ));
    }
    if findings.is_empty() {
        let (zh, en) = ("抽查的加密数据都能打开", "the sealed values that were tried open");
        findings.push(Finding::new(code, Level::Ok, zh, en));
    }
    Ok(findings)
}
