//! Separation of duties 三员分立: who may not give what to whom.
//!
//! System administrator, security administrator and auditor are three people, also when their
//! powers come by a role of one's own. Nobody gives rights to themselves. The last administrator
//! stays.

use heqi_domain::{CompanyId, Lang, RoleId};
use heqi_platform::Tx;

use super::model::Grant;
use super::store::{grants, roles};
use crate::ctx::Ctx;
use crate::permission::{BuiltInRole, Permission, ROLES, built_in, offices};
use crate::problem::Problem;

/// The number of a company that a request names; 0 if it names none.
pub(super) async fn company_of(tx: &mut Tx, id: Option<&str>) -> Result<i64, Problem> {
    let Some(id) = id else { return Ok(0) };
    let missing = || Problem::field("/company", "没有这个账套", "There is no such company");
    let company = id.parse::<CompanyId>().map_err(|_| missing())?.number();
    if grants::is_company(tx, company).await? { Ok(company) } else { Err(missing()) }
}

/// What a role may do that is to be granted in a company. A role of one's own is held until the
/// transaction ends, so that it cannot be deleted in the meantime.
pub(super) async fn role_to_grant(
    tx: &mut Tx,
    company: i64,
    role: &str,
) -> Result<Vec<Permission>, Problem> {
    if let Some(role) = built_in(role) {
        return Ok(role.permissions.to_vec());
    }
    if let Ok(id) = role.parse::<RoleId>()
        && let Some(own) = roles::lock(tx, company, id.number()).await?
    {
        return Ok(own.permissions);
    }
    Err(Problem::field("/role", "这个账套里没有这个角色", "There is no such role in this company"))
}

/// Nobody gives a right to themselves.
pub(super) fn refuse_own(ctx: &Ctx, user: i64) -> Result<(), Problem> {
    if ctx.user() == user {
        let zh = "不能给自己授权；请另一位安全管理员操作";
        let en = "Nobody grants a role to themselves; ask another security administrator";
        return Err(Problem::conflict("own_grant", zh, en));
    }
    Ok(())
}

/// Refuses powers of two roles kept apart in one hand. The person's row is locked.
pub(super) async fn refuse_combined(
    tx: &mut Tx,
    user: i64,
    role: &str,
    new: &[Permission],
) -> Result<(), Problem> {
    let held = grants::held(tx, user, role).await?;
    refuse_two_offices(held.iter().chain(new))
}

/// Refuses permissions of two roles kept apart.
pub(super) fn refuse_two_offices<'p>(
    permissions: impl IntoIterator<Item = &'p Permission>,
) -> Result<(), Problem> {
    let together = offices(permissions);
    if together.len() < 2 {
        return Ok(());
    }
    let names = |lang: Lang, between: &str| {
        let roles = ROLES.iter().filter(|role| together.contains(&role.code));
        roles.map(|role| label(role, lang)).collect::<Vec<_>>().join(between)
    };
    Err(Problem::conflict(
        "roles_kept_apart",
        format!("三员分立：{}的权限不能集中在一人或一个角色上", names(Lang::Zh, "、")),
        format!("Kept apart, never in one hand: {}", names(Lang::En, ", ")),
    ))
}

/// The name of a built-in role.
pub(super) const fn label(role: &BuiltInRole, lang: Lang) -> &'static str {
    lang.pick(role.label[0], role.label[1])
}

/// Roles whose last holder stays.
const ADMINISTRATORS: [&str; 2] = ["system_admin", "security_admin"];

/// The administrators look after the whole installation: in one company alone such a role would
/// be half of one.
pub(super) fn refuse_part(company: i64, role: &str) -> Result<(), Problem> {
    match built_in(role).filter(|role| company != 0 && ADMINISTRATORS.contains(&role.code)) {
        None => Ok(()),
        Some(role) => Err(Problem::field(
            "/company",
            format!("{}管整个系统，授权时不选账套", label(role, Lang::Zh)),
            format!("{}: granted for the whole installation only", label(role, Lang::En)),
        )),
    }
}

/// Refuses if nobody else would administer the installation. `lost`: what the person loses.
pub(super) async fn refuse_last(
    tx: &mut Tx,
    user: i64,
    lost: impl IntoIterator<Item = &Grant>,
) -> Result<(), Problem> {
    grants::lock_administrators(tx).await?;
    for grant in lost {
        let role = built_in(&grant.role).filter(|role| ADMINISTRATORS.contains(&role.code));
        let Some(role) = role.filter(|_| grant.company.is_none()) else { continue };
        if grants::others(tx, user, role.code).await? == 0 {
            let (zh, en) = (label(role, Lang::Zh), label(role, Lang::En).to_lowercase());
            return Err(Problem::conflict(
                "last_administrator",
                format!("这是最后一位{zh}；请先授权给另一个人"),
                format!("This is the last {en}; grant the role to somebody else first"),
            ));
        }
    }
    Ok(())
}
