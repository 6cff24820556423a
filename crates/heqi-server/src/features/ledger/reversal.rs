//! Reversal 红冲 and correction 更正: what is posted stays; a new entry takes it back.

use heqi_domain::{DocumentId, Id, LineId, Side};
use heqi_platform::Tx;

use super::documents::draft;
use super::line::{self, LedgerKind, NewLine};
use super::model::{Line, NewCorrection, NewReversal, Reversed};
use super::store;
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::features::customers;
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Reverses a posted line with its document: each leg gets an opposite entry that names it.
#[utoipa::path(
    post, path = "/api/companies/{company}/lines/{line}/reverse", tag = "ledger",
    operation_id = "line_reverse",
    params(("company" = String, Path), ("line" = String, Path)),
    request_body = NewReversal,
    responses((status = 201, description = "The reversing lines", body = Reversed),
              (status = 404, description = "No such line", body = ProblemBody),
              (status = 409, description = "Reversed already, or not to be", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.post")))
)]
pub(super) async fn line_reverse(
    ctx: Ctx,
    At(id): At<LineId>,
    input: Input<NewReversal>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    let NewReversal { reason, date } = &input.value;
    let lines = reverse(&ctx, &mut change, id, reason, date).await?;
    let location = line_location(&ctx, &lines[0]);
    change.answer(Reply::created(location, &Reversed { lines, draft: None })).await
}

/// Reverses a posted line and drafts what should have been written, in one step.
#[utoipa::path(
    post, path = "/api/companies/{company}/lines/{line}/correct", tag = "ledger",
    operation_id = "line_correct",
    params(("company" = String, Path), ("line" = String, Path)),
    request_body = NewCorrection,
    responses((status = 201, description = "The reversing lines and the draft", body = Reversed),
              (status = 404, description = "No such line", body = ProblemBody),
              (status = 409, description = "Reversed already, or not to be", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.post")))
)]
pub(super) async fn line_correct(
    ctx: Ctx,
    At(id): At<LineId>,
    input: Input<NewCorrection>,
) -> Result<Reply, Problem> {
    ctx.require(Permission::LedgerWrite)?;
    let mut change = ctx.begin(&input.digest).await?;
    let NewCorrection { reason, date, document } = &input.value;
    let lines = reverse(&ctx, &mut change, id, reason, date).await?;
    let draft = draft(&ctx, &mut change, document, None).await?;
    let link = serde_json::json!({ "corrects": id.to_string() });
    let label = &draft.legs[0].line.reference;
    change.record(ctx.event("document.create", &draft.id, label).with_detail(&link));
    let location = super::documents::location(&ctx, &draft);
    change.answer(Reply::created(location, &Reversed { lines, draft: Some(draft) })).await
}

async fn reverse(
    ctx: &Ctx,
    tx: &mut Tx,
    id: LineId,
    reason: &str,
    date: &str,
) -> Result<Vec<Line>, Problem> {
    let scope = ctx.require(Permission::LedgerPost)?;
    let asked = store::line(tx, ctx.company, scope, id.number()).await?;
    let customers = |lines: &[Line]| -> Vec<i64> { lines.iter().map(customer).collect() };
    let legs = legs(ctx, tx, asked.clone()).await?;
    customers::lock(tx, ctx.company, &customers(&legs)).await?;
    // Looked at again under the lock: somebody may have reversed it a moment ago.
    let legs = self::legs(ctx, tx, asked).await?;
    for leg in &legs {
        refuse_reversal(leg, date)?;
    }
    let document = (legs.len() > 1).then(|| tx.next_id());
    let new: Result<Vec<NewLine>, Problem> =
        legs.iter().map(|leg| opposite(leg, reason, date, document)).collect();
    let made = line::post(tx, ctx.company, &ctx.actor(), &new?).await;
    let ids = made.map_err(|problem| match problem.code {
        "exists" => reversed_already(),
        _ => problem,
    })?;
    let lines = store::lines(tx, ctx.company, &ids).await?;
    for leg in &legs {
        let by = lines.iter().find(|line| line.reverses.as_ref() == Some(&leg.id));
        let by = by.map(|line| &line.id);
        let detail = serde_json::json!({ "reason": reason, "by": by, "date": date });
        tx.record(ctx.event("line.reverse", &leg.id, &leg.reference).with_detail(&detail));
    }
    Ok(lines)
}

/// The line, or all legs of its document.
async fn legs(ctx: &Ctx, tx: &mut Tx, line: Line) -> Result<Vec<Line>, Problem> {
    let scope = ctx.require(Permission::LedgerPost)?;
    let Some(document) = line.document.as_deref().and_then(|id| id.parse::<DocumentId>().ok())
    else {
        let id = line.id.parse::<LineId>().map_err(|_| Problem::not_found())?;
        return Ok(vec![store::line(tx, ctx.company, scope, id.number()).await?]);
    };
    let held = store::document(tx, ctx.company, scope, document.number()).await?;
    Ok(held.document.legs.into_iter().map(|leg| leg.line).collect())
}

fn customer(line: &Line) -> i64 {
    line.customer.parse::<heqi_domain::CustomerId>().map_or(0, heqi_domain::CustomerId::number)
}

fn refuse_reversal(line: &Line, date: &str) -> Result<(), Problem> {
    let refuse = |code, zh: &str, en: &str| Err(Problem::conflict(code, zh, en));
    if line.side != "ours" {
        let zh = "对方账上的明细不能红冲；请对方更正，或重新导入";
        return refuse("not_ours", zh, "A line of the customer's book is not ours to reverse");
    }
    if line.kind == LedgerKind::Reversal {
        let zh = "红冲单不能再红冲；如有需要，请重新录入原单";
        return refuse("is_reversal", zh, "A reversal is not reversed; enter the document again");
    }
    if line.state != "posted" {
        return refuse(
            "wrong_state",
            "只有已过账的单据才能红冲",
            "Only what is posted is reversed",
        );
    }
    if line.reversed_by.is_some() {
        return Err(reversed_already());
    }
    if date < line.business_date.as_str() {
        return Err(Problem::field(
            "/date",
            format!("红冲日期不能早于原单日期（{}）", line.business_date),
            format!("A reversal is not dated before the entry of {}", line.business_date),
        ));
    }
    Ok(())
}

fn reversed_already() -> Problem {
    Problem::conflict("already_reversed", "这笔已经红冲过", "The entry was reversed already")
}

fn opposite(
    line: &Line,
    reason: &str,
    date: &str,
    document: Option<i64>,
) -> Result<NewLine, Problem> {
    let negated = |amount: i64| {
        let too_large = || Problem::invalid("amount_too_large", "金额太大", "Too large an amount");
        amount.checked_neg().ok_or_else(too_large)
    };
    Ok(NewLine {
        customer: customer(line),
        side: Side::Ours,
        currency: line.currency.clone(),
        kind: LedgerKind::Reversal,
        reference: line.reference.clone(),
        other_reference: line.other_reference.clone(),
        memo: reason.to_owned(),
        business_date: date.to_owned(),
        posting_date: date.to_owned(),
        due_date: None,
        amount: negated(line.amount)?,
        tax: line.tax.map(negated).transpose()?,
        freight: line.freight.map(negated).transpose()?,
        document,
        reverses: Some(line.id.parse::<LineId>().map_err(|_| Problem::not_found())?.number()),
        source: (String::new(), String::new()),
        batch: None,
    })
}

fn line_location(ctx: &Ctx, line: &Line) -> String {
    format!("/api/companies/{}/lines/{}", heqi_domain::CompanyId::text(ctx.company), line.id)
}
