//! The folder of a cluster: its data, its log, and the commands that work on it.
//!
//! PostgreSQL refuses to run as the administrator of the machine, which is what a build
//! container usually is: there the folder belongs to `postgres` or `nobody`, and every
//! command on it runs as that user.

use super::find::Programs;
use crate::shell::{answers, capture};
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The superuser of the cluster.
pub const USER: &str = "heqi";

/// Beside the port. `fsync` stays on: the tests prove what survives a crash.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=128MB",
];

/// Whom the administrator runs PostgreSQL as, the first that exists.
#[cfg(unix)]
const UNPRIVILEGED: &[&str] = &["postgres", "nobody"];

/// Line of `postmaster.pid` in which the server says how far it is.
const STATUS_LINE: usize = 7;

/// A cluster on disk, removed with this value.
pub struct Home {
    folder: TempDir,
    programs: Programs,
    user: Option<User>,
}

/// A user of the system by its numbers.
#[derive(Clone, Copy)]
struct User {
    user: u32,
    group: u32,
}

impl Home {
    /// A new cluster that nobody enters without the password.
    ///
    /// # Errors
    /// No temporary folder, no user to run as, or `initdb` fails.
    pub fn make(programs: &Programs, password: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("heqi-postgres-").tempdir()?;
        let user = unprivileged(folder.path())?;
        let home = Self { folder, programs: programs.clone(), user };
        let password_file = home.path().join("password");
        fs::write(&password_file, password)?;
        home.hand_over(home.path())?;
        home.hand_over(&password_file)?;
        let mut initdb = home.command("initdb");
        initdb.arg("--pwfile").arg(&password_file).args(["--username", USER]);
        // Without its own syncing: after a crash the folder is of no use anyway.
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]);
        initdb.arg(if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=C" });
        capture(&mut initdb).with_context(|| home.who_failed())?;
        fs::remove_file(&password_file)?;
        Ok(home)
    }

    fn who_failed(&self) -> String {
        let folder = self.path().display();
        match self.user {
            None => format!("no cluster could be made in {folder}"),
            Some(User { user, .. }) => format!(
                "user {user} could make no cluster in {folder}; if it may not enter there, set \
                 TMPDIR to a folder that everybody may enter"
            ),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the server; it writes to the log.
    ///
    /// # Errors
    /// The log cannot be made, or the program cannot be started.
    pub fn spawn(&self, port: u16) -> Result<Child> {
        let log = File::create(self.path().join("log"))?;
        let mut server = self.server();
        server.args(["-c", &format!("port={port}")]);
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        server.stdout(log.try_clone()?).stderr(log);
        server.spawn().context("`postgres` could not be started")
    }

    /// Has the server written that it takes connections?
    pub fn says_ready(&self) -> bool {
        let text = fs::read_to_string(self.path().join("data/postmaster.pid"));
        text.is_ok_and(|text| is_ready(&text))
    }

    /// What the server wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// Stops the server of this folder, and no other.
    ///
    /// # Errors
    /// `pg_ctl` fails.
    pub fn stop(&self) -> Result<()> {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--mode", "immediate", "--silent"]);
        capture(&mut stop).map(drop)
    }

    /// A program that works on the data of this cluster.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.path(name));
        self.prepare(&mut command);
        command
    }

    /// The server: where the system can, it ends with us even if we are killed.
    fn server(&self) -> Command {
        if answers("setpriv", &["--pdeathsig", "INT", "true"]).is_none() {
            return self.command("postgres");
        }
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT"]).arg(self.programs.path("postgres"));
        self.prepare(&mut command);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command.arg("-D").arg(self.path().join("data"));
        command.current_dir(self.path()).stdin(Stdio::null());
        self.lower(command);
    }

    /// Out of reach of the terminal's Ctrl-C, so that the tests which use the server end
    /// first; and without the rights of the administrator.
    #[cfg(unix)]
    fn lower(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
        if let Some(User { user, group }) = self.user {
            command.uid(user).gid(group);
        }
    }

    #[cfg(not(unix))]
    fn lower(&self, _: &mut Command) {}

    #[cfg(unix)]
    fn hand_over(&self, path: &Path) -> Result<()> {
        let Some(User { user, group }) = self.user else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group))
            .with_context(|| format!("{} could not be handed over", path.display()))
    }

    #[cfg(not(unix))]
    fn hand_over(&self, _: &Path) -> Result<()> {
        Ok(())
    }
}

/// Whom to run as, if we are the administrator: who that is, the folder's owner tells.
#[cfg(unix)]
fn unprivileged(folder: &Path) -> Result<Option<User>> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let id = |what, name| answers("id", &[what, name])?.parse().ok();
    let user = UNPRIVILEGED
        .iter()
        .find_map(|name| Some(User { user: id("-u", name)?, group: id("-g", name)? }));
    if user.is_none() {
        bail!("PostgreSQL does not run as root, and no user is there to run it: {UNPRIVILEGED:?}");
    }
    Ok(user)
}

#[cfg(not(unix))]
fn unprivileged(_: &Path) -> Result<Option<User>> {
    Ok(None)
}

fn is_ready(postmaster: &str) -> bool {
    postmaster.lines().nth(STATUS_LINE).is_some_and(|status| status.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::is_ready;

    #[test]
    fn only_the_status_line_says_ready() {
        let lines = ["4711", "data", "1700000000", "5432", "", "127.0.0.1", "1 2", "ready   "];
        assert!(is_ready(&lines.join("\n")));
        assert!(!is_ready(&lines[..7].join("\n")));
        assert!(!is_ready(&lines.join("\n").replace("ready", "starting")));
        assert!(!is_ready(""));
    }
}
