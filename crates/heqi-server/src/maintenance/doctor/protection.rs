//! What protects the audit chains from whoever has the server's password, and the wire to
//! PostgreSQL from whoever listens.

use heqi_platform::db::Custody;
use heqi_platform::{DbError, Sql};

use super::{Finding, Level};
use crate::app::App;

/// Triggers alone, or a role that can do nothing else than add records.
pub(super) async fn custody(app: &App) -> Result<Vec<Finding>, DbError> {
    let code = "audit.custody";
    Ok(vec![match app.db.custody().await? {
        Custody::File => Finding::new(
            code,
            Level::Ok,
            "审计记录由触发器和哈希链保护（SQLite 没有角色：能写文件的人可绕过触发器，\
             但绕不过另存的检查点）",
            "triggers and the chain protect the audit records (SQLite has no roles: whoever can \
             write the file gets around triggers, but not around a checkpoint kept elsewhere)",
        ),
        Custody::Role { role } => Finding::new(
            code,
            Level::Ok,
            format!("数据库角色 {role} 对审计记录只能追加、查看"),
            format!("the role {role} can add audit records and read them, and nothing else"),
        ),
        Custody::Triggers { role } => Finding::new(
            code,
            Level::Warn,
            format!("审计记录只靠触发器保护：数据库角色 {role} 有权停用它们"),
            format!(
                "only triggers protect the audit records, and the role {role} may switch them off"
            ),
        )
        .remedy(
            "请 DBA 另建一个角色（CREATE ROLE heqi_server LOGIN），用属主的地址运行 \
             heqi migrate --server-role heqi_server，服务改用新角色的地址启动",
            "let the DBA make another role (CREATE ROLE heqi_server LOGIN), run heqi migrate \
             --server-role heqi_server with the address of the owner, and start the server with \
             the address of the new role",
        ),
    }])
}

/// Whether what goes to PostgreSQL and back stays on this machine or is encrypted.
pub(super) async fn wire(app: &App) -> Result<Vec<Finding>, DbError> {
    if !app.db.is_postgres() {
        return Ok(Vec::new());
    }
    let code = "database.wire";
    let sql = "SELECT COALESCE((SELECT version FROM pg_stat_ssl \
               WHERE pid = pg_backend_pid() AND ssl), '') AS tls, \
               COALESCE(inet_client_addr() << '127.0.0.0/8' OR inet_client_addr() = '::1', \
               TRUE) AS here";
    let row = app.db.read().await?.one(Sql::new(sql)).await?;
    let (tls, here): (String, bool) = (row.get("tls")?, row.get("here")?);
    Ok(vec![match (tls.as_str(), here) {
        ("", true) => {
            let (zh, en) = ("数据库在本机，数据不经过网络", "the database is on this machine");
            Finding::new(code, Level::Ok, zh, en)
        }
        ("", false) => Finding::new(
            code,
            Level::Bad,
            "与数据库之间的数据没有加密，网络上的其他人能看到",
            "what goes to the database and back is not encrypted: others on the network can \
             read it",
        )
        .remedy(
            "在数据库地址后加 sslmode=verify-full&sslrootcert=证书文件",
            "add sslmode=verify-full&sslrootcert=FILE to the address of the database",
        ),
        (version, _) => Finding::new(
            code,
            Level::Ok,
            format!("与数据库的连接已加密（{version}）"),
            format!("the connection to the database is encrypted ({version})"),
        ),
    }])
}
