//! What each operation asks of its caller, read from the document that clients are given.
//!
//! The permission stands once, beside the operation's description (`x-permission`); it is held
//! here before a handler runs or a body is parsed, and what names none is open to nobody.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;
use utoipa::openapi::path::{Operation, PathItem};

use crate::permission::{Grants, Permission};
use crate::problem::Problem;

/// What an operation asks of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// Nothing: signing in, the first run.
    Anonymous,
    /// To be signed in; in a company, to work there.
    SignedIn,
    /// One of these permissions.
    One(Vec<Permission>),
}

/// Every operation by method and address.
static OPERATIONS: LazyLock<HashMap<(Method, String), Option<Required>>> = LazyLock::new(|| {
    let document = crate::router::api().1;
    let mut all = HashMap::new();
    for (path, item) in document.paths.paths {
        for (method, operation) in operations(item) {
            all.insert((method, path.clone()), required(&operation));
        }
    }
    all
});

/// The operations of an address.
pub fn operations(item: PathItem) -> Vec<(Method, Operation)> {
    let all = [
        (Method::GET, item.get),
        (Method::POST, item.post),
        (Method::PUT, item.put),
        (Method::PATCH, item.patch),
        (Method::DELETE, item.delete),
    ];
    all.into_iter().filter_map(|(method, found)| Some((method, found?))).collect()
}

/// What an operation's `x-permission` says: `anonymous`, `any`, `own`, or permissions with `|`
/// between them.
#[must_use]
pub fn required(operation: &Operation) -> Option<Required> {
    match operation.extensions.as_ref()?.get("x-permission")?.as_str()? {
        "anonymous" => Some(Required::Anonymous),
        "any" | "own" => Some(Required::SignedIn),
        codes => {
            let codes: Option<Vec<_>> = codes.split('|').map(Permission::from_code).collect();
            codes.map(Required::One)
        }
    }
}

/// Refuses a caller who lacks what the operation asks for.
///
/// # Errors
/// 403.
pub fn authorize(method: &Method, path: &str, grants: &Grants) -> Result<(), Problem> {
    // Who may read may ask whether there is something to read.
    let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
    match OPERATIONS.get(&(method, path.to_owned())) {
        Some(Some(Required::Anonymous | Required::SignedIn)) => Ok(()),
        Some(Some(Required::One(permissions))) => {
            if permissions.iter().any(|permission| grants.0.contains_key(permission)) {
                return Ok(());
            }
            Err(Problem::forbidden(permissions.first().map_or("", |first| first.code())))
        }
        None | Some(None) => Err(Problem::forbidden("unlisted")),
    }
}
