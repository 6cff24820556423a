//! Undo of a whole run 撤销对账批次: what the program matched comes apart, what people decided
//! stays.
//!
//! A run is the work of the program, so taking it back takes back just that. A group that a
//! person has confirmed or broken apart since, or on whose difference a person has acted, is a
//! decision: it stays, is counted and named. A signed period is refused as a whole, since what
//! was signed rests on the run as it was.

use heqi_domain::{GroupId, Id, PeriodId, RunId};
use heqi_platform::{DbError, Row, Sql, Tx};

use super::act;
use super::model::{KeptGroup, Run, RunUndo, UndoRun};
use super::store;
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Groups that are named one by one; the rest is counted.
const NAMED: usize = 100;

/// What an undo of a run would take back, and what would stay.
#[utoipa::path(
    get, path = "/api/companies/{company}/match-runs/{run}/undo", tag = "matching",
    operation_id = "run_undo_view", params(("company" = String, Path), ("run" = String, Path)),
    responses((status = 200, description = "What would become of it", body = RunUndo),
              (status = 404, description = "No such run", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.read")))
)]
pub(super) async fn run_undo_view(ctx: Ctx, At(run): At<RunId>) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::MatchingRead)?;
    let mut tx = ctx.read().await?;
    let found = store::run(&mut tx, ctx.company, scope, run.number()).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let version = found.version;
    let shown = ahead(&mut tx, ctx.company, run.number(), found).await?;
    Ok(Reply::ok(&shown).version(version))
}

/// Takes a committed run back: its matches come apart and are open again, its suggestions go,
/// and the customers are matched anew. Decisions of people stay, and are named.
#[utoipa::path(
    post, path = "/api/companies/{company}/match-runs/{run}/undo", tag = "matching",
    operation_id = "run_undo",
    params(("company" = String, Path), ("run" = String, Path),
           ("If-Match" = String, Header, description = "The ETag of the run")),
    request_body = UndoRun,
    responses((status = 200, description = "The run, taken back", body = RunUndo),
              (status = 404, description = "No such run", body = ProblemBody),
              (status = 409, description = "Not committed, undone, or signed", body = ProblemBody),
              (status = 412, description = "Somebody has changed it", body = ProblemBody)),
    extensions(("x-permission" = json!("matching.write")))
)]
pub(super) async fn run_undo(
    ctx: Ctx,
    At(run): At<RunId>,
    input: Input<UndoRun>,
) -> Result<Reply, Problem> {
    let UndoRun { reason, keep_apart } = &input.value;
    let version = ctx.if_match()?;
    let number = run.number();
    let (mut change, found) = locked(&ctx, number, &input.digest).await?;
    if found.version != version {
        return Err(Problem::stale(found.version));
    }
    let mut done = ahead(&mut change, ctx.company, number, found).await?;
    if !done.signed.is_empty() {
        return Err(signed(&done));
    }
    let by = Undoing { company: ctx.company, run: number, by: ctx.actor(), reason, keep_apart };
    by.write(&mut change).await?;
    let scope = ctx.require(Permission::MatchingWrite)?;
    let after = store::run(&mut change, ctx.company, scope, number).await?;
    done.run = after.ok_or_else(Problem::not_found)?;
    let detail = serde_json::json!({
        "reason": reason, "keep_apart": keep_apart, "groups": done.groups, "lines": done.lines,
        "suggestions": done.suggestions, "kept": done.kept, "kept_groups": done.kept_groups,
    });
    change.record(ctx.event("run.undo", run, reason).with_detail(&detail));
    change.answer(Reply::ok(&done).version(done.run.version)).await
}

/// A committed run under the locks of the customers of its groups.
async fn locked(ctx: &Ctx, run: i64, digest: &[u8; 32]) -> Result<(Change, Run), Problem> {
    let scope = ctx.require(Permission::MatchingWrite)?;
    let mut change = ctx.begin(digest).await?;
    let find = store::run(&mut change, ctx.company, scope, run).await?;
    find.ok_or_else(Problem::not_found)?;
    let sql = "SELECT DISTINCT customer_id FROM match_group WHERE company_id = $1 \
               AND run_id = $2 ORDER BY customer_id";
    let rows = change.rows(Sql::new(sql).bind(ctx.company).bind(run)).await?;
    let roots: Result<Vec<i64>, DbError> = rows.iter().map(|row| row.get("customer_id")).collect();
    act::lock(&mut change, ctx.company, &roots?).await?;
    // Read again, since somebody may have been faster while we waited.
    let found = store::run(&mut change, ctx.company, scope, run).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    match found.state.as_str() {
        "committed" => Ok((change, found)),
        "undone" => Err(Problem::conflict(
            "run_undone",
            "这个对账批次已经撤销",
            "This run was taken back already",
        )),
        _ => Err(Problem::conflict(
            "run_not_committed",
            "这一方案没有提交，没有可撤销的匹配",
            "This plan was never committed; there is nothing to take back",
        )),
    }
}

fn signed(undo: &RunUndo) -> Problem {
    let count = undo.signed.len();
    let more = if count == NAMED { "至少 " } else { "" };
    let problem = Problem::conflict(
        "run_signed",
        format!(
            "对账批次中有{more}{count} 组已在签认的期间内，不能撤销；\
             请先申请反结账，或逐组取消其余匹配"
        ),
        format!(
            "{count} groups of this run lie in a signed period; have it reopened first, or break \
             the other groups apart one by one"
        ),
    );
    problem.with_facts(serde_json::json!({ "signed": undo.signed }))
}

/// What comes apart: the program matched it, and nobody has decided anything about it since.
const APART: &str = "match_group.status = 'live' AND NOT match_group.decided AND NOT EXISTS \
     (SELECT 1 FROM discrepancy WHERE discrepancy.group_id = match_group.id \
     AND discrepancy.status IN ('held', 'resolved', 'carried'))";

/// What stays as a person left it.
const STAYS: &str = " AND (decided AND status IN ('live', 'rejected', 'undone') \
     OR status = 'live' AND EXISTS (SELECT 1 FROM discrepancy \
     WHERE discrepancy.group_id = match_group.id \
     AND discrepancy.status IN ('held', 'resolved', 'carried')))";

fn of_run(start: &'static str, company: i64, run: i64) -> Sql {
    let mut sql = Sql::new(start);
    push_run(&mut sql, company, run);
    sql
}

fn push_run(sql: &mut Sql, company: i64, run: i64) {
    sql.push(" match_group.company_id = ").push_bind(company);
    sql.push(" AND match_group.run_id = ").push_bind(run);
}

/// What an undo would take back; the caller holds the locks if it is to be done.
async fn ahead(tx: &mut Tx, company: i64, run: i64, found: Run) -> Result<RunUndo, Problem> {
    let mut groups = of_run("SELECT COUNT(*) FROM match_group WHERE", company, run);
    groups.push(" AND ").push(APART);
    let mut lines = of_run(
        "SELECT COUNT(*) FROM line_claim JOIN match_group ON match_group.id = line_claim.group_id \
         WHERE",
        company,
        run,
    );
    lines.push(" AND ").push(APART);
    let mut suggestions = of_run("SELECT COUNT(*) FROM match_group WHERE", company, run);
    suggestions.push(" AND match_group.status = 'suggested'");
    let signed = of_run(
        "SELECT id, period_id AS why FROM match_group WHERE period_id > 0 AND",
        company,
        run,
    );
    let mut count = of_run("SELECT COUNT(*) FROM match_group WHERE", company, run);
    count.push(STAYS);
    let mut kept = of_run(
        "SELECT id, CASE WHEN decided THEN 'decided' ELSE 'difference_handled' END AS why \
         FROM match_group WHERE",
        company,
        run,
    );
    kept.push(STAYS);
    Ok(RunUndo {
        run: found,
        groups: tx.count(groups).await?,
        lines: tx.count(lines).await?,
        suggestions: tx.count(suggestions).await?,
        kept: tx.count(count).await?,
        kept_groups: named(tx, kept, |row| row.get("why")).await?,
        signed: named(tx, signed, |row| Ok(PeriodId::text(row.get("why")?))).await?,
    })
}

async fn named(
    tx: &mut Tx,
    mut sql: Sql,
    why: impl Fn(&Row) -> Result<String, DbError>,
) -> Result<Vec<KeptGroup>, DbError> {
    sql.push(" ORDER BY id LIMIT ").push_bind(NAMED as i64);
    let read = |row: &Row| Ok(KeptGroup { group: GroupId::text(row.get("id")?), why: why(row)? });
    tx.rows(sql).await?.iter().map(read).collect()
}

/// An undo under way.
struct Undoing<'a> {
    company: i64,
    run: i64,
    by: String,
    reason: &'a str,
    keep_apart: &'a bool,
}

impl Undoing<'_> {
    /// The same groups in every statement: none of them changes what the next one asks.
    async fn write(&self, tx: &mut Tx) -> Result<(), DbError> {
        let Self { company, run, by, reason, keep_apart } = self;
        let (company, run, now) = (*company, *run, tx.now());
        let mut due = of_run(
            "INSERT INTO match_due (company_id, customer_id) SELECT DISTINCT company_id, \
             customer_id FROM match_group WHERE",
            company,
            run,
        );
        due.push(" AND status IN ('live', 'suggested') ON CONFLICT DO NOTHING");
        tx.execute(due).await?;
        for start in [
            "UPDATE discrepancy SET status = 'gone', version = version + 1 \
             WHERE status = 'open' AND group_id IN (SELECT id FROM match_group WHERE",
            "DELETE FROM line_claim WHERE group_id IN (SELECT id FROM match_group WHERE",
        ] {
            let mut sql = of_run(start, company, run);
            sql.push(" AND ").push(APART).push(")");
            tx.execute(sql).await?;
        }
        let mut apart = Sql::new("UPDATE match_group SET status = 'undone', undone_at = ");
        apart.push_bind(now).push(", version = version + 1");
        if **keep_apart {
            apart.push(", decided = TRUE, decided_at = ").push_bind(now);
            apart.push(", decided_by = ").push_bind(by).push(", decision_note = ");
            apart.push_bind(*reason);
        }
        push_run(apart.push(" WHERE"), company, run);
        apart.push(" AND ").push(APART);
        tx.execute(apart).await?;
        let mut replaced = of_run(
            "UPDATE match_group SET status = 'replaced', version = version + 1 WHERE",
            company,
            run,
        );
        replaced.push(" AND status = 'suggested'");
        tx.execute(replaced).await?;
        let undone = Sql::new(
            "UPDATE match_run SET state = 'undone', undone_by = $1, undone_at = $2, \
             undone_note = $3, version = version + 1 WHERE company_id = $4 AND id = $5",
        );
        let undone = undone.bind(by).bind(now).bind(*reason).bind(company).bind(run);
        tx.execute(undone).await.map(drop)
    }
}
