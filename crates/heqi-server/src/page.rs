//! Pages of a list: a cursor behind the last row, never an offset.
//!
//! A cursor holds the values that the list is sorted by, and a mark that only this server makes,
//! so that it cannot be used to ask for what a filter hides.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heqi_platform::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Most rows on a page.
pub const LIMIT_MAX: u32 = 500;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct PageQuery {
    /// Rows on the page: 50 unless said otherwise, 500 at most.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

impl PageQuery {
    /// Rows on the page.
    ///
    /// # Errors
    /// 422 beyond [`LIMIT_MAX`].
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=LIMIT_MAX => Ok(limit as usize),
            _ => Err(Problem::field(
                "/limit",
                "每页行数须在 1 到 500 之间",
                "A page has 1 to 500 rows",
            )),
        }
    }

    /// The values behind which the page begins; none on the first.
    ///
    /// # Errors
    /// 400 if the cursor is not one of ours.
    pub fn after(&self, key: &[u8; 32]) -> Result<Option<Vec<Value>>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let bad = || {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_cursor",
                "翻页标记无效；请从第一页重新开始",
                "The cursor is not one of ours; begin at the first page",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let (mark, body) = bytes.split_at_checked(16).ok_or_else(bad)?;
        if mark != seal(key, body) {
            return Err(bad());
        }
        let values: Vec<serde_json::Value> = serde_json::from_slice(body).map_err(|_| bad())?;
        let values = values.into_iter().map(|value| match value {
            serde_json::Value::Number(number) => number.as_i64().map(Value::Int),
            serde_json::Value::String(text) => Some(Value::Text(text)),
            _ => None,
        });
        values.collect::<Option<Vec<_>>>().map(Some).ok_or_else(bad)
    }
}

impl<T> Page<T> {
    /// The page of `limit` rows, of which `items` holds one more if there is a next page.
    /// `values` are what the list is sorted by, the id last.
    pub fn cut(
        mut items: Vec<T>,
        limit: usize,
        key: &[u8; 32],
        values: impl Fn(&T) -> Vec<Value>,
    ) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| cursor(key, &values(last)));
        Self { items, next }
    }
}

/// The cursor of a place in a list: the values that it is sorted by there.
pub(crate) fn cursor(key: &[u8; 32], values: &[Value]) -> String {
    let values: Vec<serde_json::Value> = values
        .iter()
        .map(|value| match value {
            Value::Int(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            _ => serde_json::Value::Null,
        })
        .collect();
    let body = serde_json::to_vec(&values).unwrap_or_default();
    let mut bytes = seal(key, &body).to_vec();
    bytes.extend(body);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key is 32 bytes and comes first, the length is fixed, and the hash is cut to half: a mark
/// cannot be extended to another body.
fn seal(key: &[u8; 32], body: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(body);
    let mut mark = [0; 16];
    mark.copy_from_slice(&hash.finalize()[..16]);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_and_cannot_be_made_up() {
        let key = [7; 32];
        let page = Page::cut(vec![1_i64, 2, 3], 2, &key, |row| vec![Value::Int(*row)]);
        assert_eq!(page.items, [1, 2]);
        let query = PageQuery { limit: None, cursor: page.next.clone() };
        assert_eq!(query.after(&key).unwrap(), Some(vec![Value::Int(2)]));
        assert!(query.after(&[8; 32]).is_err());
        let query = PageQuery { limit: Some(501), cursor: Some("WzJd".into()) };
        assert!(query.after(&key).is_err() && query.limit().is_err());
        assert!(Page::cut(vec![1_i64], 2, &key, |_| Vec::new()).next.is_none());
    }
}
