//! What has to hold before a period is signed off, and what is in the way.

use heqi_platform::{DbError, Sql, Tx};

use super::figures::is_unexplained;
use super::model::{Check, Snapshot};
use super::store::{Account, Record};

/// What each check is: code, and its title in Chinese and English.
const TITLES: [(&str, &str, &str); 8] = [
    ("previous_signed", "上期已签认", "The period before is signed"),
    ("unexplained_zero", "未查明差异为 0.00", "Nothing is unexplained"),
    ("identity", "差额等于各项差异之和", "The difference is the sum of its items"),
    ("no_drafts", "期内没有未过账单据", "No document of these days waits for posting"),
    ("no_suggestions", "没有待确认的匹配建议", "No suggested match waits for a decision"),
    ("no_adjustments", "没有待复核的调整", "No adjustment waits for approval"),
    ("statement_present", "已收到对方对账数据", "The customer's statement is there"),
    ("audit_chain", "审计链核验无误", "The audit chain is whole"),
];

/// What the checks look at besides the figures.
#[derive(Clone, Debug)]
pub struct Around {
    /// The closing of the signed period before: ours, theirs; none for the first period.
    pub previous_closing: Option<(Option<i64>, Option<i64>)>,
    /// The period before that is not signed yet.
    pub unsigned_before: Option<String>,
    /// What is wrong with the audit chain.
    pub chain_fault: Option<String>,
}

/// Goes through the list. Under the lock of the customer nothing of it can change until the end
/// of the transaction.
///
/// # Errors
/// Whatever the database says.
pub async fn check(
    tx: &mut Tx,
    record: &Record,
    snapshot: &Snapshot,
    around: &Around,
) -> Result<Vec<Check>, DbError> {
    let account = &record.account;
    let last = record.shown.last_day.as_str();
    let counts = [
        i64::from(around.unsigned_before.is_some()),
        snapshot
            .breakdown
            .iter()
            .filter(|share| is_unexplained(&share.reason))
            .map(|share| share.count)
            .sum(),
        i64::from(!holds_together(snapshot, around)),
        drafts(tx, account, last).await?,
        suggestions(tx, account, last).await?,
        adjustments(tx, account, last).await?,
        i64::from(snapshot.theirs.lines == 0 && snapshot.excuse.trim().is_empty()),
        i64::from(around.chain_fault.is_some()),
    ];
    let checks = TITLES.iter().zip(counts).map(|((code, zh, en), count)| {
        let [problem_zh, problem_en] =
            if count == 0 { Default::default() } else { problem(code, count, around) };
        Check {
            code: (*code).to_owned(),
            ok: count == 0,
            title_zh: (*zh).to_owned(),
            title_en: (*en).to_owned(),
            problem_zh,
            problem_en,
            count,
        }
    });
    Ok(checks.collect())
}

/// Whether the openings are the closings before, and the parts sum to the whole.
fn holds_together(snapshot: &Snapshot, around: &Around) -> bool {
    let parts: i128 = snapshot.breakdown.iter().map(|share| i128::from(share.amount)).sum();
    let openings = (Some(snapshot.ours.opening), Some(snapshot.theirs.opening));
    parts == snapshot.difference() && around.previous_closing.is_none_or(|it| it == openings)
}

fn problem(code: &str, count: i64, around: &Around) -> [String; 2] {
    let before = around.unsigned_before.as_deref().unwrap_or_default();
    let fault = around.chain_fault.as_deref().unwrap_or_default();
    let (zh, en) = match code {
        "previous_signed" => (
            format!("上期（{before}）还没有签认；请先签认上期"),
            format!("The period before ({before}) is not signed; sign it first"),
        ),
        "unexplained_zero" => (
            format!("还有 {count} 项差异没有查明原因；请到差异处理中逐项查明，或重新匹配"),
            format!(
                "{count} items have no reason yet; find it under discrepancies, or match again"
            ),
        ),
        "identity" => (
            "期初与上期签认的期末不一致，或差异之和不等于差额；请核验上期，找出签认后的改动"
                .to_owned(),
            "The opening is not the closing that was signed before, or the items do not sum; \
             verify the period before to find what changed after its signature"
                .to_owned(),
        ),
        "no_drafts" => (
            format!("有 {count} 张单据未过账；请过账、改期或删除"),
            format!("{count} documents are not posted; post them, move them or delete them"),
        ),
        "no_suggestions" => (
            format!("有 {count} 条匹配建议没有处理；请确认或否决"),
            format!("{count} suggested matches wait; confirm or reject them"),
        ),
        "no_adjustments" => (
            format!("有 {count} 笔调整没有复核；请复核或撤回"),
            format!("{count} adjustments wait for approval; decide or withdraw them"),
        ),
        "statement_present" => (
            "期内没有对方的明细；请导入对方对账单，或填写未取得的原因".to_owned(),
            "There is no line of the customer in these days; import the statement or give the \
             reason why there is none"
                .to_owned(),
        ),
        _ => (
            format!("审计链有问题：{fault}；请立即告知审计员"),
            format!("The audit chain is not whole: {fault}; tell the auditor at once"),
        ),
    };
    [zh, en]
}

async fn drafts(tx: &mut Tx, account: &Account, last: &str) -> Result<i64, DbError> {
    let sql = Sql::new(
        "SELECT COUNT(*) AS n FROM line WHERE company_id = $1 AND customer_id = $2 \
         AND currency = $3 AND state IN ('draft', 'review') AND posting_date <= $4",
    );
    count(tx, sql, account, last).await
}

async fn suggestions(tx: &mut Tx, account: &Account, last: &str) -> Result<i64, DbError> {
    let sql = Sql::new(
        "SELECT COUNT(*) AS n FROM match_group g WHERE g.company_id = $1 AND g.customer_id = $2 \
         AND g.currency = $3 AND g.status = 'suggested' AND EXISTS (SELECT 1 FROM group_member m \
         JOIN line l ON l.id = m.line_id WHERE m.group_id = g.id AND l.posting_date <= $4)",
    );
    count(tx, sql, account, last).await
}

async fn adjustments(tx: &mut Tx, account: &Account, last: &str) -> Result<i64, DbError> {
    let sql = Sql::new(
        "SELECT COUNT(*) AS n FROM adjustment WHERE company_id = $1 AND customer_id = $2 \
         AND currency = $3 AND state = 'proposed' AND book_date <= $4",
    );
    count(tx, sql, account, last).await
}

async fn count(tx: &mut Tx, sql: Sql, account: &Account, last: &str) -> Result<i64, DbError> {
    let sql = sql.bind(account.company).bind(account.customer).bind(&account.currency);
    tx.count(sql.bind(last)).await
}
