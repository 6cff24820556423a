//! What is done about people at the terminal of the server: when nobody can sign in, and for the
//! first security administrator of a company. Whoever may read the keys may do this.
//!
//! `who` is the account of the operating system, for the audit chain.

use heqi_platform::Tx;
use heqi_platform::audit::Event;

use super::model::{NewUser, User};
use super::session::refuse_weak;
use super::{duties, people, store};
use crate::app::App;
use crate::auth::{password, session};
use crate::problem::Problem;

/// Most people that are listed.
const LIST_MAX: usize = 10_000;

fn event(who: &str, action: &str, user: &User) -> Event {
    Event {
        actor_kind: "cli".to_owned(),
        actor: who.to_owned(),
        actor_name: who.to_owned(),
        action: action.to_owned(),
        object: user.id.clone(),
        label: user.login.clone(),
        address: "local".to_owned(),
        ..Event::default()
    }
}

/// The person with a login, held until the transaction ends.
async fn locked(tx: &mut Tx, login: &str) -> Result<(i64, User), Problem> {
    let missing = || {
        Problem::invalid(
            "no_such_login",
            format!("没有登录名为 {login} 的用户"),
            format!("Nobody has the login {login}"),
        )
    };
    let id = store::by_login(tx, login).await?.ok_or_else(missing)?;
    Ok((id, store::lock(tx, id).await?.ok_or_else(missing)?))
}

/// Adds a person, with a password that has to be changed at the first sign-in.
///
/// # Errors
/// The login is taken or not of letters and digits, or the password is too weak.
pub async fn create(app: &App, who: &str, new: &NewUser) -> Result<User, Problem> {
    if let Err(report) = garde::Validate::validate(new) {
        let what = report.to_string();
        return Err(Problem::invalid("invalid_fields", format!("内容不合要求：{what}"), what));
    }
    refuse_weak("/password", &new.password, &new.login)?;
    let hash = password::hash(app, new.password.clone()).await?;
    let mut tx = app.db.write().await?;
    let id = match store::insert(&mut tx, new, &hash, true).await {
        Err(error) if error.is_unique("login") => {
            return Err(Problem::conflict("login_taken", "登录名已有人用", "The login is taken"));
        }
        id => id?,
    };
    let user = store::find(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    tx.record(event(who, "user.create", &user).with_detail(&user));
    tx.commit().await?;
    Ok(user)
}

/// Sets a password that has to be changed; sessions end, waits after failed attempts too.
///
/// # Errors
/// Nobody has the login, or the password is too weak.
pub async fn reset_password(
    app: &App,
    who: &str,
    login: &str,
    password: String,
) -> Result<User, Problem> {
    refuse_weak("/password", &password, login)?;
    let hash = password::hash(app, password).await?;
    let mut tx = app.db.write().await?;
    let (id, user) = locked(&mut tx, login).await?;
    store::set_password(&mut tx, id, &hash, true).await?;
    session::end(&mut tx, id, None, None).await?;
    tx.record(event(who, "password.reset", &user));
    tx.commit().await?;
    Ok(user)
}

/// Removes the second factor of somebody who lost the phone and the recovery codes.
///
/// # Errors
/// Nobody has the login.
pub async fn remove_second_factor(app: &App, who: &str, login: &str) -> Result<User, Problem> {
    let mut tx = app.db.write().await?;
    let (id, user) = locked(&mut tx, login).await?;
    store::second_factor::remove(&mut tx, id).await?;
    session::end(&mut tx, id, None, None).await?;
    tx.record(event(who, "totp.remove", &user));
    tx.commit().await?;
    Ok(user)
}

/// Grants a role; `company` is the code of one, or none for the whole installation.
///
/// # Errors
/// Nobody has the login; no such company or role; roles that are kept apart; granted already.
pub async fn grant(
    app: &App,
    who: &str,
    login: &str,
    company: Option<&str>,
    role: &str,
) -> Result<User, Problem> {
    let mut tx = app.db.write().await?;
    let (id, user) = locked(&mut tx, login).await?;
    let number = match company {
        None => 0,
        Some(code) => {
            let missing = || Problem::field("/company", "没有这个账套", "There is no such company");
            store::grants::company_by_code(&mut tx, code).await?.ok_or_else(missing)?
        }
    };
    duties::refuse_part(number, role)?;
    let permissions = duties::role_to_grant(&mut tx, number, role).await?;
    duties::refuse_combined(&mut tx, id, role, &permissions).await?;
    match store::grant(&mut tx, number, id, role, ("all", ""), "cli").await {
        Err(error) if error.is_unique("role_grant") => {
            return Err(Problem::conflict("granted_already", "已有这项授权", "Granted already"));
        }
        granted => granted?,
    };
    let detail = serde_json::json!({ "role": role, "company": company });
    tx.record(event(who, "grant.create", &user).with_detail(&detail));
    tx.commit().await?;
    Ok(user)
}

/// Disables a person: sessions end and tokens are revoked at once.
///
/// # Errors
/// Nobody has the login, or this is the last administrator.
pub async fn disable(app: &App, who: &str, login: &str) -> Result<User, Problem> {
    let mut tx = app.db.write().await?;
    let (id, user) = locked(&mut tx, login).await?;
    people::disable(&mut tx, id).await?;
    tx.record(event(who, "user.disable", &user));
    tx.commit().await?;
    Ok(user)
}

/// Everybody, by login.
///
/// # Errors
/// Whatever the database says.
pub async fn list(app: &App) -> Result<Vec<User>, Problem> {
    Ok(store::list(&mut app.db.read().await?, "", LIST_MAX).await?)
}
