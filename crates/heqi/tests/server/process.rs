//! The real binary as a process: started, asked over HTTP, killed, started again.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A running server.
pub struct Server {
    child: Child,
    /// Address and port.
    pub address: String,
    /// The token of the first setup, if nobody works there yet.
    pub token: Option<String>,
}

/// A variable of the tests: the file that the log goes to.
pub const LOG: &str = "HEQI_TEST_LOG";

/// A file that is read while another process writes it.
struct Growing(File);

impl Read for Growing {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.0.read(into)? {
                0 => std::thread::sleep(Duration::from_millis(10)),
                some => return Ok(some),
            }
        }
    }
}

/// An answer over the wire.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body as JSON.
    pub body: Value,
}

impl Server {
    /// Starts the binary on these books and waits until it listens.
    pub fn start(data: &Path, database: Option<&str>) -> Self {
        Self::start_with(data, database, &[])
    }

    /// The same with variables of the environment.
    pub fn start_with(data: &Path, database: Option<&str>, variables: &[(String, String)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heqi"));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        if let Some(database) = database {
            command.args(["--database", database]);
        }
        // A log that goes to a file is read while it grows; otherwise it comes by a pipe.
        let log = variables.iter().find(|(name, _)| name == LOG).map(|(_, path)| path);
        let append = |path| File::options().append(true).create(true).open(path).unwrap();
        command.stderr(log.map_or_else(Stdio::piped, |path| append(path).into()));
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let told: Box<dyn Read + Send> = match log {
            Some(path) => Box::new(Growing(File::open(path).unwrap())),
            None => Box::new(child.stderr.take().unwrap()),
        };
        let mut lines = BufReader::new(told).lines();
        let mut told = Vec::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {told:?}")).unwrap();
            if let Some(address) = line.strip_prefix("Heqi: http://") {
                break address.to_owned();
            }
            told.push(line);
        };
        let mut server = Self { child, address, token: None };
        // Whether somebody works there is told after the address; one look is enough.
        std::thread::sleep(Duration::from_millis(20));
        let ready = server.ask("GET", "/api/me", &[], "");
        assert_eq!(ready.map(|answer| answer.status), Some(401));
        if !data.join("set-up").exists() {
            let line = lines.next().unwrap().unwrap();
            server.token = line.rsplit(' ').next().map(str::to_owned);
            std::fs::write(data.join("set-up"), "").unwrap();
        }
        // The pipe stays read, so that the server never waits for us.
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| eprintln!("server: {line}"));
        });
        server
    }

    /// One request; none if the server does not answer (any more).
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        ask(&self.address, method, path, headers, body)
    }

    /// Ends the process at once, wherever it is.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process has ended by itself.
    pub fn ended(mut self) {
        self.child.wait().unwrap();
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Asks the process to stop and waits for its end.
    #[cfg(unix)]
    pub fn stop(mut self) -> (bool, Duration) {
        let started = std::time::Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status.success(), started.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One request on a connection of its own.
pub fn ask(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request.push_str("content-type: application/json\r\n");
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // An answer that was cut off is none.
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if length.is_some_and(|length| length.parse() != Ok(body.len())) {
        return None;
    }
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    Some(Answer { status, head: head.to_owned(), body })
}

impl Answer {
    /// The answer, if its status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    /// The code of a refusal; empty if it is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The version that a change is to name.
    pub fn etag(&self) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix("etag: "));
        line.unwrap_or_default().to_owned()
    }

    /// The cookie that was set.
    pub fn cookie(&self) -> String {
        let line = self.head.lines().find(|line| line.starts_with("set-cookie: ")).unwrap();
        line["set-cookie: ".len()..].split(';').next().unwrap().to_owned()
    }
}

/// The first run: the administrator signed in, the id of the company.
pub fn set_up(server: &Server) -> (String, String) {
    let token = server.token.clone().unwrap();
    let setup = serde_json::json!({
        "token": token,
        "user": { "login": "wangfang", "name": "王芳", "password": "Xq7-riverbank" },
        "company": { "code": "HQ", "name": "海仓贸易有限公司" },
    });
    server.ask("POST", "/api/setup", &[], &setup.to_string()).unwrap().expect(201);
    let cookie = sign_in(server, "wangfang", "Xq7-riverbank");
    let me = server.ask("GET", "/api/me", &[("cookie", &cookie)], "").unwrap().expect(200);
    let company = me.body["companies"][0]["id"].as_str().unwrap().to_owned();
    (cookie, company)
}

/// Signs in; the cookie.
pub fn sign_in(server: &Server, login: &str, password: &str) -> String {
    let body = serde_json::json!({ "login": login, "password": password }).to_string();
    server.ask("POST", "/api/session", &[], &body).unwrap().expect(200).cookie()
}
