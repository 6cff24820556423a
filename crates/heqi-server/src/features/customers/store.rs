//! Every statement about customers, but those of merges and bank changes.

use heqi_domain::{ContactId, CustomerId, Id, UserId, fold_name};
use heqi_platform::{DbError, Row, Sql, Tx, Value};

use super::columns::Names;
use super::model::{ContactRole, CustomerQuery, CustomerRow, NewContact, NewCustomer};
use super::pinyin;
use crate::permission::Scope;

const ROW: &str = "id, code, name, credit_code, parent_id, owner_id, department, region, \
                   currency, tags, status, version";
const WHOLE: &str = ", merged_into, term_days, credit_limit, address, language, \
                     statement_template, invoice_title, bank_sealed, note, locked_through, \
                     created_at, updated_at";

/// What a list is asked for, checked.
pub(super) struct Filter {
    pub(super) query: CustomerQuery,
    pub(super) words: Vec<String>,
    pub(super) owner: Option<i64>,
    pub(super) parent: Option<i64>,
}

/// How a list is sorted; the id decides between equals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The best of a search first, then by code.
    Place,
    Code,
    Name,
}

/// Adds a customer without contacts and aliases.
pub(super) async fn insert(tx: &mut Tx, company: i64, new: &NewCustomer) -> Result<i64, DbError> {
    let (id, now) = (tx.next_id(), tx.now());
    let insert = Sql::new(
        "INSERT INTO customer (id, company_id, code, name, currency, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    );
    let insert = insert.bind(id).bind(company).bind(&new.code).bind(&new.name);
    tx.execute(insert.bind(&new.currency).bind(now)).await?;
    fill(tx, id, new).await?;
    Ok(id)
}

/// Everything that a person may change; the version is the caller's to check.
pub(super) async fn fill(tx: &mut Tx, id: i64, new: &NewCustomer) -> Result<(), DbError> {
    let names = std::iter::once(&new.name).chain(&new.aliases).map(String::as_str);
    let search = pinyin::search_text(&new.code, names);
    let tags = serde_json::json!(new.tags).to_string();
    let now = tx.now();
    let update = Sql::new(
        "UPDATE customer SET code = $1, name = $2, folded = $3, search = $4, credit_code = $5, \
         parent_id = $6, owner_id = $7, department = $8, region = $9, currency = $10, \
         term_days = $11, credit_limit = $12, tags = $13, address = $14, language = $15, \
         statement_template = $16, invoice_title = $17, note = $18, updated_at = $19 \
         WHERE id = $20",
    );
    let update = update.bind(&new.code).bind(&new.name).bind(fold_name(&new.name)).bind(search);
    let update = update.bind(&new.credit_code).bind(new.parent.map(Id::number));
    let update = update.bind(new.owner.map(Id::number)).bind(&new.department).bind(&new.region);
    let update = update.bind(&new.currency).bind(new.term_days).bind(new.credit_limit);
    let update = update.bind(tags).bind(&new.address).bind(&new.language);
    let update = update.bind(&new.statement_template).bind(&new.invoice_title).bind(&new.note);
    tx.execute(update.bind(now).bind(id)).await.map(drop)
}

/// One step further, if the version is still this one.
pub(super) async fn advance(tx: &mut Tx, id: i64, version: i64) -> Result<bool, DbError> {
    let now = tx.now();
    let sql = Sql::new(
        "UPDATE customer SET version = version + 1, updated_at = $1 WHERE id = $2 AND version = $3",
    );
    Ok(tx.execute(sql.bind(now).bind(id).bind(version)).await? == 1)
}

pub(super) async fn set_status(tx: &mut Tx, id: i64, status: &str) -> Result<(), DbError> {
    let sql = Sql::new("UPDATE customer SET status = $1 WHERE id = $2");
    tx.execute(sql.bind(status).bind(id)).await.map(drop)
}

/// Everything about a customer but aliases and contacts.
pub(super) async fn find(tx: &mut Tx, company: i64, id: i64) -> Result<Option<Row>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(ROW).push(WHOLE).push(" FROM customer WHERE company_id = ").push_bind(company);
    sql.push(" AND id = ").push_bind(id);
    tx.optional(sql).await
}

/// Customers within a scope, one more than `limit` if there is one.
pub(super) async fn list(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    filter: &Filter,
    page: (Sort, Option<Vec<Value>>, usize),
) -> Result<Vec<CustomerRow>, DbError> {
    let (sort, after, limit) = page;
    let mut sql = Sql::new("SELECT * FROM (SELECT ");
    sql.push(ROW).push(", ");
    pinyin::push_place(&mut sql, &filter.words);
    sql.push(" AS place FROM customer WHERE company_id = ").push_bind(company);
    push_filter(&mut sql, filter);
    scope.push(&mut sql);
    sql.push(") found");
    let columns = match sort {
        Sort::Place => "place, code, id",
        Sort::Code => "code, id",
        Sort::Name => "name, id",
    };
    if let Some(after) = after {
        sql.push(" WHERE (").push(columns).push(") > (");
        for (at, value) in after.into_iter().enumerate() {
            sql.push(if at == 0 { "" } else { ", " }).push_bind(value);
        }
        sql.push(")");
    }
    sql.push(" ORDER BY ").push(columns).push(" LIMIT ").push_bind(limit as i64 + 1);
    tx.rows(sql).await?.iter().map(row).collect()
}

fn push_filter(sql: &mut Sql, filter: &Filter) {
    let query = &filter.query;
    pinyin::push_words(sql, &filter.words);
    match &query.status {
        Some(status) => sql.push(" AND status = ").push_bind(status),
        None => sql.push(" AND status <> 'merged'"),
    };
    if let Some(owner) = filter.owner {
        sql.push(" AND owner_id = ").push_bind(owner);
    }
    if let Some(parent) = filter.parent {
        sql.push(" AND parent_id = ").push_bind(parent);
    }
    if let Some(department) = &query.department {
        sql.push(" AND department = ").push_bind(department);
    }
    if let Some(region) = &query.region {
        sql.push(" AND region = ").push_bind(region);
    }
    if let Some(tag) = &query.tag {
        let mut word = serde_json::json!(tag).to_string();
        for special in ["!", "%", "_"] {
            word = word.replace(special, &format!("!{special}"));
        }
        sql.push(" AND tags LIKE ").push_bind(format!("%{word}%")).push(" ESCAPE '!'");
    }
}

pub(super) fn row(row: &Row) -> Result<CustomerRow, DbError> {
    let id = |name| row.get::<Option<i64>>(name);
    Ok(CustomerRow {
        id: CustomerId::text(row.get("id")?),
        code: row.get("code")?,
        name: row.get("name")?,
        credit_code: row.get("credit_code")?,
        parent: id("parent_id")?.map(CustomerId::text),
        owner: id("owner_id")?.map(UserId::text),
        department: row.get("department")?,
        region: row.get("region")?,
        currency: row.get("currency")?,
        tags: row.json("tags")?,
        status: row.get("status")?,
        version: row.get("version")?,
        place: row.get("place").unwrap_or_default(),
    })
}

/// The aliases of a customer, in order.
pub(super) async fn aliases(tx: &mut Tx, id: i64) -> Result<Vec<String>, DbError> {
    let sql = "SELECT alias FROM customer_alias WHERE customer_id = $1 ORDER BY alias";
    tx.rows(Sql::new(sql).bind(id)).await?.iter().map(|row| row.get("alias")).collect()
}

/// Who else in the company has one of these folded names as an alias: the alias and the customer.
pub(super) async fn alias_taken(
    tx: &mut Tx,
    company: i64,
    id: i64,
    folded: &[String],
) -> Result<Option<(String, i64)>, DbError> {
    let mut sql = Sql::new("SELECT alias, customer_id FROM customer_alias WHERE company_id = ");
    sql.push_bind(company).push(" AND customer_id <> ").push_bind(id);
    sql.push(" AND folded IN ").push_list(folded.iter().map(String::as_str));
    let row = tx.optional(sql).await?;
    row.map(|row| Ok((row.get("alias")?, row.get("customer_id")?))).transpose()
}

/// Replaces the aliases of a customer; two that fold to one name are one.
pub(super) async fn set_aliases(
    tx: &mut Tx,
    company: i64,
    id: i64,
    aliases: &[String],
) -> Result<(), DbError> {
    let gone = Sql::new("DELETE FROM customer_alias WHERE customer_id = $1").bind(id);
    tx.execute(gone).await?;
    let mut seen: Vec<String> = Vec::new();
    for alias in aliases {
        let folded = fold_name(alias);
        if folded.is_empty() || seen.contains(&folded) {
            continue;
        }
        let insert = Sql::new(
            "INSERT INTO customer_alias (company_id, customer_id, alias, folded) \
             VALUES ($1, $2, $3, $4)",
        );
        tx.execute(insert.bind(company).bind(id).bind(alias).bind(&folded)).await?;
        seen.push(folded);
    }
    Ok(())
}

/// The group company of a customer.
pub(super) async fn parent(tx: &mut Tx, company: i64, id: i64) -> Result<Option<i64>, DbError> {
    let sql = "SELECT parent_id FROM customer WHERE company_id = $1 AND id = $2";
    let row = tx.optional(Sql::new(sql).bind(company).bind(id)).await?;
    row.map_or(Ok(None), |row| row.get("parent_id"))
}

/// One person at a time changes the tree of groups of a company.
pub(super) async fn lock_groups(tx: &mut Tx, company: i64) -> Result<(), DbError> {
    let sql = Sql::new("SELECT id FROM company WHERE id = $1").bind(company);
    tx.rows(sql.for_update()).await.map(drop)
}

pub(super) async fn user_exists(tx: &mut Tx, user: i64) -> Result<bool, DbError> {
    let sql = Sql::new("SELECT COUNT(*) FROM user_account WHERE id = $1").bind(user);
    Ok(tx.count(sql).await? > 0)
}

/// A contact as it is stored.
pub(super) struct StoredContact {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) role: ContactRole,
    pub(super) phone_sealed: String,
    pub(super) phone_index: Option<Vec<u8>>,
    pub(super) email: String,
    pub(super) channel: String,
}

/// The contacts of a customer, in order.
pub(super) async fn contacts(tx: &mut Tx, id: i64) -> Result<Vec<StoredContact>, DbError> {
    let sql = "SELECT id, name, role, phone_sealed, phone_index, email, channel \
               FROM customer_contact WHERE customer_id = $1 ORDER BY position, id";
    let read = |row: &Row| {
        Ok(StoredContact {
            id: row.get("id")?,
            name: row.get("name")?,
            role: ContactRole::from_code(&row.get::<String>("role")?),
            phone_sealed: row.get("phone_sealed")?,
            phone_index: row.get("phone_index")?,
            email: row.get("email")?,
            channel: row.get("channel")?,
        })
    };
    tx.rows(Sql::new(sql).bind(id)).await?.iter().map(read).collect()
}

/// Replaces the contacts of a customer.
pub(super) async fn set_contacts(
    tx: &mut Tx,
    company: i64,
    id: i64,
    contacts: &[StoredContact],
) -> Result<(), DbError> {
    let gone = Sql::new("DELETE FROM customer_contact WHERE customer_id = $1").bind(id);
    tx.execute(gone).await?;
    for (position, contact) in contacts.iter().enumerate() {
        let insert = Sql::new(
            "INSERT INTO customer_contact (id, company_id, customer_id, name, role, \
             phone_sealed, phone_index, email, channel, position) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        );
        let insert = insert.bind(contact.id).bind(company).bind(id).bind(&contact.name);
        let insert = insert.bind(contact.role.code()).bind(&contact.phone_sealed);
        let insert = insert.bind(contact.phone_index.clone()).bind(&contact.email);
        tx.execute(insert.bind(&contact.channel).bind(position as i64)).await?;
    }
    Ok(())
}

/// The codes among these that are taken.
pub(super) async fn taken_codes(
    tx: &mut Tx,
    company: i64,
    codes: &[String],
) -> Result<Vec<String>, DbError> {
    let mut taken = Vec::new();
    for piece in codes.chunks(500) {
        let mut sql = Sql::new("SELECT code FROM customer WHERE company_id = ");
        sql.push_bind(company).push(" AND code IN ");
        sql.push_list(piece.iter().map(String::as_str));
        for row in tx.rows(sql).await? {
            taken.push(row.get("code")?);
        }
    }
    Ok(taken)
}

/// A customer as far as a sheet shows it; phones are left out.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: i64,
    pub(super) version: i64,
    pub(super) status: String,
    pub(super) entered: NewCustomer,
}

/// Customers within a scope with all that a sheet shows, by code; one more than `limit` if there
/// is one.
pub(super) async fn kept(
    tx: &mut Tx,
    company: i64,
    scope: &Scope,
    filter: Option<&Filter>,
    limit: usize,
) -> Result<Vec<Kept>, DbError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(ROW).push(WHOLE).push(" FROM customer WHERE company_id = ").push_bind(company);
    if let Some(filter) = filter {
        push_filter(&mut sql, filter);
    }
    scope.push(&mut sql);
    sql.push(" ORDER BY code, id LIMIT ").push_bind(limit as i64 + 1);
    let mut kept = tx.rows(sql).await?.iter().map(kept_row).collect::<Result<Vec<_>, _>>()?;
    let at: std::collections::HashMap<i64, usize> =
        kept.iter().enumerate().map(|(at, one)| (one.id, at)).collect();
    let aliases = "SELECT customer_id, alias FROM customer_alias WHERE company_id = $1 \
                   ORDER BY customer_id, alias";
    for row in tx.rows(Sql::new(aliases).bind(company)).await? {
        if let Some(at) = at.get(&row.get("customer_id")?) {
            kept[*at].entered.aliases.push(row.get("alias")?);
        }
    }
    let contacts = "SELECT id, customer_id, name, role, email, channel FROM customer_contact \
                    WHERE company_id = $1 ORDER BY customer_id, position, id";
    for row in tx.rows(Sql::new(contacts).bind(company)).await? {
        if let Some(at) = at.get(&row.get("customer_id")?) {
            kept[*at].entered.contacts.push(NewContact {
                id: ContactId::new(row.get("id")?),
                name: row.get("name")?,
                role: ContactRole::from_code(&row.get::<String>("role")?),
                phone: None,
                email: row.get("email")?,
                channel: row.get("channel")?,
            });
        }
    }
    Ok(kept)
}

fn kept_row(row: &Row) -> Result<Kept, DbError> {
    let (code, name): (String, String) = (row.get("code")?, row.get("name")?);
    let entered = NewCustomer {
        credit_code: row.get("credit_code")?,
        parent: row.get::<Option<i64>>("parent_id")?.and_then(CustomerId::new),
        owner: row.get::<Option<i64>>("owner_id")?.and_then(UserId::new),
        department: row.get("department")?,
        region: row.get("region")?,
        currency: row.get("currency")?,
        term_days: row.get("term_days")?,
        credit_limit: row.get("credit_limit")?,
        tags: row.json("tags")?,
        address: row.get("address")?,
        language: row.get("language")?,
        statement_template: row.get("statement_template")?,
        invoice_title: row.get("invoice_title")?,
        note: row.get("note")?,
        ..NewCustomer::named(&code, &name)
    };
    let (id, version, status) = (row.get("id")?, row.get("version")?, row.get("status")?);
    Ok(Kept { id, version, status, entered })
}

/// The codes of the customers within a scope and the logins of people: what a sheet calls them.
pub(super) async fn names(tx: &mut Tx, company: i64, scope: &Scope) -> Result<Names, DbError> {
    let mut sql = Sql::new("SELECT id, code FROM customer WHERE company_id = ");
    sql.push_bind(company);
    scope.push(&mut sql);
    let mut names = Names::default();
    for row in tx.rows(sql).await? {
        names.codes.insert(row.get("id")?, row.get("code")?);
    }
    for row in tx.rows(Sql::new("SELECT id, login FROM user_account")).await? {
        names.logins.insert(row.get("id")?, row.get("login")?);
    }
    Ok(names)
}
