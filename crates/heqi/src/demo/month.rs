//! One month of the firm: statements in, matched, decided, and signed off where nothing is left.

use heqi_domain::{CustomerId, Id};
use heqi_sample::wholesale::Wholesale;
use heqi_server::app::Shared;
use serde_json::{Value, json};

use super::firm::{Books, People};

/// What became of a month.
pub struct Told {
    /// Statements received.
    pub files: usize,
    /// Groups that the run made live.
    pub groups: i64,
    /// Periods signed off.
    pub signed: usize,
    /// Why the others are open.
    pub open: Vec<String>,
}

/// Tells a month.
///
/// # Errors
/// What was refused, and where.
pub async fn month(
    app: &Shared,
    people: &People,
    firm: &Wholesale,
    books: &mut Books,
    month: usize,
) -> Result<Told, String> {
    books.through(app, people, firm, firm.months[month].last).await?;
    let mut files = 0;
    for statement in firm.statements.iter().filter(|statement| statement.month == month) {
        let file = firm.statement_csv(statement).map_err(|error| error.to_string())?;
        let customer = CustomerId::text(books.customers[statement.customer]);
        let query = format!("side=theirs&customer={customer}&name={month}.csv");
        receive(people, &query, file).await?;
        files += 1;
    }
    let groups = run(people).await?;
    let mut told = Told { files, groups, signed: 0, open: Vec::new() };
    if firm.months[month].signed {
        decide(people).await?;
        let span = format!("{}-{:02}", firm.months[month].year, firm.months[month].month);
        for customer in &books.customers {
            match sign(people, *customer, &span).await {
                Ok(()) => told.signed += 1,
                Err(why) => told.open.push(why),
            }
        }
    }
    Ok(told)
}

/// Step 1 and 2: a file is received, read, looked at and posted.
async fn receive(people: &People, query: &str, file: String) -> Result<(), String> {
    let accountant = &people.accountant;
    let path = format!("/imports?{query}");
    let import = accountant.upload(&path, file.into_bytes()).await?.text("id")?;
    accountant.jobs().await;
    let preview = accountant.get(&format!("/imports/{import}/preview")).await?;
    let mut plan = preview.text("plan")?;
    let possible = preview.body["possible"].as_array().cloned().unwrap_or_default();
    if !possible.is_empty() {
        let groups = possible.iter().filter_map(|one| one["group"].as_str());
        let groups: serde_json::Map<String, Value> =
            groups.map(|group| (group.to_owned(), json!("import"))).collect();
        let etag = format!("\"v{}\"", preview.body["version"]);
        let path = format!("/imports/{import}/decisions");
        accountant.change("PUT", &path, &etag, &json!({ "groups": groups })).await?;
        plan = accountant.get(&format!("/imports/{import}/preview")).await?.text("plan")?;
    }
    if preview.body["chosen"] == 0 && possible.is_empty() {
        return Ok(());
    }
    let commit = format!("/imports/{import}/commit");
    accountant.post(&commit, &json!({ "plan": plan })).await?;
    accountant.jobs().await;
    Ok(())
}

/// Steps 3 and 4: a plan is made, looked at, committed by its digest.
async fn run(people: &People) -> Result<i64, String> {
    let accountant = &people.accountant;
    accountant.post("/match-runs", &json!({})).await?;
    accountant.jobs().await;
    let runs = accountant.get("/match-runs?limit=1").await?;
    let run = &runs.body["items"][0];
    let (id, digest) = (run["id"].as_str(), run["digest"].as_str());
    let (Some(id), Some(digest)) = (id, digest) else { return Err(format!("no run: {run}")) };
    if run["state"] == "planned" {
        let path = format!("/match-runs/{id}/commit");
        accountant.post(&path, &json!({ "digest": digest })).await?;
    }
    let passes = run["summary"]["passes"].as_array();
    let counted = passes.into_iter().flatten().filter_map(|pass| pass["groups"].as_i64());
    Ok(counted.sum())
}

/// Step 5: the best suggestion for each line is confirmed, until none is left.
async fn decide(people: &People) -> Result<(), String> {
    let accountant = &people.accountant;
    for _ in 0..20 {
        let page = accountant.get("/groups?status=suggested&limit=200").await?;
        let groups = page.body["items"].as_array().cloned().unwrap_or_default();
        let best = groups.iter().filter(|one| one["rank"].as_i64().unwrap_or(0) == 0);
        let mut ids: Vec<&Value> = best.map(|one| &one["id"]).collect();
        if ids.is_empty() {
            // Only second choices are left: the first of them is taken, then one looks again.
            ids.extend(groups.first().map(|one| &one["id"]));
        }
        if ids.is_empty() {
            return Ok(());
        }
        let body = json!({ "groups": ids, "reason": "与对方电话核实" });
        accountant.post("/groups/bulk-confirm", &body).await?;
        accountant.jobs().await;
    }
    Ok(())
}

/// Step 8: one person prepares, another approves and signs.
async fn sign(people: &People, customer: i64, span: &str) -> Result<(), String> {
    let customer = CustomerId::text(customer);
    let new = json!({ "customer": customer, "span": span });
    let period = people.accountant.post("/periods", &new).await?.text("id")?;
    let path = format!("/periods/{period}");
    let excuse = json!({ "excuse": "对方本月无往来，电话确认余额" });
    for (who, step, body) in [
        (&people.accountant, "prepare", excuse),
        (&people.manager, "approve", json!({})),
        (&people.manager, "sign-off", json!({})),
    ] {
        let etag = who.get(&path).await?.etag;
        let done = who.change("POST", &format!("{path}/{step}"), &etag, &body).await?;
        if step == "prepare" && done.body["ready"] == false {
            let checks = done.body["checklist"].as_array().cloned().unwrap_or_default();
            let failed = checks.iter().find(|check| check["ok"] == false);
            let why = failed.map_or_else(String::new, |check| check["problem_zh"].to_string());
            return Err(format!("{customer} {span}: {why}"));
        }
    }
    Ok(())
}
