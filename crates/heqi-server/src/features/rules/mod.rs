//! Rules 匹配规则: versioned, tried on the past, approved.
//!
//! A version is a rule set as TOML. It goes draft → proposed → active, and the one that was
//! active is retired. Invariants: one version is active at most, and without one the preset
//! `default` holds; who wrote or proposed a version never approves it; what was proposed is
//! what was tried on the past and what becomes active, to the byte.

pub mod model;
mod routes;
mod store;
#[cfg(test)]
mod tests;

use heqi_domain::{Id, RulesId};
use heqi_matching::RuleSet;
use heqi_platform::{DbError, Tx};
use sha2::{Digest, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

pub use model::Bench;
pub use store::{note_bench, toml_of};

/// The routes of this feature.
#[must_use]
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(routes::rules_list, routes::rules_create))
        .routes(routes!(routes::rules_active))
        .routes(routes!(routes::rules_view, routes::rules_change))
        .routes(routes!(routes::rules_bench))
        .routes(routes!(routes::rules_propose))
        .routes(routes!(routes::rules_approve))
        .routes(routes!(routes::rules_reject))
}

/// The rules that hold in a company.
#[derive(Clone, Debug)]
pub struct Active {
    /// The version; none where the preset holds.
    pub id: Option<i64>,
    /// The rules.
    pub set: RuleSet,
    /// SHA-256 of their text, hexadecimal.
    pub digest: String,
}

/// The rules that hold in a company now.
///
/// # Errors
/// Whatever the database says; a stored version that cannot be read is a defect.
pub async fn active(tx: &mut Tx, company: i64) -> Result<Active, DbError> {
    let Some((id, toml)) = store::active(tx, company).await? else {
        let set = RuleSet::default();
        let text = as_toml(&set);
        return Ok(Active { id: None, set, digest: digest(&text) });
    };
    let set = parse(&toml).map_err(|wrong| {
        DbError::Failed(format!("{} cannot be read: {}", RulesId::text(id), wrong[1]))
    })?;
    Ok(Active { id: Some(id), set, digest: digest(&toml) })
}

/// A rule set from its text; what is wrong with it, in Chinese and English.
///
/// # Errors
/// Unknown keys, values out of range: a misspelt rule is a rule that does not hold.
pub fn parse(text: &str) -> Result<RuleSet, [String; 2]> {
    let set: RuleSet = toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(1, |span| {
            text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
        });
        let why = error.message();
        [
            format!("规则第 {place} 行读不懂：{why}"),
            format!("The rules cannot be read, line {place}: {why}"),
        ]
    })?;
    match set.differences.impossible_rate() {
        None => Ok(set),
        Some((key, rate)) => Err([
            format!("{key} 中的 {rate} 不是可用的比率；13% 写作 130000，折扣与代扣须小于 100%"),
            format!("{rate} in {key} is no rate that an amount can have; 13 % is 130000"),
        ]),
    }
}

/// The text of a rule set, complete.
#[must_use]
pub fn as_toml(set: &RuleSet) -> String {
    // A rule set is plain tables of numbers, words and lists, which TOML can always write.
    toml::to_string_pretty(set).unwrap_or_default()
}

/// SHA-256 of the text of a version, hexadecimal.
#[must_use]
pub fn digest(toml: &str) -> String {
    Sha256::digest(toml).iter().map(|byte| format!("{byte:02x}")).collect()
}
