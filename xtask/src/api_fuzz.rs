//! `cargo xtask fuzz`: schemathesis against the running server, all checks, stateful by links.
//!
//! The server is the real binary on an embedded database of its own, on loopback; the load is
//! bounded by the number of examples, and the process that is ended is the one started here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};

use crate::python;
use crate::shell::{command, shown, succeeds};
use crate::test::Outcome;

const TOOL: &str = "schemathesis==4.32.5";

/// Business rules refuse what a schema allows; that is an answer, and a documented one.
const CONFIGURATION: &str = "[checks]\n\
    positive_data_acceptance.expected-statuses = \
    [\"2xx\", \"3xx\", \"400\", \"401\", \"403\", \"404\", \"409\", \"412\", \"422\", \
    \"428\", \"429\"]\n";

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
    let server = Server::start(binary, folder.path())?;
    let cookie = server.set_up()?;
    let configuration = folder.path().join("schemathesis.toml");
    std::fs::write(&configuration, CONFIGURATION)?;
    let tool = interpreter.with_file_name("schemathesis");
    let mut fuzz = command(&tool, ["--config-file"]);
    fuzz.arg(&configuration).current_dir(folder.path());
    fuzz.args(["run", &format!("http://{}/api/openapi.json", server.address)]);
    fuzz.args(["--checks", "all", "--seed", "1", "--max-examples", &examples.to_string()]);
    fuzz.args(["-H", &format!("Cookie: {cookie}")]);
    for operation in LEFT_OUT {
        fuzz.args(["--exclude-operation-id", operation]);
    }
    println!("\n$ {}", shown(&command("schemathesis", ["run", "--checks", "all"])));
    succeeds(&mut fuzz).map(Outcome::from)
}

struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    fn start(binary: &Path, data: &Path) -> Result<Self> {
        let mut serve = command(binary, ["serve", "--lang", "en", "--listen", "127.0.0.1:0"]);
        serve.arg("--data").arg(data).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut child = serve.spawn().context("the server does not start")?;
        let pipe = child.stderr.take().context("the server has no standard error")?;
        let mut lines = BufReader::new(pipe).lines();
        let mut line = || lines.next().context("the server ended")?.context("unreadable");
        let address = line()?.trim_start_matches("Heqi: http://").to_owned();
        let token = line()?.rsplit(' ').next().unwrap_or_default().to_owned();
        std::thread::spawn(move || for _line in lines {});
        Ok(Self { child, address, token })
    }

    /// The first run; the cookie of the administrator.
    fn set_up(&self) -> Result<String> {
        let person = r#""login": "wangfang", "name": "王芳", "password": "Xq7-riverbank""#;
        let company = r#""code": "HQ", "name": "海仓贸易有限公司""#;
        let token = &self.token;
        let body =
            format!(r#"{{"token": "{token}", "user": {{{person}}}, "company": {{{company}}}}}"#);
        let made = self.post("/api/setup", &body)?;
        ensure!(made.starts_with("HTTP/1.1 201"), "the first run failed: {made}");
        let login = r#"{"login": "wangfang", "password": "Xq7-riverbank"}"#;
        let head = self.post("/api/session", login)?;
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
