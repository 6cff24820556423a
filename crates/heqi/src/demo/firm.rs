//! The firm before its first month: people, customers, products, and its own ledger.

use std::collections::HashMap;

use heqi_domain::{CompanyId, CustomerId, Side, day_text};
use heqi_platform::audit::Event;
use heqi_sample::wholesale::{Entry, StaffRole, Wholesale};
use heqi_server::app::Shared;
use heqi_server::auth::password;
use heqi_server::features::ledger::{LedgerKind, NewLine, post};
use heqi_server::features::users;
use serde_json::{Value, json};

use super::PASSWORD;
use super::session::Session;

/// Who does the work.
pub struct People {
    /// Prepares.
    pub accountant: Session,
    /// Approves and signs.
    pub manager: Session,
    /// The number of the company.
    pub company: i64,
}

/// The first run, and everybody with a role.
pub async fn people(app: &Shared, firm: &Wholesale) -> Result<People, String> {
    let nobody = Session::nobody(app);
    let setup = json!({
        "token": app.setup_token(),
        "user": { "login": "admin", "name": "系统管理员", "password": PASSWORD },
        "company": {
            "code": "DEMO",
            "name": firm.company.name,
            "credit_code": firm.company.credit_code,
        },
    });
    nobody.post("/api/setup", &setup).await?;
    let admin = nobody.sign_in("admin", PASSWORD).await?;
    let me = admin.get("/api/me").await?;
    let company = me.body["companies"][0]["id"].as_str().unwrap_or_default().to_owned();
    let number = company.parse::<CompanyId>().map_err(|error| error.to_string())?.number();
    staff(app, firm, number).await?;
    let find = |role| firm.staff.iter().find(|person| person.role == role);
    let login = |role| find(role).map(|person| person.login).ok_or("nobody has the role");
    let enter = async |login: &str| {
        let mut session = nobody.sign_in(login, PASSWORD).await?;
        session.company = format!("/api/companies/{company}");
        Ok::<_, String>(session)
    };
    Ok(People {
        accountant: enter(login(StaffRole::Accountant)?).await?,
        manager: enter(login(StaffRole::FinanceManager)?).await?,
        company: number,
    })
}

async fn staff(app: &Shared, firm: &Wholesale, company: i64) -> Result<(), String> {
    for person in &firm.staff {
        let hash = password::hash(app, PASSWORD.to_owned()).await;
        let hash = hash.map_err(|problem| problem.sentence().to_owned())?;
        let new = users::model::NewUser {
            login: person.login.to_owned(),
            name: person.name.to_owned(),
            password: String::new(),
        };
        let role = role_code(person.role);
        let scope = if person.role == StaffRole::Sales { "own" } else { "all" };
        let add = async {
            let mut tx = app.db.write().await?;
            let user = users::store::insert(&mut tx, &new, &hash, false).await?;
            users::store::grant(&mut tx, company, user, role, (scope, ""), "demo").await?;
            tx.record(event(company, "user.create", person.login));
            tx.commit().await
        };
        add.await.map_err(|error: heqi_platform::DbError| error.to_string())?;
    }
    Ok(())
}

/// The code of the role that a person of the firm has.
pub const fn role_code(role: StaffRole) -> &'static str {
    match role {
        StaffRole::FinanceManager => "finance_manager",
        StaffRole::Accountant => "accountant",
        StaffRole::Sales => "sales",
        StaffRole::Auditor => "auditor",
    }
}

fn event(company: i64, action: &str, label: &str) -> Event {
    let (actor_kind, action, label) = ("cli".to_owned(), action.to_owned(), label.to_owned());
    Event { company, actor_kind, actor: "demo".to_owned(), action, label, ..Event::default() }
}

/// Customers and products, through the API.
pub async fn masters(people: &People, firm: &Wholesale) -> Result<(), String> {
    let customers: Vec<Value> = firm.customers.iter().map(customer).collect();
    batch(people, "/customers/batch", customers).await?;
    let products = firm.products.iter().map(|product| {
        json!({
            "code": product.code,
            "name": product.name,
            "kind": if product.service { "service" } else { "goods" },
            "spec": product.spec,
            "unit": product.unit,
            "tax_ppm": product.tax_ppm,
        })
    });
    batch(people, "/products/batch", products.collect()).await
}

fn customer(customer: &heqi_sample::wholesale::Customer) -> Value {
    use heqi_sample::wholesale::ContactRole;
    let contacts = customer.contacts.iter().map(|contact| {
        let role = match contact.role {
            ContactRole::Reconciliation => "reconciliation",
            ContactRole::Finance => "finance",
            ContactRole::Purchasing => "purchasing",
        };
        json!({
            "name": contact.name,
            "role": role,
            "phone": contact.phone,
            "email": contact.email,
        })
    });
    json!({
        "code": customer.code,
        "name": customer.name,
        "credit_code": customer.credit_code.clone().unwrap_or_default(),
        "address": customer.address,
        "department": customer.department,
        "region": customer.region,
        "term_days": customer.term_days,
        "credit_limit": customer.credit_limit_minor,
        "contacts": contacts.collect::<Vec<_>>(),
    })
}

async fn batch(people: &People, path: &str, items: Vec<Value>) -> Result<(), String> {
    let answer = people.accountant.post(path, &json!({ "items": items })).await?;
    let results = answer.body.as_array().or_else(|| answer.body["items"].as_array());
    let rejected = results.into_iter().flatten().find(|one| one["result"] == "rejected");
    rejected.map_or(Ok(()), |one| Err(format!("{path}: {one}")))
}

/// The firm's books while the story is told.
pub struct Books {
    /// The number of each customer of the firm, in its order.
    pub customers: Vec<i64>,
    next: usize,
}

impl Books {
    /// Finds the customers, and takes the opening balances over into both books.
    pub async fn begin(app: &Shared, people: &People, firm: &Wholesale) -> Result<Self, String> {
        let answer = people.accountant.get("/customers?limit=500").await?;
        let mut known = HashMap::new();
        for one in answer.body["items"].as_array().into_iter().flatten() {
            let id = one["id"].as_str().and_then(|id| id.parse::<CustomerId>().ok());
            let code = one["code"].as_str().unwrap_or_default().to_owned();
            known.insert(code, id.map_or(0, CustomerId::number));
        }
        let number = |customer: &heqi_sample::wholesale::Customer| known.get(&customer.code);
        let customers: Option<Vec<i64>> =
            firm.customers.iter().map(|one| number(one).copied()).collect();
        let customers = customers.ok_or("a customer is missing")?;
        let books = Self { customers, next: 0 };
        let first = firm.months[0].first;
        let openings = firm.statements.iter().filter(|one| one.month == 0);
        let openings = openings.filter(|one| one.opening_minor != 0).map(|statement| NewLine {
            side: Side::Theirs,
            kind: LedgerKind::Opening,
            memo: "期初余额".to_owned(),
            ..books.blank(statement.customer, first - 1, statement.opening_minor)
        });
        let openings: Vec<NewLine> = openings.collect();
        books.write(app, people, &openings).await?;
        Ok(books)
    }

    /// Posts our entries through this day, as an ERP hands them over.
    pub async fn through(
        &mut self,
        app: &Shared,
        people: &People,
        firm: &Wholesale,
        last: i32,
    ) -> Result<(), String> {
        let mut entries: Vec<(usize, &Entry)> = firm.entries.iter().enumerate().collect();
        entries.sort_by_key(|(at, entry)| (entry.day, *at));
        let due: Vec<NewLine> = entries[self.next..]
            .iter()
            .take_while(|(_, entry)| entry.day <= last)
            .map(|(_, entry)| self.line(entry))
            .collect();
        self.next += due.len();
        self.write(app, people, &due).await
    }

    fn line(&self, entry: &Entry) -> NewLine {
        NewLine {
            side: Side::Ours,
            kind: LedgerKind::from_code(entry.kind.code()).unwrap_or(LedgerKind::Unknown),
            reference: entry.number.clone(),
            other_reference: entry.bank_serial.clone(),
            memo: entry.memo.clone(),
            due_date: entry.due.map(day_text),
            ..self.blank(entry.customer, entry.day, entry.amount_minor)
        }
    }

    fn blank(&self, customer: usize, day: i32, amount: i64) -> NewLine {
        NewLine::new(
            self.customers[customer],
            Side::Ours,
            LedgerKind::Unknown,
            &day_text(day),
            amount,
        )
    }

    async fn write(&self, app: &Shared, people: &People, lines: &[NewLine]) -> Result<(), String> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut tx = app.db.write().await.map_err(|error| error.to_string())?;
        let posted = post(&mut tx, people.company, "demo", lines).await;
        posted.map_err(|problem| problem.sentence().to_owned())?;
        tx.record(event(people.company, "line.post", &lines.len().to_string()));
        tx.commit().await.map_err(|error| error.to_string())
    }
}
