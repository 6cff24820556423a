//! A PostgreSQL cluster of one test, which may be killed: nobody else uses it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The oldest major version that Heqi supports.
const MAJOR_MIN: u32 = 15;

/// A cluster in a temporary folder.
pub struct Cluster {
    /// How to connect to its database `postgres`.
    pub url: String,
    programs: PathBuf,
    server: Option<Child>,
    folder: tempfile::TempDir,
    port: u16,
    /// The administrator of the machine may not run PostgreSQL: user and group who do.
    runs_as: Option<(u32, u32)>,
}

impl Cluster {
    /// Makes and starts one; none, and a line on stderr, where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: PostgreSQL {MAJOR_MIN} or newer is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("heqi-fault-pg-").tempdir().unwrap();
        let runs_as = (id(&["-u"]) == Some(0)).then(|| {
            let known = ["postgres", "nobody"].into_iter();
            known.filter_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?))).next()
        });
        if runs_as == Some(None) {
            eprintln!("SKIPPED: PostgreSQL does not run as root, and nobody else is there");
            return None;
        }
        let runs_as = runs_as.flatten();
        let password: String = format!("{:032x}", rand());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("postgres://heqi:{password}@127.0.0.1:{port}/postgres");
        let mut cluster = Self { url, programs, server: None, folder, port, runs_as };
        let secret = cluster.folder.path().join("password");
        fs::write(&secret, &password).unwrap();
        for path in [cluster.folder.path(), &secret] {
            if let Some((user, group)) = runs_as {
                std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
            }
        }
        let mut initdb = cluster.command("initdb");
        initdb.arg("--pwfile").arg(&secret).args(["--username=heqi", "--auth=scram-sha-256"]);
        let made = initdb.args(["--encoding=UTF8", "--locale=C", "--no-sync"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::remove_file(&secret).unwrap();
        cluster.up();
        Some(cluster)
    }

    /// Starts the server and waits until it takes connections.
    pub fn up(&mut self) {
        let begun = Instant::now();
        // What the killed one has left may still be on its way out: then it is tried again.
        while begun.elapsed() < Duration::from_secs(60) {
            let mut server = self.command("postgres");
            let port = format!("port={}", self.port);
            for setting in [&port, "listen_addresses=127.0.0.1", "unix_socket_directories="] {
                server.args(["-c", setting]);
            }
            let log = self.folder.path().join("log");
            server.stderr(fs::File::options().append(true).create(true).open(log).unwrap());
            let mut child = server.spawn().unwrap();
            while child.try_wait().unwrap().is_none() {
                if self.says_ready(child.id()) {
                    self.server = Some(child);
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let log = fs::read_to_string(self.folder.path().join("log"));
        panic!("PostgreSQL does not start: {}", log.unwrap_or_default());
    }

    /// Ends the first process at once; the others notice, and end.
    pub fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Stops the server, as `fast` or `immediate` say.
    pub fn stop(&mut self, mode: &str) {
        let mut stop = self.command("pg_ctl");
        assert!(stop.args(["stop", "--silent", "--mode", mode]).status().unwrap().success());
        self.server.take().unwrap().wait().unwrap();
    }

    fn says_ready(&self, process: u32) -> bool {
        let text = fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        let text = text.unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        // The file of one that was killed is there too, and says that it is ready.
        let own = lines.first().is_some_and(|line| line.parse() == Ok(process));
        own && lines.get(7) == Some(&"ready")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.arg("-D").arg(self.folder.path().join("data")).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        if let Some((user, group)) = self.runs_as {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let mut stop = self.command("pg_ctl");
        drop(stop.args(["stop", "--silent", "--mode", "immediate"]).status());
        drop(server.kill());
        drop(server.wait());
    }
}

/// The folder of the newest installation, first of all the one on the path.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|folder| is_new_enough(folder))
}

fn is_new_enough(folder: &Path) -> bool {
    let whole = ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
    let Some(version) = whole.then(|| said(&folder.join("postgres"), &["--version"])) else {
        return false;
    };
    let digits = version.rsplit(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let major = digits.and_then(|text| text.split(['.', 'b', 'r']).next()?.parse().ok());
    major.is_some_and(|major: u32| major >= MAJOR_MIN)
}

fn id(arguments: &[&str]) -> Option<u32> {
    said(Path::new("id"), arguments).trim().parse().ok()
}

fn said(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap_or_default()
}

/// A number that nobody guesses.
fn rand() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    half() << 64 | half()
}
