//! The server: features side by side behind one API.
//!
//! The one path, from a file to a signed period:
//!
//! | step | verb | place |
//! |---|---|---|
//! | 1 | receive 接收 | `features/imports` |
//! | 2 | read 读取 | `heqi_intake` |
//! | 3 | match 匹配 | `features/matching`, `heqi_matching` |
//! | 4 | explain 定性 | `heqi_matching`, `features/discrepancies` |
//! | 5 | resolve 处理 | `features/discrepancies`, `features/adjustments` |
//! | 6 | state 出单 | with the statements |
//! | 7 | confirm 确认 | with the portal |
//! | 8 | sign off 签认 | `features/periods` |

pub mod answer;
pub mod app;
pub mod attachments;
pub mod auth;
pub mod ctx;
mod docs_page;
mod document;
pub mod features;
pub mod input;
mod links;
pub mod maintenance;
#[cfg(test)]
mod matrix;
pub mod operations;
pub mod page;
pub mod permission;
pub mod problem;
pub mod router;
pub mod serve;
pub mod table_file;
#[cfg(test)]
mod testing;
pub mod upload;

pub use answer::Reply;
pub use app::{App, Shared};
pub use ctx::{Change, Ctx, EMPTY};
pub use input::{Input, Query};
pub use page::{Page, PageQuery};
pub use permission::{Permission, Scope};
pub use problem::{FieldError, Problem, ProblemBody};
