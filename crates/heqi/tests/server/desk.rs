//! People at work while the server fails: every request is repeated under its key until it is
//! answered, whatever process answers it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::books::Books;
use crate::files::{CUSTOMERS, code};
use crate::process::{Answer, Server, ask, set_up, sign_in};

/// How long a request is repeated.
const PATIENCE: Duration = Duration::from_secs(90);

/// A server that can be killed and started again on the same books.
pub struct Office {
    server: Option<Server>,
    place: Arc<RwLock<String>>,
    data: PathBuf,
    url: Option<String>,
    variables: Vec<(String, String)>,
    /// The cookies of the two people, and their company.
    people: [String; 2],
    company: String,
}

impl Office {
    /// New books: two people who may do everything, and the customers of the files.
    pub fn open(data: &Path, url: Option<&str>, variables: &[(&str, &str)]) -> Self {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let server = Server::start_with(data, url, &variables);
        let (first, company) = set_up(&server);
        let (data, url) = (data.to_owned(), url.map(str::to_owned));
        let place = Arc::new(RwLock::new(server.address.clone()));
        let people = [first, String::new()];
        let mut office =
            Self { server: Some(server), place, data, url, variables, people, company };
        // A second person with the same password, for what takes four eyes.
        office.books().run(
            "INSERT INTO user_account (id, login, name, password_hash, password_set_at, \
             created_at) SELECT 4711, 'limin', '李敏', password_hash, password_set_at, created_at \
             FROM user_account; INSERT INTO role_grant (id, company_id, user_id, role, scope, \
             granted_by, created_at) SELECT 4711, company_id, 4711, role, scope, granted_by, \
             created_at FROM role_grant WHERE role = 'finance_manager'",
        );
        let running = office.server.as_ref().unwrap();
        office.people[1] = sign_in(running, "limin", "Xq7-riverbank");
        let customers = (0..CUSTOMERS)
            .map(|at| json!({ "code": code(at), "name": format!("客户{}有限公司", code(at)) }));
        let items: Vec<Value> = customers.collect();
        office.desk(0).post("/customers/batch", "customers", &json!({ "items": items }));
        office
    }

    /// The place of one of the two people.
    pub fn desk(&self, who: usize) -> Desk {
        Desk {
            place: Arc::clone(&self.place),
            cookie: self.people[who].clone(),
            company: self.company.clone(),
            forgives: vec![503],
            lang: "zh",
        }
    }

    /// Where the database is.
    pub fn address(&self) -> String {
        self.url.clone().unwrap_or_else(|| self.data.join("heqi.db").display().to_string())
    }

    /// The database.
    pub fn books(&self) -> Books {
        Books::open(&self.address())
    }

    /// Kills the server, and starts it again. How much it was in the midst of, as this counts.
    pub fn kill(&mut self, under_way: &str) -> i64 {
        self.server.take().unwrap().kill();
        let left = self.books().number(under_way);
        self.start();
        left
    }

    /// Starts the server again that has ended.
    pub fn start(&mut self) {
        if let Some(server) = self.server.take() {
            server.ended();
        }
        // The leases of the dead run out, as they do after half a minute.
        self.books().run("UPDATE job SET lease_until = 0 WHERE state = 'running'");
        let server = Server::start_with(&self.data, self.url.as_deref(), &self.variables);
        self.place.write().unwrap().clone_from(&server.address);
        self.server = Some(server);
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::has_ended)
    }
}

/// One person, who never gives up.
#[derive(Clone)]
pub struct Desk {
    place: Arc<RwLock<String>>,
    cookie: String,
    company: String,
    /// Statuses after which the same is asked again.
    pub forgives: Vec<u16>,
    /// The language of the answers.
    pub lang: &'static str,
}

impl Desk {
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "", "application/json", "")
    }

    #[track_caller]
    pub fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.change(path, key, "", body)
    }

    /// A change of the version that `etag` names.
    #[track_caller]
    pub fn change(&self, path: &str, key: &str, etag: &str, body: &Value) -> Answer {
        let answer = self.send("POST", path, key, etag, "application/json", &body.to_string());
        assert!(answer.status < 300, "{path}: {} {:#}", answer.status, answer.body);
        answer
    }

    /// A file from its receipt to the ledger. The name is its key.
    #[track_caller]
    pub fn import(&self, side: &str, name: &str, text: &str) {
        let import = self.receive(side, name, text);
        self.wait(&import, "checked");
        self.commit(&import, name);
        self.wait(&import, "committed");
    }

    /// A file is received; the id of its import.
    #[track_caller]
    pub fn receive(&self, side: &str, name: &str, text: &str) -> String {
        let path = format!("/imports?side={side}&view=receivable&name={name}");
        let key = format!("receive-{name}");
        let received = self.send("POST", &path, &key, "", "text/csv", text).expect(201);
        received.body["id"].as_str().unwrap().to_owned()
    }

    /// What the preview shows is posted.
    #[track_caller]
    pub fn commit(&self, import: &str, name: &str) {
        let preview = self.get(&format!("/imports/{import}/preview")).expect(200).body;
        assert_eq!(preview["possible"].as_array().map_or(0, Vec::len), 0, "{preview:#}");
        let plan = json!({ "plan": preview["plan"] });
        self.post(&format!("/imports/{import}/commit"), &format!("commit-{name}"), &plan);
    }

    /// Waits until an import is in this state.
    #[track_caller]
    pub fn wait(&self, import: &str, state: &str) {
        let begun = Instant::now();
        loop {
            let seen = self.get(&format!("/imports/{import}")).expect(200).body;
            if seen["state"] == state {
                return;
            }
            assert!(seen["problem"].is_null(), "{seen:#}");
            assert!(begun.elapsed() < PATIENCE, "not {state}: {seen:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a job is done; its result.
    #[track_caller]
    pub fn job(&self, job: &str) -> Value {
        let begun = Instant::now();
        loop {
            let seen = self.get(&format!("/jobs/{job}")).expect(200).body;
            if seen["state"] == "done" {
                return seen["result"].clone();
            }
            assert!(["queued", "running"].contains(&seen["state"].as_str().unwrap()), "{seen:#}");
            assert!(begun.elapsed() < PATIENCE, "not done: {seen:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks until there is an answer that does not say to ask again.
    #[track_caller]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        key: &str,
        etag: &str,
        kind: &str,
        body: &str,
    ) -> Answer {
        let begun = Instant::now();
        let path = match path.starts_with("/api") {
            true => path.to_owned(),
            false => format!("/api/companies/{}{path}", self.company),
        };
        let mut headers = vec![("cookie", self.cookie.as_str()), ("content-type", kind)];
        headers.push(("accept-language", self.lang));
        for (name, value) in [("idempotency-key", key), ("if-match", etag)] {
            if !value.is_empty() {
                headers.push((name, value));
            }
        }
        let mut last = String::new();
        while begun.elapsed() < PATIENCE {
            let address = self.place.read().unwrap().clone();
            if let Some(answer) = ask(&address, method, &path, &headers, body) {
                let again = self.forgives.contains(&answer.status)
                    || ["in_flight", "conflict_retry"].contains(&answer.code());
                if !again {
                    return answer;
                }
                last = format!("{} {}", answer.status, answer.body);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("no answer to {method} {path}; the last one: {last}");
    }
}
