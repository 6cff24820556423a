//! What is sealed about a customer: bank accounts and phones.
//!
//! The database holds them under keys it never sees, beside an index by which equal ones are
//! found. Lists and views show masks; plainly they are read at one place, which is audited.

use heqi_domain::plain_name;
use heqi_platform::crypto::{Context, CryptoError, IndexedColumn, mask};

use super::model::Bank;
use crate::ctx::Ctx;
use crate::problem::Problem;

/// Where the bank account of a customer is sealed.
pub(super) fn bank_place(company: i64, customer: i64) -> Context {
    Context::field(company, "customer", "bank_sealed", customer)
}

/// Where a bank account that is asked for is sealed.
pub(super) fn change_place(company: i64, change: i64) -> Context {
    Context::field(company, "bank_change", "bank_sealed", change)
}

fn phone_place(company: i64, contact: i64) -> Context {
    Context::field(company, "customer_contact", "phone_sealed", contact)
}

pub(super) fn seal_bank(ctx: &Ctx, place: &Context, bank: &Bank) -> Result<String, Problem> {
    let text = serde_json::json!({ "bank": bank.bank, "account": bank.account }).to_string();
    ctx.app.keys.ring.seal_text(place, &text).map_err(|error| broken(&error))
}

/// None if nothing is sealed there.
pub(super) fn open_bank(ctx: &Ctx, place: &Context, sealed: &str) -> Result<Option<Bank>, Problem> {
    if sealed.is_empty() {
        return Ok(None);
    }
    let text = ctx.app.keys.ring.open_text(place, sealed).map_err(|error| broken(&error))?;
    Ok(serde_json::from_str(&text).ok())
}

/// The index by which the same account is found again, however it is spaced.
pub(super) fn bank_index(ctx: &Ctx, bank: &Bank) -> [u8; 32] {
    let column = IndexedColumn { company: ctx.company, table: "customer", column: "bank_sealed" };
    ctx.app.keys.ring.blind_index(column, &plain_name(&bank.account))
}

/// The sealed phone and its index; neither for an empty one.
pub(super) fn seal_phone(
    ctx: &Ctx,
    contact: i64,
    phone: &str,
) -> Result<(String, Option<Vec<u8>>), Problem> {
    let digits: String = plain_name(phone);
    if digits.is_empty() {
        return Ok((String::new(), None));
    }
    let place = phone_place(ctx.company, contact);
    let sealed = ctx.app.keys.ring.seal_text(&place, phone.trim()).map_err(|e| broken(&e))?;
    let column =
        IndexedColumn { company: ctx.company, table: "customer_contact", column: "phone_sealed" };
    Ok((sealed, Some(ctx.app.keys.ring.blind_index(column, &digits).to_vec())))
}

pub(super) fn open_phone(ctx: &Ctx, contact: i64, sealed: &str) -> Result<String, Problem> {
    if sealed.is_empty() {
        return Ok(String::new());
    }
    let place = phone_place(ctx.company, contact);
    ctx.app.keys.ring.open_text(&place, sealed).map_err(|error| broken(&error))
}

pub(super) fn masked(bank: &Bank) -> Bank {
    Bank { bank: bank.bank.clone(), account: mask::bank_account(&bank.account) }
}

fn broken(error: &CryptoError) -> Problem {
    tracing::error!(%error, "a sealed value cannot be used");
    Problem::new(
        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        "sealed_value",
        "加密字段打不开：密钥文件与数据库不配套；请管理员检查密钥文件",
        "A sealed field cannot be opened: the key file is not that of this database; ask the \
         administrator",
    )
}
