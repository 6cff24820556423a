//! Goal: what leaves is what is shown, harmless and noted; what comes in is seen by whom it may.

use axum::http::Method;
use futures::StreamExt;
use heqi_domain::{CustomerId, Id};
use serde_json::json;

use super::{act, document, posted};
use crate::testing::{Client, TestApp, on_both};

async fn ledger(app: &TestApp, customer: i64) -> (Client, Client, String) {
    let (writer, poster) = (app.client("accountant").await, app.client("finance_manager").await);
    let mut body = document(customer, "sale", "2026-10-08", 123_450);
    body["memo"] = json!("=HYPERLINK(\"http://x\")");
    let done = posted(app, &writer, &poster, body).await;
    let mut body = document(customer, "receipt", "2026-10-09", -5_000);
    body["memo"] = json!("货款, \"尾款\"");
    posted(app, &writer, &poster, body).await;
    let line = done.body["legs"][0]["id"].as_str().unwrap().to_owned();
    (writer, poster, line)
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_an_export_keeps_numbers_and_disarms_formulas() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, ..) = ledger(&app, customer).await;
        let csv = writer.get(&app.at("/lines/export?sort=date")).await.expect(200);
        let text = String::from_utf8(csv.bytes.clone()).unwrap();
        assert!(text.starts_with("\u{feff}业务日期,"), "{text}");
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 3);
        assert!(rows[1].contains(",1234.50,"), "{}", rows[1]);
        assert!(rows[1].contains(",\"'=HYPERLINK(\"\"http://x\"\")\","), "{}", rows[1]);
        assert!(rows[2].contains(",-50.00,"), "{}", rows[2]);
        assert!(rows[2].contains(",\"货款, \"\"尾款\"\"\","), "{}", rows[2]);
        let part = writer.get(&app.at("/lines/export?kind=receipt&format=csv")).await.expect(200);
        assert_eq!(String::from_utf8(part.bytes).unwrap().lines().count(), 2);
        let gbk = writer.get(&app.at("/lines/export?format=csv_gbk")).await.expect(200);
        assert!(gbk.bytes.starts_with(b"\xd2\xb5\xce\xf1\xc8\xd5\xc6\xda"));
        writer.get(&app.at("/lines/export?format=pdf")).await.expect(422);
        writer.get(&app.at("/lines/export?colour=red")).await.expect(422);
        let noted = "SELECT COUNT(*) FROM audit_record WHERE action = 'line.export' \
                     AND detail LIKE '%\"rows\":2%' AND detail LIKE '%sort=date%'";
        assert_eq!(app.number(noted).await, 1);
        app.client("read_only").await.get(&app.at("/lines/export")).await.expect(403);
        let stranger = app.client_in(&app.company, "accountant", "own", "").await;
        let none = stranger.get(&app.at("/lines/export")).await.expect(200);
        assert_eq!(String::from_utf8(none.bytes).unwrap().lines().count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_a_workbook_holds_real_numbers_and_typed_texts() {
    let app = TestApp::on_sqlite().await;
    let customer = app.customer("C1", "海仓商贸").await;
    let (writer, ..) = ledger(&app, customer).await;
    let book = writer.get(&app.at("/lines/export?sort=date&format=xlsx")).await.expect(200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(book.bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        let mut file = zip.by_name(name).unwrap();
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<v>1234.5</v>") && sheet.contains("<v>-50</v>"), "{sheet}");
    assert!(!sheet.contains("<f>") && sheet.contains("state=\"frozen\""), "{sheet}");
    assert!(sheet.contains("=HYPERLINK") || part("xl/sharedStrings.xml").contains("=HYPERLINK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_ones_own_or_shared_and_hold_a_filter_that_works() {
    on_both(async |app: TestApp| {
        let (one, two) = (app.client("accountant").await, app.client("sales").await);
        let path = app.at("/views");
        let view = |name: &str, query: &str, shared: bool| {
            json!({ "screen": "ledger", "name": name, "query": query, "shared": shared })
        };
        one.post(&path, view("坏的", "kind=gift", false)).await.expect(422);
        one.post(&path, view("坏的", "colour=red", false)).await.expect(422);
        let own = one.post(&path, view("我的", "kind=sale&q=华东", false)).await.expect(201);
        let taken = one.post(&path, view("我的", "", false)).await.expect(409);
        assert_eq!(taken.code(), "view_name_taken");
        let shared = one.post(&path, view("公用", "side=theirs", true)).await.expect(201);
        let names = async |client: &Client| {
            let listed = client.get(&app.at("/views?screen=ledger")).await.expect(200);
            let listed = listed.body.as_array().unwrap().clone();
            let mut names: Vec<_> = listed.iter().map(|view| view["name"].clone()).collect();
            names.sort_by_key(ToString::to_string);
            names
        };
        assert_eq!(names(&one).await, [json!("公用"), json!("我的")]);
        assert_eq!(names(&two).await, [json!("公用")]);
        let at = |id: &str| app.at(&format!("/views/{id}"));
        two.get(&at(&own.text("id"))).await.expect(404);
        two.put(&at(&own.text("id")), 1, view("x", "", false)).await.expect(404);
        let refused = two.put(&at(&shared.text("id")), 1, view("x", "", true)).await.expect(409);
        assert_eq!(refused.code(), "not_your_view");
        one.put(&at(&shared.text("id")), 9, view("公用", "", true)).await.expect(412);
        one.put(&at(&shared.text("id")), 1, view("公用", "", false)).await.expect(200);
        assert!(names(&two).await.is_empty());
        let tag = [("if-match", "\"v2\"")];
        one.send(Method::DELETE, &at(&shared.text("id")), &tag, None).await.expect(200);
        assert_eq!(app.number("SELECT COUNT(*) FROM saved_view").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_attachments_follow_their_line() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster, line) = ledger(&app, customer).await;
        let path = app.at(&format!("/lines/{line}/attachments"));
        let upload = async |client: &Client, name: &str, bytes: &[u8]| {
            let headers = [("x-file-name", name)];
            client.send_bytes(Method::POST, &path, &headers, bytes.to_vec()).await
        };
        let name = "%E9%80%81%E8%B4%A7%E5%8D%95.pdf";
        let made = upload(&writer, name, b"%PDF-1.7 secret slip").await.expect(201);
        assert_eq!(made.text("name"), "送货单.pdf");
        upload(&writer, "slip.exe", b"MZ").await.expect(422);
        upload(&writer, "slip.pdf", b"MZ").await.expect(422);
        upload(&writer, "", b"%PDF-1.7").await.expect(422);
        let large = upload(&writer, name, &vec![b'%'; (20 << 20) + 1]).await.expect(413);
        assert_eq!(large.code(), "file_too_large");
        let reader = app.client("read_only").await;
        upload(&reader, name, b"%PDF-1.7").await.expect(403);
        let listed = reader.get(&path).await.expect(200);
        assert_eq!(listed.body.as_array().unwrap().len(), 1);
        let file = app.at(&format!("/lines/{line}/attachments/{}", made.text("id")));
        let got = reader.get(&file).await.expect(200);
        assert_eq!(got.bytes, b"%PDF-1.7 secret slip");
        let disposition = got.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment;"), "{disposition}");
        assert!(disposition.ends_with("filename*=UTF-8''%E9%80%81%E8%B4%A7%E5%8D%95.pdf"));
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        // Another line of the same ledger does not have it.
        let lines = poster.get(&app.at("/lines?kind=receipt")).await;
        let other_line = lines.body["items"][0]["id"].as_str().unwrap().to_owned();
        reader.get(&file.replace(&line, &other_line)).await.expect(404);
        let stranger = app.client_in(&app.company, "finance_manager", "own", "").await;
        let other = app.other_company().await;
        let elsewhere = app.client_in(&other, "finance_manager", "all", "").await;
        for (client, company) in [(&stranger, &app.company), (&elsewhere, &other)] {
            for at in [&path, &file] {
                client.get(&at.replace(&app.company, company)).await.expect(404);
            }
        }
        upload(&stranger, name, b"%PDF-1.7").await.expect(404);
        let rows = app.values("SELECT bytes FROM blob_part").await;
        let sealed = rows.iter().all(|row| match &row[0] {
            heqi_platform::Value::Bytes(bytes) => !bytes.windows(6).any(|part| part == b"secret"),
            _ => false,
        });
        assert!(sealed && rows.len() == 1);
        let actions = app.actions().await;
        for action in ["attachment.create", "attachment.download"] {
            assert!(actions.contains(&action.to_owned()), "{action}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_draft_go_and_those_of_a_posted_entry_stay() {
    on_both(async |app: TestApp| {
        let customer = app.customer("C1", "海仓商贸").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let body = document(customer, "sale", "2026-10-08", 100);
        let made = writer.post(&app.at("/documents"), body).await.expect(201);
        let line = made.body["legs"][0]["id"].as_str().unwrap().to_owned();
        let path = app.at(&format!("/lines/{line}/attachments"));
        let upload = async || {
            let headers = [("x-file-name", "a.pdf")];
            let sent = writer.send_bytes(Method::POST, &path, &headers, b"%PDF-1.7".to_vec()).await;
            format!("{path}/{}", sent.expect(201).text("id"))
        };
        let (wrong, right) = (upload().await, upload().await);
        app.client("read_only").await.delete(&wrong).await.expect(403);
        writer.delete(&wrong).await.expect(200);
        writer.get(&wrong).await.expect(404);
        let document = made.text("id");
        let sent = act(&app, &writer, &document, 1, "submit").await.expect(200);
        assert_eq!(writer.delete(&right).await.expect(409).code(), "attachment_stays");
        act(&app, &poster, &document, sent.number("version"), "approve").await.expect(200);
        assert_eq!(writer.delete(&right).await.expect(409).code(), "attachment_stays");
        writer.get(&right).await.expect(200);
        let all = writer.get(&format!("{path}?removed=true")).await.expect(200);
        assert_eq!(all.body.as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_to_those_who_may_see_it() {
    on_both(async |app: TestApp| {
        let owner = app.client_in(&app.company, "accountant", "own", "").await;
        let mine = app.customer_of(&app.company, "C1", "本人", Some(owner.user), "", "").await;
        let foreign = app.customer("C2", "别人").await;
        let (writer, poster) =
            (app.client("accountant").await, app.client("finance_manager").await);
        let stream = owner.stream(&app.at("/events")).await;
        assert_eq!(stream.status(), 200);
        let mut frames = stream.into_body().into_data_stream();
        posted(&app, &writer, &poster, document(foreign, "sale", "2026-10-08", 100)).await;
        posted(&app, &writer, &poster, document(mine, "sale", "2026-10-08", 100)).await;
        let frame = frames.next().await.unwrap().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(text.contains(&CustomerId::text(mine)), "{text}");
        assert!(!text.contains(&CustomerId::text(foreign)), "{text}");
        // Who comes back with the number seen last is told what happened in between.
        let again = owner.stream_from(&app.at("/events"), "0").await;
        let frame = again.into_body().into_data_stream().next().await.unwrap().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(text.contains("id: 2") || text.contains("id:2"), "{text}");
    })
    .await;
}
