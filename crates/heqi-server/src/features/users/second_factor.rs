//! The second factor 双因素: set up with a phone, used once per code, removed with the password.

use garde::Validate;
use heqi_platform::crypto::Context;
use heqi_platform::{DbError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::me::prove;
use super::model::Proof;
use super::store::second_factor as secrets;
use super::store::{self, Credentials};
use crate::answer::Reply;
use crate::app::App;
use crate::auth::totp::SharedSecret;
use crate::auth::{recovery, session};
use crate::ctx::{Change, Ctx};
use crate::input::Input;
use crate::problem::{Problem, ProblemBody};

use super::session::session_of;

/// What is known of the second factor of an attempt to sign in.
pub(super) enum Factor {
    /// There is none, or the code is right and was used up.
    Right,
    /// No code was given.
    Missing,
    /// The code is wrong or was used before.
    Wrong,
}

/// Checks a code of the phone or a recovery code and uses it up. The row of the person is
/// locked, so that of two attempts with one code only the first gets in.
pub(super) async fn check(
    app: &App,
    tx: &mut Tx,
    known: &Credentials,
    code: Option<&str>,
) -> Result<Factor, DbError> {
    if known.totp_secret.is_empty() {
        return Ok(Factor::Right);
    }
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Ok(Factor::Missing);
    };
    let secret = open(app, known.user, &known.totp_secret)?;
    let used = match secret.step_of(code, tx.now(), known.totp_last_step) {
        Some(step) => secrets::use_step(tx, known.user, step).await?,
        None => secrets::use_code(tx, known.user, recovery::hash(known.user, code)).await?,
    };
    Ok(if used { Factor::Right } else { Factor::Wrong })
}

fn place(user: i64) -> Context {
    Context::field(0, "user_account", "totp_secret", user)
}

fn open(app: &App, user: i64, sealed: &str) -> Result<SharedSecret, DbError> {
    let text = app.keys.ring.open_text(&place(user), sealed);
    let text = text.map_err(|error| DbError::Failed(error.to_string()))?;
    let broken = || DbError::Failed("a secret of the second factor cannot be read".to_owned());
    SharedSecret::from_text(&text).ok_or_else(broken)
}

/// What a phone has to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolment {
    /// For a QR code: `otpauth://totp/…`.
    pub address: String,
    /// The same to type in.
    pub secret: String,
}

/// The first code that the phone shows.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    /// Six digits.
    #[garde(length(min = 6, max = 20))]
    pub code: String,
}

/// Codes for the day on which the phone is lost; each is good for once. Shown now and never again.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten of them.
    pub codes: Vec<String>,
}

/// Begins to set up the second factor; it counts once its first code was confirmed.
#[utoipa::path(
    post, path = "/api/me/totp", tag = "users", operation_id = "totp_enrol",
    request_body = Proof,
    responses((status = 200, description = "What the phone has to know", body = Enrolment,
               links(("totp_confirm" = (operation_id = "totp_confirm")))),
              (status = 403, description = "The password is wrong", body = ProblemBody),
              (status = 409, description = "There is one already", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn totp_enrol(ctx: Ctx, input: Input<Proof>) -> Result<Reply, Problem> {
    session_of(&ctx)?;
    prove(&ctx, &input.value.password).await?;
    let mut change = ctx.begin(&input.digest).await?;
    let user = store::lock(&mut change, ctx.user()).await?.ok_or_else(Problem::not_found)?;
    if user.second_factor {
        return Err(Problem::conflict(
            "second_factor_exists",
            "已启用动态码；要换手机请先停用",
            "A second factor is set up; remove it first to use another phone",
        ));
    }
    let secret = SharedSecret::random()?;
    let sealed = ctx.app.keys.ring.seal_text(&place(ctx.user()), &secret.text());
    let sealed = sealed.map_err(|error| DbError::Failed(error.to_string()))?;
    secrets::set_pending(&mut change, ctx.user(), &sealed).await?;
    change.record(ctx.event("totp.enrol", &user.id, &user.login));
    let answer = Enrolment { address: secret.address(&user.login), secret: secret.text() };
    change.answer_secret(Reply::ok(&answer)).await
}

/// Confirms the second factor by its first code. Other sessions, opened without it, end.
#[utoipa::path(
    post, path = "/api/me/totp/confirm", tag = "users", operation_id = "totp_confirm",
    request_body = FirstCode,
    responses((status = 200, description = "Recovery codes, shown once", body = RecoveryCodes),
              (status = 409, description = "Nothing to confirm", body = ProblemBody),
              (status = 422, description = "The code is wrong", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn totp_confirm(ctx: Ctx, input: Input<FirstCode>) -> Result<Reply, Problem> {
    let session = session_of(&ctx)?;
    ctx.app.limiter.attempt(&format!("me {}", ctx.actor()), &ctx.address)?;
    let mut change = ctx.begin(&input.digest).await?;
    let sealed = secrets::pending(&mut change, ctx.user()).await?;
    if sealed.is_empty() {
        return Err(Problem::conflict(
            "totp_not_begun",
            "没有待确认的动态码；请重新开始绑定",
            "There is nothing to confirm; begin again",
        ));
    }
    let secret = open(&ctx.app, ctx.user(), &sealed)?;
    let step = secret.step_of(&input.value.code, change.now(), 0).ok_or_else(|| {
        Problem::field(
            "/code",
            "动态码不对；请核对手机时间，输入当前显示的 6 位数字",
            "The code is wrong; check the clock of the phone and enter the digits it shows now",
        )
    })?;
    secrets::set(&mut change, ctx.user(), &sealed, step).await?;
    session::end(&mut change, ctx.user(), None, Some(session)).await?;
    let codes = new_codes(&ctx, &mut change).await?;
    change.record(ctx.event("totp.confirm", ctx.actor(), &ctx.caller.name));
    change.answer_secret(Reply::ok(&codes)).await
}

/// Removes the second factor.
#[utoipa::path(
    post, path = "/api/me/totp/disable", tag = "users", operation_id = "totp_disable",
    request_body = Proof,
    responses((status = 204, description = "Removed"),
              (status = 403, description = "The password is wrong", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn totp_disable(ctx: Ctx, input: Input<Proof>) -> Result<Reply, Problem> {
    let session = session_of(&ctx)?;
    prove(&ctx, &input.value.password).await?;
    let mut change = ctx.begin(&input.digest).await?;
    secrets::remove(&mut change, ctx.user()).await?;
    session::end(&mut change, ctx.user(), None, Some(session)).await?;
    change.record(ctx.event("totp.disable", ctx.actor(), &ctx.caller.name));
    change.answer(Reply::no_content()).await
}

/// Ten new recovery codes; the old ones no longer count.
#[utoipa::path(
    post, path = "/api/me/recovery-codes", tag = "users", operation_id = "recovery_codes_renew",
    request_body = Proof,
    responses((status = 200, description = "Recovery codes, shown once", body = RecoveryCodes),
              (status = 403, description = "The password is wrong", body = ProblemBody),
              (status = 409, description = "No second factor", body = ProblemBody)),
    extensions(("x-permission" = json!("any")))
)]
pub(super) async fn recovery_codes_renew(ctx: Ctx, input: Input<Proof>) -> Result<Reply, Problem> {
    session_of(&ctx)?;
    prove(&ctx, &input.value.password).await?;
    let mut change = ctx.begin(&input.digest).await?;
    let user = store::lock(&mut change, ctx.user()).await?.ok_or_else(Problem::not_found)?;
    if !user.second_factor {
        return Err(Problem::conflict(
            "no_second_factor",
            "还没有启用动态码",
            "There is no second factor",
        ));
    }
    let codes = new_codes(&ctx, &mut change).await?;
    change.record(ctx.event("recovery_codes.renew", &user.id, &user.login));
    change.answer_secret(Reply::ok(&codes)).await
}

async fn new_codes(ctx: &Ctx, change: &mut Change) -> Result<RecoveryCodes, DbError> {
    let codes = recovery::random()?;
    let hashes = codes.iter().map(|code| recovery::hash(ctx.user(), code)).collect();
    secrets::replace_codes(change, ctx.user(), hashes).await?;
    Ok(RecoveryCodes { codes })
}
