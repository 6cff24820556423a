//! A new bank account 账号变更: asked for by one person, approved by another.
//!
//! Changed bank details are the commonest way to steal a payment, so that no one person can
//! change them, not even at the first entry.

use axum::Json;
use garde::Validate;
use heqi_domain::{BankChangeId, CustomerId, Id};
use heqi_platform::{DbError, Row, Sql, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::Bank;
use super::{lock, sealed, visible};
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// A bank account that is asked for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBankChange {
    /// The new account.
    #[garde(dive)]
    pub bank: Bank,
    /// Why: the letter it came with, the call that confirmed it.
    #[garde(length(chars, min = 1, max = 300))]
    pub reason: String,
}

/// What was decided.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// How it was checked, or why not.
    #[garde(length(chars, min = 1, max = 300))]
    pub note: String,
}

/// A bank account that was asked for; the account is masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankChange {
    /// Its id.
    pub id: String,
    /// The customer.
    pub customer: String,
    /// The account.
    pub bank: Option<Bank>,
    /// Why.
    pub reason: String,
    /// `proposed`, `approved` or `rejected`.
    pub state: String,
    /// Who asked for it.
    pub proposed_by: String,
    /// When.
    #[schema(value_type = String)]
    pub proposed_at: Timestamp,
    /// Who decided.
    pub decided_by: String,
    /// How it was checked, or why not.
    pub note: String,
    /// Changes with every change.
    pub version: i64,
}

async fn rows(tx: &mut Tx, company: i64, customer: i64) -> Result<Vec<Row>, DbError> {
    let sql = Sql::new(
        "SELECT id, customer_id, bank_sealed, bank_index, reason, state, proposed_by, \
         proposed_at, decided_by, note, version FROM bank_change \
         WHERE company_id = $1 AND customer_id = $2 ORDER BY id DESC LIMIT 100",
    );
    tx.rows(sql.bind(company).bind(customer)).await
}

fn open(ctx: &Ctx, row: &Row) -> Result<Option<Bank>, Problem> {
    let place = sealed::change_place(ctx.company, row.get("id")?);
    sealed::open_bank(ctx, &place, &row.get::<String>("bank_sealed")?)
}

fn shown(ctx: &Ctx, row: &Row) -> Result<BankChange, Problem> {
    Ok(BankChange {
        id: BankChangeId::text(row.get("id")?),
        customer: CustomerId::text(row.get("customer_id")?),
        bank: open(ctx, row)?.map(|bank| sealed::masked(&bank)),
        reason: row.get("reason")?,
        state: row.get("state")?,
        proposed_by: row.get("proposed_by")?,
        proposed_at: row.get("proposed_at")?,
        decided_by: row.get("decided_by")?,
        note: row.get("note")?,
        version: row.get("version")?,
    })
}

/// Bank accounts that were asked for, the latest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/customers/{customer}/bank-changes", tag = "customers",
    operation_id = "bank_change_list",
    params(("company" = String, Path), ("customer" = String, Path)),
    responses((status = 200, description = "Every request", body = Vec<BankChange>)),
    extensions(("x-permission" = json!("customers.read")))
)]
pub(super) async fn bank_change_list(
    ctx: Ctx,
    At(customer): At<CustomerId>,
) -> Result<Json<Vec<BankChange>>, Problem> {
    let mut tx = ctx.read().await?;
    visible(&ctx, &mut tx, Permission::CustomersRead, customer.number()).await?;
    let rows = rows(&mut tx, ctx.company, customer.number()).await?;
    rows.iter().map(|row| shown(&ctx, row)).collect::<Result<Vec<_>, _>>().map(Json)
}

/// Asks for a new bank account; it counts when somebody else has approved it.
#[utoipa::path(
    post, path = "/api/companies/{company}/customers/{customer}/bank-changes", tag = "customers",
    operation_id = "bank_change_create",
    params(("company" = String, Path), ("customer" = String, Path)),
    request_body = NewBankChange,
    responses((status = 201, description = "The request", body = BankChange),
              (status = 409, description = "One is waiting already", body = ProblemBody)),
    extensions(("x-permission" = json!("customers.write")))
)]
pub(super) async fn bank_change_create(
    ctx: Ctx,
    At(customer): At<CustomerId>,
    input: Input<NewBankChange>,
) -> Result<Reply, Problem> {
    let number = customer.number();
    ctx.require(Permission::CustomersWrite)?;
    let NewBankChange { bank, reason } = input.value;
    let mut change = ctx.begin(&input.digest).await?;
    let brief = visible(&ctx, &mut change, Permission::CustomersWrite, number).await?;
    let (id, now) = (change.next_id(), change.now());
    let sealed = sealed::seal_bank(&ctx, &sealed::change_place(ctx.company, id), &bank)?;
    let insert = Sql::new(
        "INSERT INTO bank_change (id, company_id, customer_id, bank_sealed, bank_index, reason, \
         state, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8)",
    );
    let insert = insert.bind(id).bind(ctx.company).bind(number).bind(sealed);
    let insert = insert.bind(sealed::bank_index(&ctx, &bank)).bind(reason).bind(ctx.actor());
    match change.execute(insert.bind(now)).await {
        Err(error) if error.is_unique("customer_id") || error.is_unique("bank_change_open") => {
            return Err(Problem::conflict(
                "bank_change_waiting",
                "这个客户已有一笔账号变更等待复核；请先复核或退回",
                "A change of the account is waiting; approve or reject it first",
            ));
        }
        other => other?,
    };
    let shown = find(&ctx, &mut change, number, id).await.and_then(|row| shown(&ctx, &row))?;
    let event = ctx.event("bank_account.propose", customer, &brief.name);
    change.record(event.with_detail(&shown));
    let location = format!("{}/bank-changes", super::routes::location(&ctx, number));
    change.answer(Reply::created(location, &shown).version(shown.version)).await
}

async fn find(ctx: &Ctx, tx: &mut Tx, customer: i64, id: i64) -> Result<Row, Problem> {
    let rows = rows(tx, ctx.company, customer).await?;
    let found = rows.into_iter().find(|row| row.get::<i64>("id").is_ok_and(|it| it == id));
    found.ok_or_else(Problem::not_found)
}

/// One operation for each of the two answers to a request.
macro_rules! answer {
    ($(#[$doc:meta])* $name:ident = $id:literal at $path:literal, $state:literal) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "customers", operation_id = $id,
            params(("company" = String, Path), ("customer" = String, Path),
                   ("bankchange" = String, Path),
                   ("If-Match" = String, Header, description = "The version of the request")),
            request_body = Decision,
            responses((status = 200, description = "The request", body = BankChange),
                      (status = 409, description = "Decided, or one's own", body = ProblemBody)),
            extensions(("x-permission" = json!("bank_accounts.approve")))
        )]
        pub(super) async fn $name(
            ctx: Ctx,
            At(customer): At<CustomerId>,
            At(id): At<BankChangeId>,
            input: Input<Decision>,
        ) -> Result<Reply, Problem> {
            decide(&ctx, customer, id, &input, $state).await
        }
    };
}

answer! {
    /// Approves a bank account that somebody else asked for; from now on it is the customer's.
    bank_change_approve = "bank_change_approve" at
        "/api/companies/{company}/customers/{customer}/bank-changes/{bankchange}/approve",
    "approved"
}

answer! {
    /// Rejects a bank account that was asked for.
    bank_change_reject = "bank_change_reject" at
        "/api/companies/{company}/customers/{customer}/bank-changes/{bankchange}/reject",
    "rejected"
}

async fn decide(
    ctx: &Ctx,
    customer: CustomerId,
    id: BankChangeId,
    input: &Input<Decision>,
    state: &'static str,
) -> Result<Reply, Problem> {
    ctx.require(Permission::BankAccountsApprove)?;
    let wanted = ctx.if_match()?;
    let number = customer.number();
    let mut change = ctx.begin(&input.digest).await?;
    lock(&mut change, ctx.company, &[number]).await?;
    let brief = visible(ctx, &mut change, Permission::BankAccountsApprove, number).await?;
    let row = find(ctx, &mut change, number, id.number()).await?;
    refuse(ctx, &row, wanted)?;
    let now = change.now();
    let update = Sql::new(
        "UPDATE bank_change SET state = $1, decided_by = $2, decided_at = $3, note = $4, \
         version = version + 1 WHERE id = $5",
    );
    let update = update.bind(state).bind(ctx.actor()).bind(now).bind(&input.value.note);
    change.execute(update.bind(id.number())).await?;
    if state == "approved" {
        let bank = open(ctx, &row)?.ok_or_else(Problem::not_found)?;
        write(ctx, &mut change, number, &bank).await?;
    }
    let row = find(ctx, &mut change, number, id.number()).await?;
    let shown = shown(ctx, &row)?;
    let action = if state == "approved" { "bank_account.approve" } else { "bank_account.reject" };
    change.record(ctx.event(action, customer, &brief.name).with_detail(&shown));
    change.answer(Reply::ok(&shown).version(shown.version)).await
}

fn refuse(ctx: &Ctx, row: &Row, wanted: i64) -> Result<(), Problem> {
    let version: i64 = row.get("version")?;
    if version != wanted {
        return Err(Problem::stale(version));
    }
    if row.get::<String>("state")? != "proposed" {
        return Err(Problem::conflict(
            "bank_change_decided",
            "这笔账号变更已经处理过",
            "This change has been decided already",
        ));
    }
    if row.get::<String>("proposed_by")? == ctx.actor() {
        return Err(Problem::conflict(
            "own_bank_change",
            "经办和复核不能是同一个人；请另一位有复核权限的同事处理",
            "Nobody decides their own request; ask another person with the permission",
        ));
    }
    Ok(())
}

/// The account becomes the customer's, sealed for its new place.
async fn write(ctx: &Ctx, tx: &mut Tx, customer: i64, bank: &Bank) -> Result<(), Problem> {
    let sealed = sealed::seal_bank(ctx, &sealed::bank_place(ctx.company, customer), bank)?;
    let now = tx.now();
    let update = Sql::new(
        "UPDATE customer SET bank_sealed = $1, bank_index = $2, updated_at = $3, \
         version = version + 1 WHERE id = $4",
    );
    let update = update.bind(sealed).bind(sealed::bank_index(ctx, bank)).bind(now);
    Ok(tx.execute(update.bind(customer)).await.map(drop)?)
}
