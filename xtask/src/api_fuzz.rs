//! `cargo xtask fuzz`: schemathesis against the running server, all checks, stateful by links.
//!
//! The server is the real binary on an embedded database of its own, on loopback, with the books
//! of the invented firm: in empty books most operations would only ever say 404. The hooks beside
//! this file give requests real ids and versions, and note which operations answered 2xx. The
//! load is bounded by the number of examples; the process that is ended is the one started here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use crate::python;
use crate::shell::{command, root, shown, succeeds};
use crate::test::Outcome;

const TOOL: &str = "schemathesis==4.32.5";

/// Business rules refuse what a schema allows; that is an answer, and a documented one.
const CONFIGURATION: &str = "[checks]\n\
    positive_data_acceptance.expected-statuses = \
    [\"2xx\", \"3xx\", \"400\", \"401\", \"403\", \"404\", \"409\", \"412\", \"422\", \
    \"428\", \"429\"]\n\
    missing_required_header.expected-statuses = \
    [\"400\", \"401\", \"403\", \"404\", \"406\", \"409\", \"415\", \"422\", \"428\"]\n";

/// What gives requests ids that are there.
const HOOKS: &str = "xtask/src/fuzz/hooks.py";

/// What everybody of the invented firm signs in with.
const PASSWORD: &str = "Heqi-demo-2026";

/// Operations out of reach of the tool.
const LEFT_OUT: &[&str] = &[
    // They end the session that the run is signed in with, or the password that it came from.
    "sign_out",
    "sign_out_everywhere",
    "password_change",
    "session_end",
    "session_end_all",
    "my_session_end",
    // They stream until somebody hangs up; the tool waits for the end of an answer.
    "ledger_events",
    "job_events",
];

/// Runs the tool against `binary`.
///
/// # Errors
/// The server does not start, or Python cannot be set up.
pub fn run(binary: &Path, examples: u32) -> Result<Outcome> {
    if python::system().is_none() {
        return Ok(Outcome::Skipped("python3 is not installed".into()));
    }
    let interpreter = python::environment("schemathesis", &[TOOL])?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("books");
    if !fill(binary, &data)? {
        return Ok(Outcome::Failed);
    }
    let server = Server::start(binary, &data)?;
    let cookie = server.sign_in()?;
    let configuration = folder.path().join("schemathesis.toml");
    std::fs::write(&configuration, CONFIGURATION)?;
    let reached = folder.path().join("reached");
    let tool = interpreter.with_file_name("schemathesis");
    let mut fuzz = command(&tool, ["--config-file"]);
    fuzz.arg(&configuration).current_dir(folder.path());
    fuzz.args(["run", &format!("http://{}/api/openapi.json", server.address)]);
    fuzz.args(["--checks", "all", "--seed", "1", "--max-examples", &examples.to_string()]);
    fuzz.args(["-H", &format!("Cookie: {cookie}")]);
    fuzz.env("SCHEMATHESIS_HOOKS", root().join(HOOKS)).env("PYTHONDONTWRITEBYTECODE", "1");
    fuzz.env("HEQI_FUZZ_BASE", format!("http://{}", server.address));
    fuzz.env("HEQI_FUZZ_COOKIE", &cookie).env("HEQI_FUZZ_REACHED", &reached);
    for operation in LEFT_OUT {
        fuzz.args(["--exclude-operation-id", operation]);
    }
    println!("\n$ {}", shown(&command("schemathesis", ["run", "--checks", "all"])));
    let passed = succeeds(&mut fuzz)?;
    Ok(Outcome::from(tell(&std::fs::read_to_string(&reached).unwrap_or_default()) && passed))
}

/// The invented firm, whose administrator also works in its books: one session for both.
fn fill(binary: &Path, data: &Path) -> Result<bool> {
    let mut demo = command(binary, ["demo", "--no-serve", "--lang", "en", "--data"]);
    let mut grant = command(binary, ["user", "grant", "admin", "finance_manager", "--data"]);
    Ok(succeeds(demo.arg(data))? && succeeds(grant.arg(data))?)
}

/// Says how many operations answered 2xx, and which did not; fewer than before are a failure,
/// since what is not reached is not tested.
fn tell(lines: &str) -> bool {
    let (mut reached, mut refused) = (0, Vec::new());
    for line in lines.lines() {
        match line.split_once(' ') {
            Some((_, "reached")) => reached += 1,
            Some((operation, _)) => refused.push(operation),
            None => {}
        }
    }
    let all = reached + refused.len();
    println!("\n{reached} of {all} operations answered 2xx; only refused: {}", refused.join(", "));
    if reached < REACHED_MIN {
        println!("error: at least {REACHED_MIN} did so far; did the seed or the hooks break?");
    }
    reached >= REACHED_MIN
}

/// A run with the fewest examples reaches so many.
const REACHED_MIN: usize = 60;

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(binary: &Path, data: &Path) -> Result<Self> {
        let mut serve = command(binary, ["serve", "--lang", "en", "--listen", "127.0.0.1:0"]);
        serve.arg("--data").arg(data).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut child = serve.spawn().context("the server does not start")?;
        let pipe = child.stderr.take().context("the server has no standard error")?;
        let mut lines = BufReader::new(pipe).lines();
        let line = lines.next().context("the server ended")??;
        let address = line.trim_start_matches("Heqi: http://").to_owned();
        std::thread::spawn(move || for _line in lines {});
        Ok(Self { child, address })
    }

    /// The cookie of the administrator.
    fn sign_in(&self) -> Result<String> {
        let login = format!(r#"{{"login": "admin", "password": "{PASSWORD}"}}"#);
        let head = self.post("/api/session", &login)?;
        let line = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = line.and_then(|line| line.split(';').next());
        Ok(cookie.context("nobody was signed in")?.to_owned())
    }

    fn post(&self, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::tell;

    #[test]
    fn too_few_operations_that_are_reached_are_a_failure() {
        let lines = |count: usize| "line_list reached\n".repeat(count) + "line_post refused\n";
        assert!(tell(&lines(60)));
        assert!(!tell(&lines(59)));
        assert!(!tell(""));
    }
}
