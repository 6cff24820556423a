//! Goal: what goes to PostgreSQL and back is read by nobody else: the right authority is accepted,
//! another one, another host and plain text are refused.
//! Method: a cluster of the test's own with certificates made for it; skipped, visibly, where
//! `initdb` or `openssl` are missing.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heqi_platform::db::{DbError, Options, SCHEMA};
use heqi_platform::{Db, Sql};

/// A server with certificates, in a folder of its own; both go away with this value.
struct Cluster {
    server: Child,
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

/// The words that a program prints, if it is there and ends well.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(answer("pg_config", &["--bindir"]).map(PathBuf::from));
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| {
        ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file())
    })
}

/// PostgreSQL refuses to run as root: then it runs as one of these.
fn lowered(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).stdin(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        if answer("id", &["-u"]).as_deref() == Some("0") {
            let number = |what, name| answer("id", &[what, name])?.parse().ok();
            let found = ["postgres", "nobody"];
            let found =
                found.iter().find_map(|name| Some((number("-u", name)?, number("-g", name)?)));
            let (user, group) = found.expect("a user that PostgreSQL can run as");
            hand_over(folder, user, group);
            command.uid(user).gid(group);
        }
    }
    command
}

#[cfg(unix)]
fn hand_over(folder: &Path, user: u32, group: u32) {
    std::os::unix::fs::chown(folder, Some(user), Some(group)).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), Some(user), Some(group)).unwrap();
    }
}

fn openssl(folder: &Path, line: &str) {
    let mut command = Command::new("openssl");
    let output = command.args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Two authorities, and a certificate of the first for the name `localhost`, not the number.
fn certificates(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for authority in ["right", "wrong"] {
        let out = format!("-keyout {authority}.key -out {authority}.pem");
        openssl(folder, &format!("req -x509 {key} {out} -days 3 -subj /CN={authority}"));
    }
    openssl(folder, &format!("req -new {key} -keyout server.key -out server.csr -subj /CN=server"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA right.pem -CAkey right.key -CAcreateserial -days 3 \
         -extfile names -out server.pem",
    );
}

impl Cluster {
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: PostgreSQL is not installed");
            return None;
        };
        if answer("openssl", &["version"]).is_none() {
            eprintln!("SKIPPED: openssl is not installed");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("heqi-wire-").tempdir().unwrap();
        let at = folder.path();
        certificates(at);
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["-D", "data", "-U", "heqi", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
        let made = lowered(initdb, at).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(at.join("data/pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n")
            .unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut server = match answer("setpriv", &["--pdeathsig", "INT", "true"]) {
            Some(_) => {
                let mut server = Command::new("setpriv");
                server.args(["--pdeathsig", "INT"]).arg(programs.join("postgres"));
                server
            }
            None => Command::new(programs.join("postgres")),
        };
        server.args(["-D", "data", "-c", &format!("port={port}")]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "ssl=on",
            "ssl_cert_file=../server.pem",
            "ssl_key_file=../server.key",
        ] {
            server.args(["-c", setting]);
        }
        let log = std::fs::File::create(at.join("log")).unwrap();
        server.stdout(log.try_clone().unwrap()).stderr(log);
        let server = lowered(server, at).spawn().unwrap();
        let mut cluster = Self { server, programs, folder, port };
        cluster.wait();
        Some(cluster)
    }

    /// Until the server says that it takes connections; if it ends instead, its log is shown.
    fn wait(&mut self) {
        let pid = self.folder.path().join("data/postmaster.pid");
        let ready = |text: String| text.lines().nth(7).is_some_and(|word| word.trim() == "ready");
        while !std::fs::read_to_string(&pid).is_ok_and(ready) {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(self.server.try_wait().unwrap().is_none(), "it ended: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn address(&self, host: &str, options: &str) -> String {
        let options = options.replace("FOLDER", &self.folder.path().to_string_lossy());
        format!("postgres://heqi@{host}:{}/postgres{options}", self.port)
    }

    /// Whether the connection is encrypted, as the server sees it.
    async fn open(&self, host: &str, options: &str) -> Result<bool, DbError> {
        let db = Db::open(&Options::new(self.address(host, options)), SCHEMA).await?;
        let sql = "SELECT COUNT(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        let mut tx = db.read().await?;
        Ok(tx.count(Sql::new(sql)).await? == 1)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = Command::new(self.programs.join("pg_ctl"));
        stop.args(["stop", "-D", "data", "--mode", "immediate", "--silent"]);
        let stopped = lowered(stop, self.folder.path()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            drop(self.server.kill());
        }
        drop(self.server.wait());
    }
}

#[test]
fn the_wire_to_postgresql_is_read_by_nobody_else() {
    let Some(cluster) = Cluster::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let right = "?sslmode=verify-full&sslrootcert=FOLDER/right.pem";
        assert!(cluster.open("localhost", right).await.unwrap());
        let refused = |result: Result<bool, DbError>| match result {
            Err(DbError::Unavailable(why) | DbError::Failed(why)) => why,
            other => panic!("{other:?}"),
        };
        let wrong = right.replace("right", "wrong");
        let said = refused(cluster.open("localhost", &wrong).await);
        assert!(said.contains("UnknownIssuer"), "{said}");
        // The certificate is for the name, not for the number.
        let said = refused(cluster.open("127.0.0.1", right).await);
        assert!(said.contains("not valid for name"), "{said}");
        for by_authority in ["require", "verify-ca"] {
            let by_authority = right.replace("verify-full", by_authority);
            assert!(cluster.open("127.0.0.1", &by_authority).await.unwrap());
            let wrong = by_authority.replace("right", "wrong");
            let said = refused(cluster.open("127.0.0.1", &wrong).await);
            assert!(said.contains("UnknownIssuer"), "{said}");
        }
        // On this machine whoever answers may be trusted; plain text this server refuses itself.
        assert!(cluster.open("127.0.0.1", "?sslmode=require").await.unwrap());
        let plain = cluster.open("127.0.0.1", "").await.unwrap_err().to_string();
        assert!(plain.contains("no encryption"), "{plain}");
    });
}
