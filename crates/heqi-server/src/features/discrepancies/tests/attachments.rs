//! Goal: evidence hangs on a discrepancy, is seen by whom it concerns, and stays once it counts.

use axum::http::Method;
use heqi_platform::Value;
use serde_json::json;

use super::{act, at, pair, rounding};
use crate::testing::{Answer, Client, TestApp, on_both};

const PDF: &[u8] = b"%PDF-1.7 secret letter";

async fn upload(client: &Client, path: &str, name: &str, bytes: &[u8]) -> Answer {
    client.send_bytes(Method::POST, path, &[("x-file-name", name)], bytes.to_vec()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_kept_read_with_a_record_and_taken_away_with_a_trace() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = rounding(&app, customer, 4).await;
        let path = at(&app, &id, "/attachments");
        let (me, reader) = (app.client("accountant").await, app.client("read_only").await);
        let name = "..%2F..%2Fetc%2F%E5%9B%9E%E5%87%BD%22%0D%0A.pdf";
        let made = upload(&me, &path, name, PDF).await.expect(201);
        assert_eq!(made.text("name"), "回函_.pdf", "no folder, no quote, no line break");
        let file = format!("{path}/{}", made.text("id"));
        assert_eq!(made.headers["location"], file.as_str());
        let got = reader.get(&file).await.expect(200);
        assert_eq!(
            (got.bytes.as_slice(), &got.headers["content-type"]),
            (PDF, &"application/pdf".parse().unwrap())
        );
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        let kept = got.headers["content-disposition"].to_str().unwrap();
        assert_eq!(
            kept,
            "attachment; filename=\"___.pdf\"; filename*=UTF-8''%E5%9B%9E%E5%87%BD_.pdf"
        );
        upload(&reader, &path, name, PDF).await.expect(403);
        reader.delete(&file).await.expect(403);
        for (name, bytes) in
            [("a.pdf", &b"MZ"[..]), ("a.exe", b"MZ"), ("a.html", b"<html>"), ("", PDF)]
        {
            upload(&me, &path, name, bytes).await.expect(422);
        }
        let large = upload(&me, &path, "a.txt", &vec![b'a'; (20 << 20) + 1]).await.expect(413);
        assert_eq!(large.code(), "file_too_large");
        let twice = upload(&me, &path, "b.pdf", PDF).await.expect(201);
        let gone = me.delete(&file).await.expect(200);
        assert_eq!(gone.text("removed_by"), me.user_text());
        for answer in [me.get(&file).await, me.delete(&file).await] {
            answer.expect(404);
        }
        let listed = reader.get(&path).await.expect(200);
        assert_eq!(listed.body.as_array().unwrap().len(), 1);
        assert_eq!(listed.body[0]["id"], twice.body["id"]);
        let all = reader.get(&format!("{path}?removed=true")).await.expect(200);
        assert_eq!(all.body[0]["name"], "回函_.pdf");
        let history = reader.get(&at(&app, &id, "/history")).await.expect(200).body;
        let words: Vec<_> =
            history.as_array().unwrap().iter().map(|it| it["words"].as_str().unwrap()).collect();
        assert!(words.contains(&"添加附件 回函_.pdf") && words.contains(&"移除附件 回函_.pdf"));
        let actions = app.actions().await;
        let count = |action: &str| actions.iter().filter(|done| *done == action).count();
        let counted = ["create", "download", "remove"].map(|it| count(&format!("attachment.{it}")));
        assert_eq!(counted, [2, 1, 1]);
        let sealed = app.values("SELECT bytes FROM blob_part").await;
        let plain = |row: &Vec<Value>| match &row[0] {
            Value::Bytes(bytes) => bytes.windows(6).any(|part| part == b"secret"),
            _ => true,
        };
        assert!(!sealed.is_empty() && !sealed.iter().any(plain));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_what_is_cleared_stays() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓").await;
        let id = pair(&app, customer, "wrong_reference", 100, 100).await;
        let me = app.client("accountant").await;
        let path = at(&app, &id, "/attachments");
        let file = upload(&me, &path, "a.pdf", PDF).await.expect(201).text("id");
        let file = format!("{path}/{file}");
        let fits = json!({ "resolution": "no_effect", "note": "单号写错", "lines": [] });
        act(&me, &at(&app, &id, "/resolve"), 1, fits).await.expect(200);
        let stays = me.delete(&file).await.expect(409);
        assert_eq!(stays.code(), "attachment_stays");
        upload(&me, &path, "b.pdf", PDF).await.expect(201);
        act(&me, &at(&app, &id, "/reopen"), 2, json!({ "reason": "看错了" })).await.expect(200);
        me.delete(&file).await.expect(200);
        let left = "SELECT COUNT(*) FROM attachment WHERE removed_at IS NULL";
        assert_eq!(app.number(left).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_evidence_follows_its_customer() {
    on_both(async |app: TestApp| {
        let seller = app.client_in(&app.company, "accountant", "own", "").await;
        let own = app.customer_of(&app.company, "C1", "自己", Some(seller.user), "", "").await;
        let foreign = app.customer("C2", "别人").await;
        let mine = pair(&app, own, "amount", 200, 100).await;
        let theirs = pair(&app, foreign, "amount", 200, 100).await;
        let manager = app.client("accountant").await;
        let path = at(&app, &theirs, "/attachments");
        let file = upload(&manager, &path, "a.pdf", PDF).await.expect(201).text("id");
        let file = format!("{path}/{file}");
        let other = app.other_company().await;
        let elsewhere = app.client_in(&other, "accountant", "all", "").await;
        for (client, company) in [(&seller, &app.company), (&elsewhere, &other)] {
            let place = |path: &str| path.replace(&app.company, company);
            client.get(&place(&path)).await.expect(404);
            client.get(&place(&file)).await.expect(404);
            client.delete(&place(&file)).await.expect(404);
            upload(client, &place(&path), "b.pdf", PDF).await.expect(404);
        }
        // The file of one discrepancy is not got by the address of another.
        let crossed = file.replace(&theirs, &mine);
        seller.get(&crossed).await.expect(404);
        seller.delete(&crossed).await.expect(404);
        assert_eq!(app.number("SELECT COUNT(*) FROM attachment").await, 1);
    })
    .await;
}
