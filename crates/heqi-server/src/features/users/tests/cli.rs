//! Goal: at the terminal the same rules hold, and the chain says that it was the terminal.

use heqi_platform::Value;
use serde_json::json;

use super::{PASSWORD, attempt, holder};
use crate::features::users::cli;
use crate::features::users::model::NewUser;
use crate::testing::{TestApp, on_both};

fn new(login: &str, password: &str) -> NewUser {
    NewUser { login: login.to_owned(), name: "王芳".to_owned(), password: password.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_makes_the_first_security_administrator() {
    on_both(async |app: TestApp| {
        let shared = &app.app;
        let weak = cli::create(shared, "root", &new("wangfang", "short")).await.unwrap_err();
        assert_eq!(weak.code, "invalid_field");
        let bad = cli::create(shared, "root", &new("王芳", PASSWORD)).await.unwrap_err();
        assert_eq!(bad.code, "invalid_fields");
        let user = cli::create(shared, "root", &new("WangFang", PASSWORD)).await.unwrap();
        let again = cli::create(shared, "root", &new("wangfang", PASSWORD)).await.unwrap_err();
        assert_eq!(again.code, "login_taken");
        cli::grant(shared, "root", "wangfang", None, "security_admin").await.unwrap();
        let apart = cli::grant(shared, "root", "wangfang", Some("T1"), "auditor").await;
        assert_eq!(apart.unwrap_err().code, "roles_kept_apart");
        let twice = cli::grant(shared, "root", "wangfang", None, "security_admin").await;
        assert_eq!(twice.unwrap_err().code, "granted_already");
        for (company, role) in [(Some("T9"), "sales"), (Some("T1"), "boss"), (None, "role-1")] {
            let refused = cli::grant(shared, "root", "wangfang", company, role).await;
            assert_eq!(refused.unwrap_err().code, "invalid_field");
        }
        let last = cli::disable(shared, "root", "wangfang").await.unwrap_err();
        assert_eq!(last.code, "last_administrator");

        let number = user.id.parse::<heqi_domain::UserId>().unwrap().number();
        let answer = attempt(&app, "wangfang", PASSWORD, "").await.expect(200);
        let client = holder(&app, &answer, number);
        let change = json!({ "old": PASSWORD, "new": "Yz8-lakeside" });
        let answer = client.post("/api/me/password", change).await.expect(200);
        let client = holder(&app, &answer, number);
        client.get(&app.at("/roles")).await.expect(200);
        cli::reset_password(shared, "root", "wangfang", "First-steps-9".to_owned()).await.unwrap();
        client.get("/api/me").await.expect(401);
        attempt(&app, "wangfang", "First-steps-9", "").await.expect(200);

        let rows = app
            .values(
                "SELECT actor_kind, actor, action FROM audit_record \
                               WHERE actor_kind = 'cli' ORDER BY sequence",
            )
            .await;
        let text = |text: &str| Value::from(text);
        let expected = ["user.create", "grant.create", "password.reset"];
        let expected = expected.map(|action| vec![text("cli"), text("root"), text(action)]);
        assert_eq!(rows, expected);
        assert_eq!(cli::list(shared).await.unwrap().len(), 1);
        let nobody = cli::disable(shared, "root", "lilei").await.unwrap_err();
        assert_eq!(nobody.code, "no_such_login");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_at_the_terminal_is_out_at_once() {
    on_both(async |app: TestApp| {
        let client = super::signed_in(&app, "lilei").await;
        cli::remove_second_factor(&app.app, "root", "lilei").await.unwrap();
        client.get("/api/me").await.expect(401);
        attempt(&app, "lilei", PASSWORD, "").await.expect(200);
        cli::disable(&app.app, "root", "lilei").await.unwrap();
        attempt(&app, "lilei", PASSWORD, "").await.expect(401);
    })
    .await;
}
