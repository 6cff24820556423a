//! Making and changing a customer: what holds for it, wherever it comes from.

use std::collections::BTreeSet;

use heqi_domain::credit_code::{self, CreditCodeError};
use heqi_domain::{ContactId, CustomerId, Id, UserId, fold_name};
use heqi_platform::{Row, Tx};

use super::model::{Bank, Contact, Customer, NewContact, NewCustomer};
use super::store::StoredContact;
use super::{sealed, store};
use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::problem::Problem;
use heqi_platform::crypto::mask;

/// Deepest group: subsidiaries of subsidiaries of …
const GROUP_DEPTH_MAX: usize = 8;

/// Trims and folds what a person typed, and refuses what does not hold by itself.
///
/// # Errors
/// 422 with the field.
pub(super) fn normalized(mut new: NewCustomer) -> Result<NewCustomer, Problem> {
    for text in [&mut new.code, &mut new.name] {
        *text = text.trim().to_owned();
    }
    if new.code.is_empty() || new.name.is_empty() {
        let field = if new.code.is_empty() { "/code" } else { "/name" };
        return Err(Problem::field(field, "不能为空", "This must not be empty"));
    }
    new.aliases.iter_mut().for_each(|alias| *alias = alias.trim().to_owned());
    new.tags.sort();
    new.tags.dedup();
    new.credit_code = credit_code::fold(&new.credit_code);
    if !new.credit_code.is_empty() {
        credit_code::validate(&new.credit_code).map_err(|error| bad_credit_code(&error))?;
    }
    Ok(new)
}

fn bad_credit_code(error: &CreditCodeError) -> Problem {
    let zh = match error {
        CreditCodeError::Length(found) => {
            format!("统一社会信用代码是 18 位，这里是 {found} 位；请照营业执照核对")
        }
        CreditCodeError::Character { position, found } => format!(
            "统一社会信用代码第 {position} 位是「{found}」；只有数字和大写字母，没有 I、O、S、V、Z"
        ),
        CreditCodeError::Division { position, found } => {
            format!("统一社会信用代码第 {position} 位是「{found}」；第 3 至 8 位是数字（行政区划）")
        }
        CreditCodeError::Check { expected, found } => format!(
            "统一社会信用代码的校验位是「{found}」，按前 17 位应为「{expected}」；请照营业执照核对"
        ),
    };
    Problem::field("/credit_code", zh, error.to_string())
}

/// Adds a customer; its number. What does not hold is told before anything is written.
///
/// # Errors
/// 409 if code or alias are taken, 422 for what does not hold.
pub(super) async fn create(ctx: &Ctx, tx: &mut Tx, new: &NewCustomer) -> Result<i64, Problem> {
    let contacts = check(ctx, tx, 0, new).await?;
    let id = store::insert(tx, ctx.company, new).await.map_err(code_taken)?;
    write_parts(ctx, tx, id, new, &contacts).await?;
    Ok(id)
}

/// Changes a customer that the caller has locked.
///
/// # Errors
/// As [`create`].
pub(super) async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    new: &NewCustomer,
) -> Result<(), Problem> {
    let contacts = check(ctx, tx, id, new).await?;
    store::fill(tx, id, new).await.map_err(code_taken)?;
    write_parts(ctx, tx, id, new, &contacts).await
}

fn code_taken(error: heqi_platform::DbError) -> Problem {
    if error.is_unique("code") {
        return Problem::conflict(
            "code_taken",
            "客户编码已有；请换一个",
            "The code is taken; choose another",
        );
    }
    error.into()
}

/// After a change of name the old one is an alias 曾用名.
pub(super) fn keep_old_name(new: &mut NewCustomer, old: &str) {
    if new.name != old && !new.aliases.iter().any(|alias| alias == old) {
        new.aliases.push(old.to_owned());
    }
}

/// What holds among customers; the contacts as they are to be stored. Writes nothing.
///
/// # Errors
/// 409 `alias_taken`, 422 for what does not hold.
pub(super) async fn check(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    new: &NewCustomer,
) -> Result<Vec<StoredContact>, Problem> {
    within_scope(ctx, new)?;
    check_relations(ctx, tx, id, new).await?;
    let folded: Vec<String> = new.aliases.iter().map(|alias| fold_name(alias)).collect();
    if let Some((alias, other)) = store::alias_taken(tx, ctx.company, id, &folded).await? {
        let mut problem = Problem::conflict(
            "alias_taken",
            format!("别名「{alias}」已是另一个客户的别名；一个名字只能指一个客户"),
            format!("`{alias}` is an alias of another customer; a name stands for one customer"),
        );
        // Which one is said only to who may see it.
        if super::visible(ctx, tx, Permission::CustomersRead, other).await.is_ok() {
            let other = CustomerId::text(other);
            problem = problem.with_facts(serde_json::json!({ "customer": other }));
        }
        return Err(problem);
    }
    contacts(ctx, tx, id, &new.contacts).await
}

async fn write_parts(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    new: &NewCustomer,
    contacts: &[StoredContact],
) -> Result<(), Problem> {
    store::set_aliases(tx, ctx.company, id, &new.aliases).await?;
    Ok(store::set_contacts(tx, ctx.company, id, contacts).await?)
}

/// Contacts as they are to be stored: a phone that is not named stays as it was sealed.
async fn contacts(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    new: &[NewContact],
) -> Result<Vec<StoredContact>, Problem> {
    let mut known = store::contacts(tx, id).await?;
    let mut stored = Vec::with_capacity(new.len());
    for (at, contact) in new.iter().enumerate() {
        let old = contact.id.map(|wanted| {
            let place = known.iter().position(|old| old.id == wanted.number());
            place.map(|place| known.remove(place)).ok_or_else(|| {
                let pointer = format!("/contacts/{at}/id");
                Problem::field(&pointer, "这个客户没有这位联系人", "No such contact here")
            })
        });
        let old = old.transpose()?;
        let number = old.as_ref().map_or_else(|| tx.next_id(), |old| old.id);
        let kept = old.map(|old| (old.phone_sealed, old.phone_index)).unwrap_or_default();
        let (phone_sealed, phone_index) = match &contact.phone {
            None => kept,
            Some(phone) if phone.contains('*') => {
                return Err(Problem::field(
                    &format!("/contacts/{at}/phone"),
                    "这是遮盖后的号码；不改电话就不要填这一项",
                    "This is a masked number; leave it out to keep the phone",
                ));
            }
            Some(phone) => sealed::seal_phone(ctx, number, phone)?,
        };
        stored.push(StoredContact {
            id: number,
            name: contact.name.clone(),
            role: contact.role,
            phone_sealed,
            phone_index,
            email: contact.email.clone(),
            channel: contact.channel.clone(),
        });
    }
    Ok(stored)
}

/// Owner and group company exist, and the groups remain a tree.
async fn check_relations(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    new: &NewCustomer,
) -> Result<(), Problem> {
    if let Some(owner) = new.owner
        && !store::user_exists(tx, owner.number()).await?
    {
        return Err(Problem::field("/owner", "没有这个业务员", "There is no such person"));
    }
    let Some(parent) = new.parent else { return Ok(()) };
    store::lock_groups(tx, ctx.company).await?;
    let seen = super::visible(ctx, tx, Permission::CustomersRead, parent.number()).await;
    if seen.is_err() {
        return Err(Problem::field("/parent", "没有这个上级单位", "There is no such parent"));
    }
    let (mut at, mut above) = (Some(parent.number()), BTreeSet::new());
    while let Some(one) = at {
        if one == id || !above.insert(one) {
            return Err(Problem::field(
                "/parent",
                "上级单位是它自己或它的下级；集团关系不能成环",
                "The parent is the customer itself or below it; a group has no circle",
            ));
        }
        if above.len() > GROUP_DEPTH_MAX {
            return Err(Problem::field(
                "/parent",
                format!("集团层级最多 {GROUP_DEPTH_MAX} 层"),
                format!("A group has at most {GROUP_DEPTH_MAX} levels"),
            ));
        }
        at = store::parent(tx, ctx.company, one).await?;
    }
    Ok(())
}

/// Nobody puts a customer where they could not see it any more.
fn within_scope(ctx: &Ctx, new: &NewCustomer) -> Result<(), Problem> {
    let scope = ctx.require(Permission::CustomersWrite)?;
    let owner = new.owner.map(Id::number);
    let reached = scope.all
        || (owner.is_some() && scope.owner == owner)
        || scope.departments.contains(&new.department)
        || scope.regions.contains(&new.region);
    if reached {
        return Ok(());
    }
    Err(Problem::field(
        "/owner",
        "业务员、部门、地区须在自己的客户范围内，否则保存后自己也看不到",
        "Owner, department and region must lie within your own customers",
    ))
}

/// A customer as it is shown: what is sensitive is masked.
///
/// # Errors
/// 404 if it is not there.
pub(super) async fn shown(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Customer, Problem> {
    let row = store::find(tx, ctx.company, id).await?.ok_or_else(Problem::not_found)?;
    let bank = bank(ctx, id, &row)?.map(|bank| sealed::masked(&bank));
    let mut contacts = plain_contacts(ctx, tx, id).await?;
    contacts.iter_mut().for_each(|contact| contact.phone = mask::phone(&contact.phone));
    Ok(Customer {
        row: store::row(&row)?,
        aliases: store::aliases(tx, id).await?,
        merged_into: row.get::<Option<i64>>("merged_into")?.map(CustomerId::text),
        term_days: row.get("term_days")?,
        credit_limit: row.get("credit_limit")?,
        address: row.get("address")?,
        language: row.get("language")?,
        statement_template: row.get("statement_template")?,
        invoice_title: row.get("invoice_title")?,
        bank,
        contacts,
        note: row.get("note")?,
        locked_through: row.get("locked_through")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// The bank account, plainly.
pub(super) fn bank(ctx: &Ctx, id: i64, row: &Row) -> Result<Option<Bank>, Problem> {
    let sealed: String = row.get("bank_sealed")?;
    sealed::open_bank(ctx, &sealed::bank_place(ctx.company, id), &sealed)
}

/// The contacts with their phones, plainly.
pub(super) async fn plain_contacts(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
) -> Result<Vec<Contact>, Problem> {
    let mut contacts = Vec::new();
    for stored in store::contacts(tx, id).await? {
        contacts.push(Contact {
            id: ContactId::text(stored.id),
            name: stored.name,
            role: stored.role,
            phone: sealed::open_phone(ctx, stored.id, &stored.phone_sealed)?,
            email: stored.email,
            channel: stored.channel,
        });
    }
    Ok(contacts)
}

/// What a change starts from: the customer as it could be entered anew.
pub(super) fn entered(customer: &Customer) -> NewCustomer {
    let row = &customer.row;
    let contact = |contact: &Contact| NewContact {
        id: contact.id.parse().ok(),
        name: contact.name.clone(),
        role: contact.role,
        phone: None,
        email: contact.email.clone(),
        channel: contact.channel.clone(),
    };
    NewCustomer {
        code: row.code.clone(),
        name: row.name.clone(),
        aliases: customer.aliases.clone(),
        credit_code: row.credit_code.clone(),
        parent: row.parent.as_ref().and_then(|id| id.parse::<CustomerId>().ok()),
        owner: row.owner.as_ref().and_then(|id| id.parse::<UserId>().ok()),
        department: row.department.clone(),
        region: row.region.clone(),
        currency: row.currency.clone(),
        term_days: customer.term_days,
        credit_limit: customer.credit_limit,
        tags: row.tags.clone(),
        address: customer.address.clone(),
        language: customer.language.clone(),
        statement_template: customer.statement_template.clone(),
        invoice_title: customer.invoice_title.clone(),
        contacts: customer.contacts.iter().map(contact).collect(),
        note: customer.note.clone(),
    }
}
