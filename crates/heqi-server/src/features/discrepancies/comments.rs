//! Comments 批注: what people say about a discrepancy to each other.

use garde::Validate;
use heqi_domain::{CommentId, DiscrepancyId, Id, UserId};
use heqi_platform::{Row, Sql, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::model::Person;
use super::notifications::{self, Told};
use super::{Stored, lock, people, store};
use crate::answer::Reply;
use crate::ctx::{At, Ctx};
use crate::input::Input;
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};
use axum::Json;

/// A comment to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// What is said.
    #[garde(length(chars, min = 1, max = 2000))]
    pub body: String,
    /// The ids of the people it names with `@`; each is told.
    #[serde(default)]
    #[garde(length(max = 20))]
    pub mentions: Vec<String>,
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// Who said it.
    pub author: Person,
    /// What was said.
    pub body: String,
    /// When.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
}

/// The comments on a discrepancy, oldest first.
#[utoipa::path(
    get, path = "/api/companies/{company}/discrepancies/{discrepancy}/comments",
    tag = "discrepancies", operation_id = "discrepancy_comment_list",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    responses((status = 200, description = "Every comment", body = Vec<Comment>),
              (status = 404, description = "Not there or not yours", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.read")))
)]
pub(super) async fn comment_list(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
) -> Result<Json<Vec<Comment>>, Problem> {
    let scope = ctx.require(Permission::DiscrepanciesRead)?;
    let mut tx = ctx.read().await?;
    let found = store::find(&mut tx, ctx.company, id.number(), scope).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let sql = Sql::new(
        "SELECT c.id, c.author_id, u.name, c.body, c.created_at FROM discrepancy_comment c \
         JOIN user_account u ON u.id = c.author_id WHERE c.discrepancy_id = $1 ORDER BY c.id",
    );
    let read = |row: &Row| {
        Ok(Comment {
            id: CommentId::text(row.get("id")?),
            author: Person { id: UserId::text(row.get("author_id")?), name: row.get("name")? },
            body: row.get("body")?,
            created_at: row.get("created_at")?,
        })
    };
    let rows = tx.rows(sql.bind(found.id)).await?;
    Ok(Json(rows.iter().map(read).collect::<Result<_, heqi_platform::DbError>>()?))
}

/// Comments on a discrepancy and tells those who are named.
#[utoipa::path(
    post, path = "/api/companies/{company}/discrepancies/{discrepancy}/comments",
    tag = "discrepancies", operation_id = "discrepancy_comment_create",
    params(("company" = String, Path, description = "The company"),
           ("discrepancy" = String, Path, description = "The discrepancy")),
    request_body = NewComment,
    responses((status = 201, description = "The comment", body = Comment),
              (status = 404, description = "Not there or not yours", body = ProblemBody),
              (status = 422, description = "Somebody cannot see it", body = ProblemBody)),
    extensions(("x-permission" = json!("discrepancies.write")))
)]
pub(super) async fn comment_create(
    ctx: Ctx,
    At(id): At<DiscrepancyId>,
    input: Input<NewComment>,
) -> Result<Reply, Problem> {
    let mut change = ctx.begin(&input.digest).await?;
    let permission = Permission::DiscrepanciesWrite;
    let found = lock(&ctx, &mut change, permission, id.number()).await?;
    let new = &input.value;
    tell_mentioned(&ctx, &mut change, &found, new).await?;
    let (comment, now) = (change.next_id(), change.now());
    let sql = Sql::new(
        "INSERT INTO discrepancy_comment (id, company_id, discrepancy_id, author_id, body, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let sql = sql.bind(comment).bind(ctx.company).bind(found.id).bind(ctx.user());
    change.execute(sql.bind(&new.body).bind(now)).await?;
    let text = CommentId::text(comment);
    let detail = json!({ "comment": text, "body": new.body, "mentions": new.mentions });
    let event = ctx.event("discrepancy.comment", found.text(), &found.label());
    change.record(event.with_detail(&detail));
    let author = Person { id: ctx.actor(), name: ctx.caller.name.clone() };
    let body = Comment { id: text, author, body: new.body.clone(), created_at: now };
    let company = heqi_domain::CompanyId::text(ctx.company);
    let at = format!("/api/companies/{company}/discrepancies/{}/comments", found.text());
    change.answer(Reply::created(at, &body)).await
}

async fn tell_mentioned(
    ctx: &Ctx,
    tx: &mut Tx,
    found: &Stored,
    new: &NewComment,
) -> Result<(), Problem> {
    for (at, mention) in new.mentions.iter().enumerate() {
        let unfit = || {
            Problem::field(
                &format!("/mentions/{at}"),
                "提到的人不存在，或看不到这个客户",
                "No such person, or one who may not see this customer",
            )
        };
        let user = mention.parse::<UserId>().map_err(|_| unfit())?.number();
        people::sees(tx, ctx.company, user, found.customer).await?.ok_or_else(unfit)?;
        if new.mentions[..at].contains(mention) {
            continue;
        }
        let told = Told { user, kind: "mention", body: &new.body };
        notifications::tell(ctx, tx, &told, &found.text(), &found.label()).await?;
    }
    Ok(())
}
