//! What the ledger promises, asked over HTTP and checked by SQL of its own.

mod documents;
mod files;
mod posting;
mod queries;
mod stopped;
mod words;

use heqi_domain::{CustomerId, Id};
use serde_json::{Value as Json, json};

use crate::testing::{Answer, Client, TestApp};

/// A document of one leg.
pub fn document(customer: i64, kind: &str, date: &str, amount: i64) -> Json {
    json!({
        "customer": CustomerId::text(customer), "kind": kind, "reference": format!("{kind}-{date}"),
        "business_date": date, "amount": amount,
    })
}

/// Drafts a document and submits it; its id and version.
pub async fn submit(app: &TestApp, writer: &Client, body: Json) -> (String, i64) {
    let made = writer.post(&app.at("/documents"), body).await.expect(201);
    let id = made.text("id");
    let sent = act(app, writer, &id, 1, "submit").await.expect(200);
    (id, sent.number("version"))
}

/// An act without a body on a version of a document.
pub async fn act(app: &TestApp, by: &Client, id: &str, version: i64, act: &str) -> Answer {
    let tag = crate::answer::etag(version);
    let path = app.at(&format!("/documents/{id}/{act}"));
    by.send(axum::http::Method::POST, &path, &[("if-match", &tag)], None).await
}

/// Drafts, submits and posts a document; what it is then.
pub async fn posted(app: &TestApp, writer: &Client, poster: &Client, body: Json) -> Answer {
    let (id, version) = submit(app, writer, body).await;
    act(app, poster, &id, version, "approve").await.expect(200)
}
