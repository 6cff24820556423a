//! Bringing a file, saying how it is to be read, posting it, taking it back.

use heqi_domain::{BatchId, CustomerId, Id, JobId, Side};
use heqi_platform::Tx;
use sha2::{Digest, Sha256};

use super::model::{
    Commit, Committed, Decide, Import, Mapping, NameCustomer, NewTemplate, SavedTemplate, Started,
    Undone, UploadQuery,
};
use super::receive::{self, Payload, Upload};
use super::store::{self, Batch};
use super::{commit, jobs as work};
use crate::answer::Reply;
use crate::ctx::{At, Change, Ctx, EMPTY};
use crate::features::{customers, jobs};
use crate::input::{Input, Query};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};
use crate::upload::{Received, plain_name};

/// Up to so many rows are posted while the client waits; more are a job.
const INLINE_MAX: i64 = 5_000;

/// An import that the caller brought, or may see because every customer is in reach.
pub(super) async fn visible(ctx: &Ctx, tx: &mut Tx, batch: BatchId) -> Result<Batch, Problem> {
    let scope = ctx.require(Permission::ImportsWrite)?;
    let found = store::find(tx, ctx.company, batch.number()).await?;
    let own = |batch: &Batch| scope.all || batch.created_by == ctx.actor();
    found.filter(own).ok_or_else(Problem::not_found)
}

fn location(ctx: &Ctx, batch: i64) -> String {
    let company = heqi_domain::CompanyId::text(ctx.company);
    format!("/api/companies/{company}/imports/{}", BatchId::text(batch))
}

/// Enqueues reading; the job, and the version of the import from now on.
async fn reread(ctx: &Ctx, change: &mut Change, batch: &Batch) -> Result<(Started, i64), Problem> {
    let payload = Payload::new(batch.id, ctx.require(Permission::ImportsWrite)?);
    let version = store::touch(change, batch.id).await?;
    let by = ctx.actor();
    let job = receive::enqueue(change, ctx.company, work::READ, &payload, version, &by).await?;
    Ok((Started { id: BatchId::text(batch.id), job: JobId::text(job) }, version))
}

/// Brings a file: it is kept, and a job reads it.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports", tag = "imports",
    operation_id = "import_create", params(("company" = String, Path), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
                 description = "The file as it is, or a form with a field `file`"),
    responses((status = 201, description = "The import, and the job that reads it", body = Import,
               links(("import_view" = (operation_id = "import_view",
                      parameters(("batch" = "$response.body#/id")))))),
              (status = 422, description = "The side is missing", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_create(
    ctx: Ctx,
    Query(query): Query<UploadQuery>,
    received: Received,
) -> Result<Reply, Problem> {
    let name = query.name.as_deref().unwrap_or(&received.name);
    let name = plain_name(name);
    let mapping = said(&ctx, &query).await?;
    let mut change = ctx.begin(&Sha256::digest(&received.bytes).into()).await?;
    let mends = match &query.mends {
        Some(id) => Some(mended(&ctx, &mut change, id).await?),
        None => None,
    };
    let side = match (query.side.as_deref(), &mends) {
        (_, Some(first)) => first.side,
        (Some("ours"), None) => Side::Ours,
        (Some("theirs"), None) => Side::Theirs,
        _ => {
            let en = "Say whose book the file is: side=ours or side=theirs";
            return Err(Problem::field("/side", "请说明是哪边的账：side=ours 或 theirs", en));
        }
    };
    let by = ctx.actor();
    let (company, bytes) = (ctx.company, received.bytes.as_slice());
    let upload = Upload { company, name: &name, bytes, side, mapping, mends, by: &by };
    let (id, file) = receive::receive(&mut change, &ctx.app.keys.ring, &upload).await?;
    let batch = store::find(&mut change, company, id).await?.ok_or_else(Problem::not_found)?;
    reread(&ctx, &mut change, &batch).await?;
    change.record(ctx.event("import.receive", BatchId::text(id), &name).with_detail(&file));
    answer(&ctx, change, id, true).await
}

async fn mended(ctx: &Ctx, tx: &mut Tx, id: &str) -> Result<Batch, Problem> {
    let id = id.parse::<BatchId>().map_err(|_| Problem::not_found())?;
    let first = visible(ctx, tx, id).await?;
    if first.state != "committed" {
        return Err(Problem::conflict(
            "mends_not_committed",
            "先把原来那次导入入账，再上传改好的行",
            "Commit the first import before the mended rows are brought",
        ));
    }
    Ok(first)
}

/// What the query says about the file.
async fn said(ctx: &Ctx, query: &UploadQuery) -> Result<Mapping, Problem> {
    let (view, customer) = (query.view.clone(), query.customer.clone());
    if view.as_deref().is_some_and(|view| !["receivable", "payable"].contains(&view)) {
        let en = "The view is `receivable` or `payable`";
        return Err(Problem::field("/view", "口径只能是 receivable 或 payable", en));
    }
    let mapping = Mapping { view, customer, ..Mapping::default() };
    in_reach(ctx, &mapping).await?;
    Ok(mapping)
}

/// Refuses a customer that the caller may not see.
async fn in_reach(ctx: &Ctx, mapping: &Mapping) -> Result<(), Problem> {
    if let Some(id) = &mapping.customer {
        let id = id.parse::<CustomerId>().map_err(|_| Problem::not_found())?;
        let mut tx = ctx.read().await?;
        customers::visible(ctx, &mut tx, Permission::ImportsWrite, id.number()).await?;
    }
    Ok(())
}

async fn answer(ctx: &Ctx, mut change: Change, id: i64, new: bool) -> Result<Reply, Problem> {
    let batch = store::find(&mut change, ctx.company, id).await?.ok_or_else(Problem::not_found)?;
    let import = store::shown(&mut change, ctx.company, batch).await?;
    let version = import.version;
    let reply = if new { Reply::created(location(ctx, id), &import) } else { Reply::ok(&import) };
    change.answer(reply.version(version)).await
}

/// Says how a file is to be read, as a whole; a job reads it again.
#[utoipa::path(
    put, path = "/api/companies/{company}/imports/{batch}/mapping", tag = "imports",
    operation_id = "import_map",
    params(("company" = String, Path), ("batch" = String, Path)),
    request_body = Mapping,
    responses((status = 202, description = "The job that reads it", body = Started),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_map(
    ctx: Ctx,
    At(batch): At<BatchId>,
    input: Input<Mapping>,
) -> Result<Reply, Problem> {
    let version = ctx.if_match()?;
    in_reach(&ctx, &input.value).await?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    if !store::set_mapping(&mut change, found.id, version, &input.value).await? {
        return Err(stale_or_over(&found, version));
    }
    let found = visible(&ctx, &mut change, batch).await?;
    let (started, version) = reread(&ctx, &mut change, &found).await?;
    let event = ctx.event("import.map", batch, &found.file_name);
    change.record(event.with_detail(&input.value));
    accepted(&ctx, change, &started, version).await
}

async fn accepted(
    ctx: &Ctx,
    change: Change,
    started: &Started,
    version: i64,
) -> Result<Reply, Problem> {
    let job = started.job.parse::<JobId>().map_or(0, JobId::number);
    let reply = Reply::accepted(jobs::location(ctx.company, job), started);
    change.answer(reply.version(version)).await
}

fn stale_or_over(found: &Batch, version: i64) -> Problem {
    if found.version == version {
        commit::not_checked(&found.state)
    } else {
        Problem::stale(found.version)
    }
}

/// Reads the file again and holds it against the ledger as it is now.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports/{batch}/check", tag = "imports",
    operation_id = "import_check",
    params(("company" = String, Path), ("batch" = String, Path)),
    responses((status = 202, description = "The job that checks it", body = Started),
              (status = 409, description = "It is posted or discarded", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_check(ctx: Ctx, At(batch): At<BatchId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    if !["received", "inspected", "mapped", "checked"].contains(&found.state.as_str()) {
        return Err(commit::not_checked(&found.state));
    }
    let (started, version) = reread(&ctx, &mut change, &found).await?;
    change.record(ctx.event("import.recheck", batch, &found.file_name));
    accepted(&ctx, change, &started, version).await
}

/// Says who is meant by a name of the file. The name becomes an alias, so that it is known next
/// time; a job reads the file again.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports/{batch}/customers", tag = "imports",
    operation_id = "import_name_customer",
    params(("company" = String, Path), ("batch" = String, Path)),
    request_body = NameCustomer,
    responses((status = 202, description = "The job that reads it again", body = Started),
              (status = 404, description = "No such import or customer", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_name_customer(
    ctx: Ctx,
    At(batch): At<BatchId>,
    input: Input<NameCustomer>,
) -> Result<Reply, Problem> {
    let NameCustomer { name, customer } = &input.value;
    let customer = customer.parse::<CustomerId>().map_err(|_| Problem::not_found())?.number();
    let mut change = ctx.begin(&input.digest).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    let meant = customers::visible(&ctx, &mut change, Permission::ImportsWrite, customer).await?;
    if !["inspected", "mapped", "checked"].contains(&found.state.as_str()) {
        return Err(commit::not_checked(&found.state));
    }
    customers::known::remember(&mut change, ctx.company, customer, name).await?;
    let (started, version) = reread(&ctx, &mut change, &found).await?;
    let detail = serde_json::json!({ "alias": name, "import": batch });
    change.record(ctx.event("customer.alias", meant.text(), &meant.name).with_detail(&detail));
    accepted(&ctx, change, &started, version).await
}

/// Decides about possible duplicates: import them or leave them out.
#[utoipa::path(
    put, path = "/api/companies/{company}/imports/{batch}/decisions", tag = "imports",
    operation_id = "import_decide",
    params(("company" = String, Path), ("batch" = String, Path)),
    request_body = Decide,
    responses((status = 200, description = "The import", body = Import),
              (status = 412, description = "Somebody has changed it since", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_decide(
    ctx: Ctx,
    At(batch): At<BatchId>,
    input: Input<Decide>,
) -> Result<Reply, Problem> {
    let version = ctx.if_match()?;
    let mut change = ctx.begin(&input.digest).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    let mut decisions = found.decisions.clone();
    decisions.extend(input.value.groups.clone());
    if !store::set_decisions(&mut change, found.id, version, &decisions).await? {
        return Err(stale_or_over(&found, version));
    }
    let event = ctx.event("import.decide", batch, &found.file_name);
    change.record(event.with_detail(&input.value));
    answer(&ctx, change, found.id, false).await
}

/// Our own side is posted, and taken back, by who may post: bringing a file is no way around it.
fn may_post(ctx: &Ctx, batch: &Batch) -> Result<(), Problem> {
    match batch.side {
        Side::Ours => ctx.require(Permission::LedgerPost).map(drop),
        Side::Theirs => Ok(()),
    }
}

/// Posts the chosen rows, all of them or none. Many rows are a job. Rows of our own side need
/// `ledger.post` too.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports/{batch}/commit", tag = "imports",
    operation_id = "import_commit",
    params(("company" = String, Path), ("batch" = String, Path)),
    request_body = Commit,
    responses((status = 200, description = "What was posted", body = Committed),
              (status = 202, description = "The job that posts them", body = Started),
              (status = 409, description = "The preview does not hold", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_commit(
    ctx: Ctx,
    At(batch): At<BatchId>,
    input: Input<Commit>,
) -> Result<Reply, Problem> {
    let scope = ctx.require(Permission::ImportsWrite)?.clone();
    let plan = &input.value.plan;
    let mut change = ctx.begin(&input.digest).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    may_post(&ctx, &found)?;
    let rows: i64 = found.totals.iter().flat_map(|it| &it.totals).map(|total| total.rows).sum();
    let by = ctx.actor();
    if rows > INLINE_MAX {
        if found.state != "checked" {
            return Err(commit::not_checked(&found.state));
        }
        let payload = Payload { plan: plan.clone(), ..Payload::new(found.id, &scope) };
        let (company, version) = (ctx.company, found.version);
        let kind = work::COMMIT;
        let job = receive::enqueue(&mut change, company, kind, &payload, version, &by).await?;
        change.record(ctx.event("import.commit_asked", batch, &found.file_name));
        let started = Started { id: batch.to_string(), job: JobId::text(job) };
        return accepted(&ctx, change, &started, version).await;
    }
    let posted = commit::apply(&mut change, ctx.company, found.id, plan, &scope, &by).await?;
    change.record(ctx.event("import.commit", batch, &found.file_name).with_detail(&posted));
    change.answer(Reply::ok(&posted)).await
}

/// Takes a posted import back, unless something has been built on it. One of our own side needs
/// `ledger.post` too.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports/{batch}/undo", tag = "imports",
    operation_id = "import_undo",
    params(("company" = String, Path), ("batch" = String, Path)),
    responses((status = 200, description = "What was taken back", body = Undone),
              (status = 409, description = "What stands in the way", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_undo(ctx: Ctx, At(batch): At<BatchId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    may_post(&ctx, &found)?;
    let undone = commit::undo(&mut change, ctx.company, found.id, &ctx.actor()).await?;
    change.record(ctx.event("import.undo", batch, &found.file_name).with_detail(&undone));
    change.answer(Reply::ok(&undone)).await
}

/// Gives an import up that was not posted; the file stays.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports/{batch}/discard", tag = "imports",
    operation_id = "import_discard",
    params(("company" = String, Path), ("batch" = String, Path)),
    responses((status = 200, description = "The import", body = Import),
              (status = 409, description = "It is posted", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_discard(ctx: Ctx, At(batch): At<BatchId>) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&EMPTY).await?;
    visible(&ctx, &mut change, batch).await?;
    let found = store::lock(&mut change, ctx.company, batch.number()).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    if ["committed", "undone", "discarded"].contains(&found.state.as_str()) {
        return Err(commit::not_checked(&found.state));
    }
    store::set_state(&mut change, found.id, "discarded", &ctx.actor()).await?;
    change.record(ctx.event("import.discard", batch, &found.file_name));
    answer(&ctx, change, found.id, false).await
}

/// Saves how this file was read; files with the same header are read so from now on.
#[utoipa::path(
    post, path = "/api/companies/{company}/imports/{batch}/template", tag = "imports",
    operation_id = "import_template_save",
    params(("company" = String, Path), ("batch" = String, Path)),
    request_body = NewTemplate,
    responses((status = 200, description = "The template", body = SavedTemplate),
              (status = 409, description = "The file was not read", body = ProblemBody)),
    extensions(("x-permission" = json!("imports.write")))
)]
pub(super) async fn import_template_save(
    ctx: Ctx,
    At(batch): At<BatchId>,
    input: Input<NewTemplate>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    let found = visible(&ctx, &mut change, batch).await?;
    let parsed = heqi_intake::Template::parse(&found.template);
    let (Ok(template), true) = (parsed, !found.template.is_empty()) else {
        return Err(commit::not_checked(&found.state));
    };
    let names = (input.value.name.as_str(), template.fingerprint.as_str());
    let saved = store::save_template(&mut change, ctx.company, &found, names, &ctx.actor()).await?;
    change.record(ctx.event("template.save", &saved.id, &saved.name).with_detail(&saved));
    change.answer(Reply::ok(&saved).version(saved.version)).await
}
