//! What holds for every operation of the OpenAPI document, said once: the headers of a change, and
//! the refusals that any request can meet.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Array, ArrayItems};
use utoipa::openapi::{
    ContentBuilder, Object, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema, Type,
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
    open_parts(&mut document.components.get_or_insert_default().schemas);
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

/// A body that is entered refuses what it does not know. As a part of what is shown, beside an id
/// and a version, it cannot: there it stands opened, in place of the reference to the closed one.
fn open_parts(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let closed: BTreeMap<String, Object> = schemas
        .iter()
        .filter_map(|(name, schema)| match schema {
            RefOr::T(Schema::Object(object)) if object.additional_properties.is_some() => {
                let mut open = object.clone();
                open.additional_properties = None;
                Some((format!("#/components/schemas/{name}"), open))
            }
            _ => None,
        })
        .collect();
    schemas.values_mut().for_each(|schema| open_part(schema, &closed));
}

/// The same within a schema, wherever one stands in another.
fn open_part(schema: &mut RefOr<Schema>, closed: &BTreeMap<String, Object>) {
    match schema {
        RefOr::T(Schema::AllOf(all)) => {
            for part in &mut all.items {
                match part {
                    RefOr::Ref(reference) => {
                        if let Some(open) = closed.get(&reference.ref_location) {
                            *part = RefOr::T(Schema::Object(open.clone()));
                        }
                    }
                    RefOr::T(_) => open_part(part, closed),
                }
            }
        }
        RefOr::T(Schema::Object(object)) => {
            object.properties.values_mut().for_each(|inner| open_part(inner, closed));
        }
        RefOr::T(Schema::Array(Array { items: ArrayItems::RefOrSchema(inner), .. })) => {
            open_part(inner, closed);
        }
        _ => {}
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

    /// Names of schemas by the files of this folder that have them.
    fn names(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for derived in text.split("#[derive(").skip(1) {
                    let Some((traits, rest)) = derived.split_once(")]") else { continue };
                    if !traits.contains("ToSchema") {
                        continue;
                    }
                    let head = rest.split(['{', ';']).next().unwrap_or_default();
                    let named = head.split_once("schema(as = ").map(|(_, name)| name);
                    let named = named.or_else(|| head.split("struct ").nth(1));
                    let named = named.or_else(|| head.split("enum ").nth(1)).unwrap_or_default();
                    let word = named.split(|c: char| !c.is_alphanumeric()).next();
                    found.push(word.unwrap_or_default().to_owned());
                }
            }
        }
    }

    #[test]
    fn no_two_schemas_have_one_name() {
        let mut found = Vec::new();
        names(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
        assert!(found.len() > 150, "{}", found.len());
        found.sort();
        let twice: Vec<_> = found.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "the document would hold one of each pair: {twice:?}");
    }

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
