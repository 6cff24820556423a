//! `/api/docs`: the OpenAPI document as a page to read, without a script and without a network.

use std::collections::BTreeMap;

use axum::response::Html;
use serde_json::Value;

/// The page for a document, in the language of the request.
pub fn page(document: &Value) -> Html<String> {
    let title = escaped(document["info"]["title"].as_str().unwrap_or_default());
    let about = escaped(document["info"]["description"].as_str().unwrap_or_default());
    let mut body = String::new();
    for (tag, operations) in by_tag(document) {
        body.push_str(&format!("<h2 id=\"{tag}\">{tag}</h2>\n"));
        for operation in operations {
            body.push_str(&operation);
        }
    }
    body.push_str("<h2 id=\"schemas\">schemas</h2>\n");
    if let Some(schemas) = document["components"]["schemas"].as_object() {
        for (name, schema) in schemas {
            body.push_str(&shown_schema(name, schema));
        }
    }
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} API</title>\
         <style>{STYLE}</style><main><h1>{title} API</h1><p>{about}</p>\
         <p><a href=\"/api/openapi.json\">openapi.json</a></p>\n{body}</main></html>"
    ))
}

const STYLE: &str = "body{font:15px/1.6 system-ui,sans-serif;margin:0;color:#1d2129}\
    main{max-width:60rem;margin:0 auto;padding:1.5rem}h2{margin-top:2.5rem}\
    details{border:1px solid #dde1e6;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}\
    summary{cursor:pointer}code{font:13px ui-monospace,monospace}b{display:inline-block;\
    min-width:4rem}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}\
    small{color:#5b6370}";

fn by_tag(document: &Value) -> BTreeMap<String, Vec<String>> {
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("other");
            let shown = shown_operation(method, path, operation);
            tags.entry(escaped(tag)).or_default().push(shown);
        }
    }
    tags
}

fn shown_operation(method: &str, path: &str, operation: &Value) -> String {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let mut out = format!(
        "<details id=\"{}\"><summary><b>{}</b> <code>{}</code> {}</summary>\n",
        text(&operation["operationId"]),
        escaped(&method.to_uppercase()),
        escaped(path),
        text(&operation["summary"]),
    );
    add(&mut out, format_args!("<p>{}</p>", text(&operation["description"])));
    let permission = text(&operation["x-permission"]);
    add(&mut out, format_args!("<p><small>permission: <code>{permission}</code></small></p>"));
    out.push_str("<table>");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
        let about = text(&parameter["description"]);
        add(&mut out, format_args!("<tr><td><code>{name}</code><td>{place}<td>{about}</tr>"));
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    if let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) {
        let name = escaped(name);
        add(&mut out, format_args!("<tr><td>body<td><td><a href=\"#{name}\">{name}</a></tr>"));
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let (status, about) = (escaped(status), text(&response["description"]));
        add(&mut out, format_args!("<tr><td><code>{status}</code><td><td>{about}</tr>"));
    }
    out.push_str("</table></details>\n");
    out
}

fn shown_schema(name: &str, schema: &Value) -> String {
    let name = escaped(name);
    let text = serde_json::to_string_pretty(schema).unwrap_or_default();
    let text = escaped(&text);
    format!(
        "<details id=\"{name}\"><summary><code>{name}</code></summary><pre>{text}</pre></details>"
    )
}

fn add(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.push_str(&what.to_string());
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_operation_and_escapes_what_it_shows() {
        let document = crate::router::api().1;
        let document = serde_json::to_value(document).unwrap();
        let Html(page) = page(&document);
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
            }
        }
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
