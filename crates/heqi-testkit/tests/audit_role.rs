//! Goal: E4 on PostgreSQL: the role of the server adds records and reads them, and can do nothing
//! else to them, not even by way of the triggers; and it can still do all the work of a server.
//! Method: real roles in the private cluster: an owner who is no superuser, the server's, others.

use heqi_platform::audit::{Event, verify};
use heqi_platform::db::{Custody, DbError, Options, SCHEMA};
use heqi_platform::{Db, Sql, Value};
use heqi_testkit::databases::{TestDatabase, fresh_postgres, postgres_url};
use tokio_postgres::{Client, NoTls};

/// Roles belong to the whole cluster: names of this test's own, taken away at its end.
struct Roles {
    database: TestDatabase,
    client: Client,
    names: Vec<String>,
}

impl Roles {
    /// An empty database that an owner has, who is no superuser; none without PostgreSQL.
    async fn new() -> Option<Self> {
        let database = fresh_postgres().await?;
        let client = connect(&database.url).await;
        let mut roles = Self { database, client, names: Vec::new() };
        let owner = roles.add("owner", "").await;
        let name = roles.database_name();
        roles.run(&format!("ALTER DATABASE {name} OWNER TO {owner}")).await;
        Some(roles)
    }

    fn database_name(&self) -> String {
        self.database.url.rsplit('/').next().unwrap().to_owned()
    }

    /// Makes a role; its name.
    async fn add(&mut self, what: &str, attributes: &str) -> String {
        let name = format!("{}_{what}", self.database_name());
        self.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 'mill-river' {attributes}")).await;
        self.names.push(name.clone());
        name
    }

    async fn run(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap_or_else(|error| {
            panic!("{statement}: {error:?}");
        });
    }

    fn options(&self, role: &str) -> Options {
        let (_, place) = self.database.url.split_once('@').unwrap();
        let mut options = Options::new(format!("postgres://{role}:mill-river@{place}"));
        options.connections = 3;
        options
    }

    async fn open(&self, role: &str) -> Db {
        Db::open(&self.options(role), SCHEMA).await.unwrap()
    }

    /// The owner has made the schema, and the server's role what it may.
    async fn prepared(&mut self) -> (Db, String) {
        let owner = self.open(&self.names[0]).await;
        let server = self.add("server", "").await;
        let mut tx = owner.write().await.unwrap();
        tx.grant_to_server(&server).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        (owner, server)
    }

    async fn end(self) {
        let name = self.database_name();
        drop(self.database);
        drop(self.client);
        let client = connect(&postgres_url().unwrap()).await;
        for role in self.names {
            client.batch_execute(&format!("DROP ROLE {role}")).await.unwrap_or_else(|error| {
                panic!("{role} of {name} stays: {error:?}");
            });
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn event(action: &str) -> Event {
    Event { company: 1, action: action.to_owned(), ..Event::default() }
}

async fn note(db: &Db, action: &str) {
    let mut tx = db.write().await.unwrap();
    tx.record(event(action));
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_the_role_of_the_server_adds_audit_records_and_can_do_nothing_else_to_them() {
    let Some(mut roles) = Roles::new().await else { return };
    let (owner, server) = roles.prepared().await;
    note(&owner, "by.owner").await;
    let db = roles.open(&server).await;
    assert_eq!(db.custody().await.unwrap(), Custody::Role { role: server.clone() });
    note(&db, "by.server").await;
    for forbidden in [
        "UPDATE audit_record SET action = 'nothing'",
        "UPDATE audit_record SET label = 'x' WHERE FALSE",
        "DELETE FROM audit_record",
        "TRUNCATE audit_record",
        "TRUNCATE audit_head",
        "UPDATE audit_head SET sequence = 0",
        "DELETE FROM audit_head",
        "UPDATE audit_checkpoint SET line = ''",
        "DELETE FROM audit_checkpoint",
        "ALTER TABLE audit_record DISABLE TRIGGER ALL",
        "ALTER TABLE audit_record DISABLE TRIGGER audit_record_stays",
        "DROP TRIGGER audit_record_stays ON audit_record",
        "ALTER TABLE audit_record RENAME TO other",
        "ALTER TABLE audit_record ADD COLUMN x TEXT",
        "DROP TABLE audit_record CASCADE",
        "CREATE TRIGGER mine BEFORE INSERT ON audit_record FOR EACH ROW \
         EXECUTE FUNCTION audit_refuse()",
        "CREATE RULE mine AS ON INSERT TO audit_record DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
        "DELETE FROM period_seal",
        "DELETE FROM schema_version",
        "CREATE TABLE mine (x BIGINT)",
    ] {
        let mut tx = db.write().await.unwrap();
        let refused = tx.execute(Sql::new(forbidden)).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{forbidden}: {refused:?}");
    }
    let as_owner = connect(&roles.options(&server).address).await;
    let taken = as_owner.batch_execute(&format!("SET ROLE {}", roles.names[0])).await;
    assert!(taken.is_err(), "the server can become the owner");
    drop(as_owner);
    // It works: the chain goes on, and its statistics are renewed by the owner's function.
    let report = verify(&mut db.read().await.unwrap(), 1, &[]).await.unwrap();
    assert_eq!((report.good, report.fault), (2, None));
    let mut tx = db.write().await.unwrap();
    let rows = (0..10_000_i64).map(|n| {
        let text = |text: String| Value::Text(text);
        let (id, code) = (Value::Int(n + 1), text(format!("C{n}")));
        vec![id, code, text("某公司".to_owned()), Value::Int(0)]
    });
    tx.insert_many("company", "id, code, name, created_at", rows).await.unwrap();
    tx.record(event("company.many"));
    tx.commit().await.unwrap();
    let known = "SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE oid = 'company'::regclass";
    assert_eq!(db.read().await.unwrap().count(Sql::new(known)).await.unwrap(), 10_000);
    drop((owner, db));
    roles.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_a_role_that_could_do_everything_anyway_is_told_apart() {
    let Some(mut roles) = Roles::new().await else { return };
    let owner_name = roles.names[0].clone();
    let owner = roles.open(&owner_name).await;
    // The owner needs no right to change a record: it takes the trigger away.
    assert_eq!(owner.custody().await.unwrap(), Custody::Triggers { role: owner_name.clone() });
    note(&owner, "by.owner").await;
    let mut tx = owner.write().await.unwrap();
    for step in [
        "ALTER TABLE audit_record DISABLE TRIGGER ALL",
        "UPDATE audit_record SET action = 'nothing' WHERE company_id = 1",
    ] {
        tx.execute(Sql::new(step)).await.unwrap();
    }
    drop(tx);
    let superuser = roles.add("super", "SUPERUSER").await;
    let maker = roles.add("maker", "CREATEROLE").await;
    let member = roles.add("member", "").await;
    roles.run(&format!("GRANT {owner_name} TO {member}")).await;
    let nobody = format!("{member}_nobody");
    for role in [&owner_name, &superuser, &maker, &member, &nobody] {
        let mut tx = owner.write().await.unwrap();
        let refused = tx.grant_to_server(role).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{role}: {refused:?}");
    }
    for role in [&superuser, &member] {
        let db = roles.open(role).await;
        let custody = db.custody().await.unwrap();
        assert_eq!(custody, Custody::Triggers { role: role.clone() });
    }
    drop(owner);
    roles.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_server_finds_the_schema_and_does_not_change_it() {
    let Some(mut roles) = Roles::new().await else { return };
    let (all, last) = (SCHEMA, SCHEMA.len() - 1);
    let owner = roles.options(&roles.names[0]);
    drop(Db::open(&owner, &all[..last]).await.unwrap());
    let server = roles.add("server", "").await;
    let place = roles.options(&server);
    // What the owner has not granted cannot be opened at all.
    assert!(matches!(Db::open(&place, all).await, Err(DbError::Refused(_))));
    roles.run(&format!("GRANT SELECT ON schema_version TO {server}")).await;
    let refused = Db::open(&place, all).await.unwrap_err().to_string();
    assert!(refused.contains("heqi migrate"), "{refused}");
    let db = Db::open(&owner, all).await.unwrap();
    let mut tx = db.write().await.unwrap();
    tx.grant_to_server(&server).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    drop(Db::open(&place, all).await.unwrap());
    let refused = Db::open(&place, &all[..last]).await.unwrap_err().to_string();
    assert!(refused.contains("newer program"), "{refused}");
    drop(db);
    roles.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_has_no_roles_and_says_so() {
    let (_folder, path) = heqi_testkit::databases::fresh_sqlite();
    let db = Db::open(&Options::new(path.to_string_lossy()), SCHEMA).await.unwrap();
    assert_eq!(db.custody().await.unwrap(), Custody::File);
    let refused = db.write().await.unwrap().grant_to_server("heqi").await;
    assert!(matches!(refused, Err(DbError::Refused(_))));
}
