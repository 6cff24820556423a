//! What happened to a discrepancy: its records in the audit chain, in plain words.

use heqi_domain::{Lang, Reason, decimal_text};
use heqi_platform::{DbError, Row, Sql, Tx};
use serde_json::Value;

use super::model::{Happening, Resolution};
use super::{Stored, exponent};

/// From first sight on.
pub(super) async fn of(
    tx: &mut Tx,
    company: i64,
    found: &Stored,
    lang: Lang,
) -> Result<Vec<Happening>, DbError> {
    let sql = Sql::new(
        "SELECT at, actor_name, action, detail FROM audit_record \
         WHERE company_id = $1 AND object = $2 ORDER BY sequence",
    );
    let first = Happening {
        at: found.first_seen_at,
        who: String::new(),
        action: "discrepancy.seen".to_owned(),
        words: lang.pick("对账时发现差异", "Found when the books were matched").to_owned(),
    };
    let read = |row: &Row| {
        let action: String = row.get("action")?;
        let detail: String = row.get("detail")?;
        let detail = serde_json::from_str(&detail).unwrap_or_default();
        let words = words(&action, &detail, &found.currency, lang);
        Ok(Happening { at: row.get("at")?, who: row.get("actor_name")?, action, words })
    };
    let rows = tx.rows(sql.bind(company).bind(found.text())).await?;
    std::iter::once(Ok(first)).chain(rows.iter().map(read)).collect()
}

/// What a record says; the action itself where it is none of ours.
fn words(action: &str, detail: &Value, currency: &str, lang: Lang) -> String {
    let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
    let amount = |name: &str| {
        let minor = detail[name].as_i64().unwrap_or_default();
        format!("{} {currency}", decimal_text(minor.into(), exponent(currency)))
    };
    let say = |zh: String, en: String| match lang {
        Lang::Zh => zh,
        Lang::En => en,
    };
    let [until, reason, note, body] = ["until", "reason", "note", "body"].map(text);
    match action {
        "discrepancy.update" => updated(detail, lang),
        "discrepancy.hold" => {
            say(format!("挂起至 {until}：{reason}"), format!("On hold until {until}: {reason}"))
        }
        "discrepancy.timing" => {
            let day = text("expected");
            let zh = format!("标为在途，预计 {day} 到账。{note}");
            say(zh, format!("In transit, expected to clear on {day}. {note}"))
        }
        "discrepancy.release" => {
            say(format!("取消挂起：{reason}"), format!("Taken off hold: {reason}"))
        }
        "discrepancy.resolve" => {
            let how = Resolution::from_code(&text("resolution")).map_or("", |how| how.label(lang));
            say(format!("处理完毕（{how}）：{note}"), format!("Resolved ({how}): {note}"))
        }
        "discrepancy.reopen" => {
            say(format!("重新打开：{reason}"), format!("Opened again: {reason}"))
        }
        "attachment.create" => {
            say(format!("添加附件 {}", text("name")), format!("Attached {}", text("name")))
        }
        "attachment.remove" => {
            say(format!("移除附件 {}", text("name")), format!("Took away {}", text("name")))
        }
        "attachment.download" => say("下载附件".to_owned(), "Downloaded a file".to_owned()),
        "discrepancy.comment" => say(format!("批注：{body}"), format!("Comment: {body}")),
        "discrepancy.propose" => {
            let amount = amount("amount");
            say(format!("提出调整 {amount}：{reason}"), format!("Adjustment {amount}: {reason}"))
        }
        "discrepancy.settle" => {
            let (effect, left) = (amount("effect"), amount("remaining"));
            let zh = format!("调整 {effect} 已过账，剩余差额 {left}");
            say(zh, format!("Adjustment {effect} posted, {left} left"))
        }
        other => other.to_owned(),
    }
}

/// The fields that were set, and those that were taken away.
fn updated(detail: &Value, lang: Lang) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut say = |name: &str, zh: [&str; 2], en: [&str; 2], shown: &str| {
        let Some(value) = detail[name].as_str() else { return };
        let [set, taken] = if lang == Lang::Zh { zh } else { en };
        said.push(if value.is_empty() { taken.to_owned() } else { format!("{set}{shown}") });
    };
    let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
    let cause = Reason::from_code(&text("cause")).map_or("", |cause| cause.label(lang));
    let (owner, due) = (text("owner_name"), text("due_date"));
    say("owner", ["交给 ", "取消负责人"], ["Given to ", "No owner any more"], &owner);
    say("due_date", ["限期 ", "取消限期"], ["Due on ", "No due date any more"], &due);
    say("cause", ["原因判断为", "取消原因判断"], ["Cause held to be: ", "No cause held"], cause);
    said.join(lang.pick("；", "; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_become_sentences() {
        let detail = json!({ "owner": "user-3", "owner_name": "王芳", "due_date": "" });
        let said = words("discrepancy.update", &detail, "CNY", Lang::Zh);
        assert_eq!(said, "交给 王芳；取消限期");
        let detail = json!({ "effect": -350, "remaining": 0 });
        let said = words("discrepancy.settle", &detail, "CNY", Lang::En);
        assert_eq!(said, "Adjustment -3.50 CNY posted, 0.00 CNY left");
    }
}
