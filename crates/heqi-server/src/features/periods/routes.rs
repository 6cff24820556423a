//! Opening periods and looking at them.

use axum::Json;
use heqi_domain::{CustomerId, Id, PeriodId, day_text};
use heqi_platform::audit::Fault;
use heqi_platform::{DbError, Tx, Value};

use super::checklist::{self, Around};
use super::digest::{hex, lines_digest};
use super::figures;
use super::model::{NewPeriod, Period, PeriodDetail, PeriodQuery, Preview, Snapshot};
use super::sources;
use super::store::{self, Account, Record};
use crate::answer::Reply;
use crate::ctx::{At, Ctx, EMPTY};
use crate::features::customers;
use crate::input::{Input, Query};
use crate::page::{Page, PageQuery};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// The periods of the company, the latest days first.
#[utoipa::path(
    get, path = "/api/companies/{company}/periods", tag = "periods",
    operation_id = "period_list", params(("company" = String, Path), PeriodQuery),
    responses((status = 200, description = "A page of periods", body = Page<Period>),
              (status = 403, description = "Not allowed", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn period_list(
    ctx: Ctx,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<Page<Period>>, Problem> {
    let scope = ctx.require(Permission::PeriodsRead)?;
    let PeriodQuery { customer, state, limit, cursor } = query;
    let page = PageQuery { limit, cursor };
    let (limit, key) = (page.limit()?, &ctx.app.keys.cursor);
    let after = match page.after(key)?.as_deref() {
        Some([Value::Text(day), Value::Int(id)]) => Some((day.clone(), *id)),
        _ => None,
    };
    let customer = customer.map(|text| text.parse::<CustomerId>()).transpose();
    let customer = customer.map_err(|_| Problem::not_found())?.map(CustomerId::number);
    let filter = (customer, state.as_deref());
    let mut tx = ctx.read().await?;
    let found = store::list(&mut tx, ctx.company, scope, filter, (after, limit)).await?;
    let page = Page::cut(found, limit, key, |it| {
        vec![it.shown.last_day.as_str().into(), it.number.into()]
    });
    let items = page.items.into_iter().map(|record| record.shown).collect();
    Ok(Json(Page { items, next: page.next }))
}

/// Opens the next period of an account.
#[utoipa::path(
    post, path = "/api/companies/{company}/periods", tag = "periods",
    operation_id = "period_create", params(("company" = String, Path)), request_body = NewPeriod,
    responses((status = 201, description = "The period", body = Period,
               links(("period_view" = (operation_id = "period_view",
                      parameters(("period" = "$response.body#/id")))))),
              (status = 409, description = "It does not follow the last one", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.prepare")))
)]
pub(super) async fn period_create(ctx: Ctx, input: Input<NewPeriod>) -> Result<Reply, Problem> {
    ctx.require(Permission::PeriodsPrepare)?;
    let NewPeriod { customer, currency, span, deadline } = &input.value;
    let (span, first, last) = days(span)?;
    let customer = customer.parse::<CustomerId>().map_err(|_| Problem::not_found())?;
    let mut change = ctx.begin(&input.digest).await?;
    let prepare = Permission::PeriodsPrepare;
    let brief = customers::visible(&ctx, &mut change, prepare, customer.number()).await?;
    customers::lock(&mut change, ctx.company, &[brief.id]).await?;
    let currency = currency.clone().unwrap_or_else(|| brief.currency.clone());
    let account = Account { company: ctx.company, customer: brief.id, currency };
    let days = (first.as_str(), last.as_str());
    refuse_gap(&store::of_account(&mut change, &account).await?, &first)?;
    let deadline = deadline.clone();
    let id = store::insert(&mut change, &account, span, days, deadline, &ctx.actor()).await?;
    let record = find(&ctx, &mut change, prepare, id).await?;
    let label = format!("{} {span}", brief.name);
    let event = ctx.event("period.create", &record.shown.id, &label);
    change.record(event.with_detail(&input.value));
    let location = format!("/api/companies/{}/periods/{}", company_text(&ctx), record.shown.id);
    change.answer(Reply::created(location, &record.shown).version(1)).await
}

/// The period that a text names, with its first and last day.
fn days(text: &str) -> Result<(heqi_domain::Period, String, String), Problem> {
    let parsed = text.parse::<heqi_domain::Period>();
    let parsed = parsed.ok().and_then(|span| Some((span, span.first()?, span.last()?)));
    let (span, first, last) = parsed.ok_or_else(|| {
        Problem::field(
            "/span",
            "期间写法应如 2026-10、2026-Q3、2026 或 2026-01-26..2026-02-25，起止日都要有",
            "Write a period like 2026-10, 2026-Q3, 2026 or 2026-01-26..2026-02-25, with both days",
        )
    })?;
    Ok((span, day_text(first), day_text(last)))
}

fn refuse_gap(periods: &[Record], first: &str) -> Result<(), Problem> {
    let Some(previous) = periods.last() else { return Ok(()) };
    let day = heqi_domain::day_from_iso(&previous.shown.last_day);
    let next = day.map(|day| day_text(day + 1)).unwrap_or_default();
    if next == first {
        return Ok(());
    }
    let problem = Problem::conflict(
        "period_gap",
        format!("期间须首尾相接：上一期间到 {}，本期应从 {next} 开始", previous.shown.last_day),
        format!(
            "Periods follow each other: the last one ends on {}, this one has to begin on {next}",
            previous.shown.last_day
        ),
    );
    Err(problem.with_facts(serde_json::json!({ "first_day": next })))
}

/// Removes the last period of an account if it was never signed.
#[utoipa::path(
    delete, path = "/api/companies/{company}/periods/{period}", tag = "periods",
    operation_id = "period_delete", params(("company" = String, Path), ("period" = String, Path)),
    responses((status = 200, description = "What was removed", body = Period),
              (status = 409, description = "Signed once, or not the last", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.prepare")))
)]
pub(super) async fn period_delete(ctx: Ctx, At(period): At<PeriodId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let record = lock(&ctx, &mut change, Permission::PeriodsPrepare, period).await?;
    let periods = store::of_account(&mut change, &record.account).await?;
    if record.shown.seal > 0 || periods.last().is_none_or(|last| last.number != record.number) {
        return Err(Problem::conflict(
            "period_kept",
            "签认过的期间不能删除；也只能从最后一个期间删起",
            "A period that was signed once is kept; only the last period can be removed",
        ));
    }
    store::remove(&mut change, record.number).await?;
    change.record(ctx.event("period.delete", &record.shown.id, &label(&record)));
    change.answer(Reply::ok(&record.shown)).await
}

/// A period with what was prepared or signed.
#[utoipa::path(
    get, path = "/api/companies/{company}/periods/{period}", tag = "periods",
    operation_id = "period_view", params(("company" = String, Path), ("period" = String, Path)),
    responses((status = 200, description = "The period", body = PeriodDetail),
              (status = 404, description = "No such period", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn period_view(ctx: Ctx, At(period): At<PeriodId>) -> Result<Reply, Problem> {
    let mut tx = ctx.read().await?;
    let record = find(&ctx, &mut tx, Permission::PeriodsRead, period.number()).await?;
    let seals = store::seals(&mut tx, record.number).await?;
    let Record { shown: period, snapshot, checklist, .. } = record;
    let version = period.version;
    Ok(Reply::ok(&PeriodDetail { period, snapshot, checklist, seals }).version(version))
}

/// What a period would be if it were prepared now: figures and checklist.
#[utoipa::path(
    get, path = "/api/companies/{company}/periods/{period}/preview", tag = "periods",
    operation_id = "period_preview",
    params(("company" = String, Path), ("period" = String, Path)),
    responses((status = 200, description = "Figures and checklist", body = Preview),
              (status = 404, description = "No such period", body = ProblemBody)),
    extensions(("x-permission" = json!("periods.read")))
)]
pub(super) async fn period_preview(
    ctx: Ctx,
    At(period): At<PeriodId>,
) -> Result<Json<Preview>, Problem> {
    let mut tx = ctx.read().await?;
    let record = find(&ctx, &mut tx, Permission::PeriodsRead, period.number()).await?;
    let fault = chain_fault(&mut tx, ctx.company).await?;
    Ok(Json(preview(&mut tx, &record, &record.excuse, fault).await?))
}

/// The figures and the checklist of a period as it stands in this transaction.
pub(super) async fn preview(
    tx: &mut Tx,
    record: &Record,
    excuse: &str,
    chain_fault: Option<String>,
) -> Result<Preview, Problem> {
    let Record { account, shown, .. } = record;
    let periods = store::of_account(tx, account).await?;
    let before = periods.iter().rfind(|it| it.shown.last_day < shown.first_day);
    let signed = before.filter(|it| it.shown.state == "signed");
    let previous = match signed {
        Some(signed) => Some(store::sealed(tx, signed).await?),
        None => None,
    };
    let facts = sources::facts(tx, account, &shown.last_day).await?;
    let ties = sources::ties(tx, account).await?;
    let through = signed.map(|it| it.shown.last_day.as_str()).unwrap_or_default();
    let made = figures::figures(&facts, &ties, &shown.first_day, through);
    let made = made.map_err(|error| DbError::Failed(error.to_string()))?;
    let snapshot = Snapshot {
        company: heqi_domain::CompanyId::text(account.company),
        customer: shown.customer.clone(),
        currency: shown.currency.clone(),
        span: shown.span.clone(),
        first_day: shown.first_day.clone(),
        last_day: shown.last_day.clone(),
        excuse: excuse.trim().to_owned(),
        ours: made.ours,
        theirs: made.theirs,
        breakdown: made.breakdown,
        items: made.items,
        lines_digest: lines_digest(&facts, &shown.first_day),
        previous_digest: previous.as_ref().map(|(_, digest)| hex(digest)).unwrap_or_default(),
    };
    let joined = sources::joined(tx, account, through, &shown.last_day).await?;
    let closing = |it: &(Snapshot, [u8; 32])| {
        (it.0.ours.closing.checked_add(joined.0), it.0.theirs.closing.checked_add(joined.1))
    };
    let around = Around {
        previous_closing: previous.as_ref().map(closing),
        unsigned_before: before
            .filter(|it| it.shown.state != "signed")
            .map(|it| it.shown.span.clone()),
        chain_fault,
    };
    let checklist = checklist::check(tx, record, &snapshot, &around).await?;
    let ready = checklist.iter().all(|check| check.ok);
    Ok(Preview { snapshot, checklist, ready })
}

/// What is wrong with the audit chain of the company, if anything is: walked through from where
/// it was walked through last.
pub(super) async fn chain_fault(tx: &mut Tx, company: i64) -> Result<Option<String>, DbError> {
    let report = heqi_platform::audit::verify_new(tx, company).await?;
    Ok(report.fault.as_ref().map(Fault::to_string))
}

/// A period within the caller's scope for this permission.
pub(super) async fn find(
    ctx: &Ctx,
    tx: &mut Tx,
    permission: Permission,
    period: i64,
) -> Result<Record, Problem> {
    let scope = ctx.require(permission)?;
    let found = store::find(tx, ctx.company, period, scope).await?;
    found.ok_or_else(Problem::not_found)
}

/// The same under the lock of its customer: read again once it is held.
pub(super) async fn lock(
    ctx: &Ctx,
    tx: &mut Tx,
    permission: Permission,
    period: PeriodId,
) -> Result<Record, Problem> {
    let record = find(ctx, tx, permission, period.number()).await?;
    customers::lock(tx, ctx.company, &[record.account.customer]).await?;
    find(ctx, tx, permission, period.number()).await
}

/// What a person calls a period.
pub(super) fn label(record: &Record) -> String {
    format!("{} {} {}", record.shown.customer_name, record.shown.span, record.shown.currency)
}

fn company_text(ctx: &Ctx) -> String {
    heqi_domain::CompanyId::text(ctx.company)
}
