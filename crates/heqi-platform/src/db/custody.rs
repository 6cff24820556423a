//! Who keeps the audit chain 审计链由谁保管: on PostgreSQL the role that owns the tables can switch
//! triggers off, so the server works under a second role that can add records and read them, and
//! nothing else. The owner's role makes the schema (`heqi migrate`) and is used by nobody else.

use super::{Db, DbError, Sql, Tx};

/// What stands between the program and the rows of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    /// SQLite knows no roles: triggers refuse, and the chain shows what went around them.
    File,
    /// Triggers alone, since the role of this connection can switch them off.
    Triggers {
        /// The role of this connection.
        role: String,
    },
    /// The role of this connection can add records and read them, and nothing else.
    Role {
        /// Its name.
        role: String,
    },
}

/// Whether a role, and not only a trigger, is kept from changing what is written once. Whoever
/// owns the tables, their schema or the database, makes roles or writes files as the server
/// does, is kept from nothing.
const KEPT_AWAY: &str = "SELECT COUNT(*) FROM pg_roles r WHERE r.rolname = $1 \
     AND NOT r.rolsuper AND NOT r.rolcreaterole \
     AND NOT pg_has_role(r.oid, 'pg_execute_server_program', 'MEMBER') \
     AND NOT pg_has_role(r.oid, 'pg_write_server_files', 'MEMBER') \
     AND NOT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = current_schema() \
         AND c.relname IN ('audit_record', 'audit_checkpoint', 'audit_head') \
         AND (pg_has_role(r.oid, c.relowner, 'MEMBER') OR pg_has_role(r.oid, n.nspowner, 'MEMBER') \
             OR has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER') \
             OR (c.relname <> 'audit_head' \
                 AND has_any_column_privilege(r.oid, c.oid, 'UPDATE'))))";

impl Db {
    /// What stands between this process and the rows of the audit chain.
    ///
    /// # Errors
    /// Whatever the database says, typed.
    pub async fn custody(&self) -> Result<Custody, DbError> {
        if !self.is_postgres() {
            return Ok(Custody::File);
        }
        let mut tx = self.read().await?;
        let role = Sql::new("SELECT CAST(current_user AS TEXT) AS role");
        let role: String = tx.one(role).await?.get("role")?;
        Ok(match is_kept_away(&mut tx, &role).await? {
            true => Custody::Role { role },
            false => Custody::Triggers { role },
        })
    }
}

impl Tx {
    /// Lets a role of PostgreSQL do what the server does, and nothing more: it can neither change
    /// nor delete audit records, nor the schema. To be repeated after a migration.
    ///
    /// # Errors
    /// [`DbError::Refused`] if there is no such role, or if it is one that could do everything
    /// anyway; and on SQLite.
    pub async fn grant_to_server(&mut self, role: &str) -> Result<(), DbError> {
        if !self.is_postgres() {
            return Err(DbError::Refused("SQLite knows no roles".to_owned()));
        }
        let known = Sql::new("SELECT COUNT(*) FROM pg_roles WHERE rolname = $1").bind(role);
        if self.count(known).await? == 0 {
            return Err(DbError::Refused(format!("there is no role {role}")));
        }
        let schema = Sql::new("SELECT CAST(current_schema() AS TEXT) AS name");
        let schema = quoted(&self.one(schema).await?.get::<String>("name")?);
        self.batch(&grants(&schema, &quoted(role))).await?;
        if is_kept_away(self, role).await? {
            return Ok(());
        }
        Err(DbError::Refused(format!(
            "the role {role} owns the books, or is a superuser, or may make roles: nothing that \
             is granted to it would keep it from the audit records"
        )))
    }
}

async fn is_kept_away(tx: &mut Tx, role: &str) -> Result<bool, DbError> {
    Ok(tx.count(Sql::new(KEPT_AWAY).bind(role)).await? == 1)
}

/// What is written once is never updated; what is signed or counted on is never deleted.
fn grants(schema: &str, role: &str) -> String {
    format!(
        "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}; \
         GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}; \
         REVOKE UPDATE, DELETE ON audit_record, audit_checkpoint FROM {role}; \
         REVOKE DELETE ON audit_head, period_seal, adjustment FROM {role}; \
         REVOKE INSERT, UPDATE, DELETE ON schema_version FROM {role}; \
         GRANT EXECUTE ON FUNCTION renew_statistics(REGCLASS) TO {role}"
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
