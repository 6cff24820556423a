//! The test bench of rules: what a draft would have done with what people have confirmed or
//! signed, beside the rules that hold.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use heqi_domain::{Id, Lines, RulesId};
use heqi_matching::{MatchError, Openings, RuleSet, State, match_lines};
use heqi_platform::audit::Event;
use heqi_platform::jobs::{self, Handler, JobError, Work};
use heqi_platform::{DbError, Sql, Tx};

use super::load::{self, Loaded, Select};
use super::plan::every;
use crate::features::rules::model::BenchScore;
use crate::features::rules::{self, Bench};

/// `rules.bench`: tries a draft and stores how it did.
#[must_use]
pub fn bench() -> Handler {
    Arc::new(|work| Box::pin(run(work)))
}

async fn run(work: Work) -> Result<serde_json::Value, JobError> {
    let job = &work.claim.job;
    let (company, id) = (job.company, job.payload["rules"].as_i64().unwrap_or(0));
    let mut tx = work.db.read().await?;
    let Some(toml) = rules::toml_of(&mut tx, company, id).await? else { return Err(hopeless()) };
    let Ok(tried) = rules::parse(&toml) else { return Err(hopeless()) };
    let holding = rules::active(&mut tx, company).await?.set;
    let loaded = load::load(&mut tx, company, &Select::Decided).await?;
    let truth = truth(&mut tx, company).await?;
    drop(tx);
    let progress = work.clone();
    let digest = rules::digest(&toml);
    let task = tokio::task::spawn_blocking(move || {
        compare(&loaded, &truth, &tried, &holding, &progress, digest)
    });
    let compared = task.await.map_err(|error| JobError::Again(error.to_string()))?;
    let bench = compared.map_err(|error| match error {
        MatchError::Cancelled => JobError::Canceled,
        error => JobError::Hopeless(
            serde_json::json!({ "code": "no_bench", "detail": error.to_string() }),
        ),
    })?;
    let result = serde_json::to_value(&bench).unwrap_or_default();
    let mut tx = work.db.write().await?;
    if !rules::note_bench(&mut tx, company, id, &toml, &bench).await? {
        return Err(hopeless());
    }
    jobs::finish(&mut tx, &work.claim, &result).await?;
    let event = Event {
        company,
        actor_kind: "user".to_owned(),
        actor: job.created_by.clone(),
        action: "rules.tried".to_owned(),
        object: RulesId::text(id),
        ..Event::default()
    };
    tx.record(event.with_detail(&result));
    tx.commit().await?;
    Ok(result)
}

fn hopeless() -> JobError {
    JobError::Hopeless(serde_json::json!({
        "code": "no_draft", "detail": "the draft was changed or decided meanwhile; try it again",
    }))
}

/// The group of each line of the past.
async fn truth(tx: &mut Tx, company: i64) -> Result<HashMap<i64, i64>, DbError> {
    let mut sql = Sql::new(
        "SELECT line_claim.line_id, line_claim.group_id FROM line_claim JOIN match_group \
         ON match_group.id = line_claim.group_id \
         WHERE (match_group.decided OR match_group.period_id IS NOT NULL) \
         AND match_group.company_id = ",
    );
    sql.push_bind(company);
    let mut truth = HashMap::new();
    tx.scan(sql, |cells| {
        truth.insert(cells.int(0)?, cells.int(1)?);
        Ok(())
    })
    .await?;
    Ok(truth)
}

fn compare(
    loaded: &Loaded,
    truth: &HashMap<i64, i64>,
    tried: &RuleSet,
    holding: &RuleSet,
    progress: &Work,
    rules: String,
) -> Result<Bench, MatchError> {
    let mut sets: HashMap<i64, Vec<i64>> = HashMap::new();
    for (line, group) in truth {
        sets.entry(*group).or_default().push(*line);
    }
    let sets: HashSet<Vec<i64>> = sets
        .into_values()
        .map(|mut lines| {
            lines.sort_unstable();
            lines
        })
        .collect();
    let (of_tried, tried) = score(loaded, &sets, tried, progress)?;
    let (of_holding, holding) = score(loaded, &sets, holding, progress)?;
    let count = |found: usize| i64::try_from(found).unwrap_or(i64::MAX);
    let more = of_tried.keys().filter(|line| !of_holding.contains_key(line)).count();
    let less = of_holding.keys().filter(|line| !of_tried.contains_key(line)).count();
    let other = |(line, group): &(&i64, &Arc<[i64]>)| {
        of_holding.get(line).is_some_and(|other| other != *group)
    };
    let differently = of_tried.iter().filter(other).count();
    Ok(Bench {
        rules,
        groups: count(sets.len()),
        lines: count(truth.len()),
        tried,
        holding,
        more: count(more),
        less: count(less),
        differently: count(differently),
    })
}

type ByLine = HashMap<i64, Arc<[i64]>>;

/// The groups that rules match by themselves, line by line, and how many are those of the past.
fn score(
    loaded: &Loaded,
    truth: &HashSet<Vec<i64>>,
    rules: &RuleSet,
    progress: &Work,
) -> Result<(ByLine, BenchScore), MatchError> {
    let [ours, theirs]: &[Lines; 2] = &loaded.lines;
    let outcome = match_lines(ours, theirs, rules, &Openings::default(), progress)?;
    let mut by_line: ByLine = HashMap::new();
    let mut score = BenchScore::default();
    for group in every(&outcome) {
        if group.state == State::Suggested {
            score.suggested += 1;
            continue;
        }
        let of_ours = group.ours.iter().map(|line| loaded.id(0, *line));
        let mut lines: Vec<i64> =
            of_ours.chain(group.theirs.iter().map(|line| loaded.id(1, *line))).collect();
        lines.sort_unstable();
        score.groups += 1;
        score.right += i64::from(truth.contains(&lines));
        let lines: Arc<[i64]> = lines.into();
        by_line.extend(lines.iter().map(|line| (*line, Arc::clone(&lines))));
    }
    score.lines = i64::try_from(by_line.len()).unwrap_or(i64::MAX);
    score.precision_ppm = (score.right * 1_000_000).checked_div(score.groups);
    Ok((by_line, score))
}
