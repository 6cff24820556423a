//! The one page.

use axum::Json;
use heqi_domain::LineId;

use super::model::Lineage;
use super::story;
use crate::ctx::{At, Ctx};
use crate::permission::Permission;
use crate::problem::{Problem, ProblemBody};

/// Where a line came from, what became of it, and what it hangs together with.
#[utoipa::path(
    get, path = "/api/companies/{company}/lines/{line}/lineage", tag = "lineage",
    operation_id = "line_lineage", params(("company" = String, Path), ("line" = String, Path)),
    responses((status = 200, description = "The story of the line", body = Lineage),
              (status = 404, description = "No such line", body = ProblemBody)),
    extensions(("x-permission" = json!("ledger.read")))
)]
pub(super) async fn line_lineage(ctx: Ctx, At(line): At<LineId>) -> Result<Json<Lineage>, Problem> {
    let scope = ctx.require(Permission::LedgerRead)?;
    let mut tx = ctx.read().await?;
    let found = story::line(&mut tx, ctx.company, line.number(), scope).await?;
    let (line, origin, row) = found.ok_or_else(Problem::not_found)?;
    let events = story::events(&mut tx, &row).await?;
    let related = story::related(&mut tx, &row).await?;
    Ok(Json(Lineage { line, origin, events, related }))
}
