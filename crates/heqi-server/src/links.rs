//! Links of the OpenAPI document: where an answer leads, so that a client can follow.
//!
//! Addresses say it already: what a POST to a collection makes is found below that collection.
//! A handler's own links come first, since it may answer with more than what was made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr, Response};

/// An operation that a link may lead to.
struct Target {
    id: String,
    path: String,
    /// Whether it wants the version that the answer named.
    versioned: bool,
}

/// Adds the links that follow from the addresses, and the company to those of handlers.
pub fn complete(document: &mut OpenApi) {
    let targets = targets(document);
    let with_id = with_id(document);
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = &mut item.post {
            add(operation, path, &targets, &with_id);
        }
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch] {
            for response in operation.iter_mut().flat_map(|it| it.responses.responses.values_mut())
            {
                if let RefOr::T(response) = response {
                    inherit(response, path, &targets);
                }
            }
        }
    }
}

fn targets(document: &OpenApi) -> Vec<Target> {
    let items = document.paths.paths.iter();
    let all = items.flat_map(|(path, item)| {
        let found = crate::operations::operations(item.clone());
        found.into_iter().map(move |(_, operation)| (path.clone(), operation))
    });
    let target = |(path, operation): (String, Operation)| {
        let versioned = operation.parameters.iter().flatten().any(|parameter| {
            matches!(parameter, RefOr::T(it) if it.parameter_in == ParameterIn::Header
                && it.name.eq_ignore_ascii_case("if-match"))
        });
        Some(Target { id: operation.operation_id?, path, versioned })
    };
    all.filter_map(target).collect()
}

/// The schemas that have an `id`.
fn with_id(document: &OpenApi) -> BTreeSet<String> {
    let schemas = document.components.iter().flat_map(|it| it.schemas.iter());
    let holds = |schema: &RefOr<Schema>| {
        let schema = serde_json::to_value(schema).unwrap_or_default();
        let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
        std::iter::once(&schema).chain(&parts).any(|it| it["properties"].get("id").is_some())
    };
    schemas.filter(|(_, schema)| holds(schema)).map(|(name, _)| name.clone()).collect()
}

/// From what a POST made to what can be done with it; from a job to the job.
fn add(operation: &mut Operation, path: &str, targets: &[Target], with_id: &BTreeSet<String>) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let Some(name) = body_name(response).filter(|name| with_id.contains(name)) else {
            continue;
        };
        let made = |target: &&Target| match (status.as_str(), name.as_str()) {
            (_, "Job") => target.id == "job_view",
            ("201", _) => made_below(path, &target.path).is_some(),
            _ => false,
        };
        for target in targets.iter().filter(made) {
            let below = made_below(path, &target.path).unwrap_or("job");
            let mut link =
                LinkBuilder::new().operation_id(&target.id).parameter(below, "$response.body#/id");
            if target.versioned {
                link = link.parameter("header.If-Match", "$response.header.ETag");
            }
            response.links.entry(target.id.clone()).or_insert_with(|| RefOr::T(link.build()));
        }
    }
}

/// The name of the one parameter by which `target` continues the collection at `path`.
fn made_below<'a>(path: &str, target: &'a str) -> Option<&'a str> {
    let (name, rest) = target.strip_prefix(path)?.strip_prefix("/{")?.split_once('}')?;
    // Almost every operation is below a company; that is no news.
    (name != "company" && !rest.contains('{')).then_some(name)
}

/// The parameters of the address that the target shares with the operation.
fn inherit(response: &mut Response, path: &str, targets: &[Target]) {
    for link in response.links.values_mut() {
        let RefOr::T(link) = link else { continue };
        let Some(target) = targets.iter().find(|it| it.id == link.operation_id) else { continue };
        for name in parameters(path) {
            if parameters(&target.path).any(|it| it == name) {
                fill(link, name);
            }
        }
    }
}

fn fill(link: &mut Link, name: &str) {
    let own = || Value::from(format!("$request.path.{name}"));
    let parameters: &mut BTreeMap<_, _> = &mut link.parameters;
    parameters.entry(name.to_owned()).or_insert_with(own);
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The name of the schema of a JSON answer.
fn body_name(response: &Response) -> Option<String> {
    let RefOr::T(content) = response.content.get("application/json")? else { return None };
    let schema = serde_json::to_value(content.schema.as_ref()?).ok()?;
    Some(schema["$ref"].as_str()?.rsplit('/').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_below_its_collection() {
        let below = |target| made_below("/api/users", target);
        assert_eq!(below("/api/users/{user}"), Some("user"));
        assert_eq!(below("/api/users/{user}/unlock"), Some("user"));
        assert_eq!(below("/api/users/{user}/grants/{grant}"), None);
        assert_eq!(below("/api/users-of/{user}"), None);
    }

    #[test]
    fn every_link_names_an_operation_and_all_parameters_of_its_address() {
        let document = crate::router::api().1;
        let targets = targets(&document);
        let document = serde_json::to_value(&document).unwrap();
        let mut seen = 0;
        for operation in document["paths"].as_object().unwrap().values() {
            for method in operation.as_object().unwrap().values() {
                for response in method["responses"].as_object().into_iter().flatten() {
                    for link in response.1["links"].as_object().into_iter().flatten() {
                        let id = link.1["operationId"].as_str().unwrap();
                        let target = targets.iter().find(|it| it.id == id);
                        let target = target.unwrap_or_else(|| panic!("no operation {id}"));
                        for name in parameters(&target.path) {
                            let given = link.1["parameters"].get(name);
                            assert!(
                                given.is_some(),
                                "{}: {id} lacks {name}",
                                method["operationId"]
                            );
                        }
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 20, "only {seen} links");
    }
}
