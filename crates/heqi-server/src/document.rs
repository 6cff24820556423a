//! What holds for every operation of the OpenAPI document, said once: the headers of a change, and
//! the refusals that any request can meet.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Type,
};

/// Refusals that any operation may answer with.
const ANY: &[(&str, &str)] = &[
    ("400", "The request cannot be read"),
    ("403", "Not allowed, or from another site"),
    ("404", "There is no such thing, or it is not the caller's to see"),
    ("429", "Too many requests"),
    ("500", "A defect; nothing was saved"),
    ("503", "The database cannot be reached, or it took too long"),
];

/// Refusals that only a caller who has to be known meets.
const KNOWN: &[(&str, &str)] = &[("401", "Not signed in")];

/// Refusals that only a change meets.
const CHANGE: &[(&str, &str)] = &[
    ("409", "The state of things does not allow it, or somebody was faster"),
    ("412", "The record was changed since it was read"),
    ("413", "The body is too large"),
    ("415", "The body is of another type"),
    ("422", "The request is understood and does not hold"),
    ("428", "If-Match is missing"),
    ("507", "The disk is full; nothing was saved"),
];

/// Adds to every operation what holds for all of them.
pub fn complete(document: &mut OpenApi) {
    let shared = &mut document.components.get_or_insert_default().responses;
    for (status, description) in ANY.iter().chain(KNOWN).chain(CHANGE) {
        shared.insert(format!("Refusal{status}"), RefOr::T(refusal(description)));
    }
    for item in document.paths.paths.values_mut() {
        for (operation, change) in [
            (&mut item.get, false),
            (&mut item.post, true),
            (&mut item.put, true),
            (&mut item.patch, true),
            (&mut item.delete, true),
        ] {
            if let Some(operation) = operation {
                complete_operation(operation, change);
            }
        }
    }
}

fn complete_operation(operation: &mut Operation, change: bool) {
    let anonymous = crate::operations::required(operation)
        .is_some_and(|required| required == crate::operations::Required::Anonymous);
    let mut refusals: Vec<_> = ANY.to_vec();
    // What a query asks for may not hold either.
    refusals.push(("422", "The request is understood and does not hold"));
    if !anonymous {
        refusals.extend(KNOWN);
    }
    if change {
        refusals.extend(CHANGE);
    }
    let responses = &mut operation.responses.responses;
    for (status, _) in refusals {
        let shared = || RefOr::Ref(Ref::from_response_name(format!("Refusal{status}")));
        responses.entry(status.to_owned()).or_insert_with(shared);
    }
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && (status.starts_with('4') || status.starts_with('5'))
        {
            let description = response.description.clone();
            *response = refusal(&description);
        }
    }
    if change && !anonymous {
        let key = header("Idempotency-Key", "A unique text; the same one with a retry", 1);
        operation.parameters.get_or_insert_default().push(RefOr::T(key));
    }
}

fn refusal(description: &str) -> Response {
    let response = ResponseBuilder::new().description(description);
    response.content("application/problem+json", problem()).build()
}

fn problem() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build()
}

fn header(name: &str, description: &str, length: usize) -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(length))
        .max_length(Some(200))
        .pattern(Some("^[A-Za-z0-9._-]+$"))
        .build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text))
        .build()
}

#[cfg(test)]
mod tests {
    /// Every change of the API is seen as a change of this file.
    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

    #[test]
    fn openapi_document_is_committed_as_it_is_served() {
        let (_, document) = crate::router::api();
        let mut document = serde_json::to_value(document).unwrap();
        document.sort_all_objects();
        let served = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
        if std::env::var_os("HEQI_ACCEPT").is_some() {
            std::fs::write(COMMITTED, &served).unwrap();
        }
        let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
        let differs = served.lines().zip(committed.lines()).position(|(a, b)| a != b);
        assert!(
            served == committed.replace("\r\n", "\n"),
            "the API has changed (from line {} of crates/heqi-server/openapi.json); look at the \
             difference and accept it with \
             `HEQI_ACCEPT=1 cargo nextest run -p heqi-server openapi`",
            differs.unwrap_or_default() + 1
        );
    }
}
