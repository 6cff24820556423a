//! A statement and its values.
//!
//! The text is put together from string constants only, so that no value can become part of it;
//! values travel beside it as `$1`, `$2`, … on both engines.

use std::borrow::Cow;

/// A value of a column or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// BIGINT: numbers, minor units, instants.
    Int(i64),
    /// TEXT: words, dates, JSON.
    Text(String),
    /// BYTEA: digests, sealed fields, file parts.
    Bytes(Vec<u8>),
    /// BOOLEAN.
    Bool(bool),
}

macro_rules! values {
    ($($from:ty => |$value:ident| $to:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $to
            }
        }
    )*};
}

values! {
    i64 => |value| Self::Int(value),
    i32 => |value| Self::Int(value.into()),
    u32 => |value| Self::Int(value.into()),
    bool => |value| Self::Bool(value),
    &str => |value| Self::Text(value.to_owned()),
    String => |value| Self::Text(value),
    &String => |value| Self::Text(value.clone()),
    Cow<'_, str> => |value| Self::Text(value.into_owned()),
    Vec<u8> => |value| Self::Bytes(value),
    &[u8] => |value| Self::Bytes(value.to_vec()),
    [u8; 32] => |value| Self::Bytes(value.to_vec()),
    crate::Timestamp => |value| Self::Int(value.micros()),
    heqi_domain::Money => |value| Self::Int(value.minor()),
    heqi_domain::Currency => |value| Self::Text(value.code().to_owned()),
    &serde_json::Value => |value| Self::Text(value.to_string()),
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement in the subset of SQL that both engines speak, and its values.
#[derive(Clone, Debug)]
pub struct Sql {
    text: Cow<'static, str>,
    values: Vec<Value>,
    for_update: bool,
}

impl Sql {
    /// A statement that refers to its values as `$1`, `$2`, …
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), values: Vec::new(), for_update: false }
    }

    /// A statement whose names come from the schema of the database, never from a person.
    pub(crate) const fn of_schema(text: String) -> Self {
        Self { text: Cow::Owned(text), values: Vec::new(), for_update: false }
    }

    /// The value of the next `$n` that the text names.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends a piece of text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends the next `$n` and its value.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        self.text.to_mut().push_str(&format!("${number}"));
        self
    }

    /// Appends `($n, $m, …)`; with no value a list that nothing is in.
    pub fn push_list<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.push("(");
        let mut first = true;
        for value in values {
            if !first {
                self.push(", ");
            }
            first = false;
            self.push_bind(value);
        }
        if first {
            self.push("NULL");
        }
        self.push(")")
    }

    /// Appends `(SELECT …)` of numbers that travel as one value: for more of them than a
    /// statement may have parameters.
    pub fn push_ids(&mut self, ids: &[i64]) -> &mut Self {
        // Both engines take an object of JSON apart by its keys.
        let keys: Vec<String> = ids.iter().map(|id| format!("\"{id}\":0")).collect();
        self.push("(SELECT CAST(key AS BIGINT) FROM json_each(");
        self.push_bind(format!("{{{}}}", keys.join(","))).push("))")
    }

    /// Locks the rows found until the transaction ends. SQLite has one writer and needs no lock.
    #[must_use]
    pub const fn for_update(mut self) -> Self {
        self.for_update = true;
        self
    }

    /// The text for PostgreSQL.
    pub(crate) fn postgres_text(&self) -> Cow<'_, str> {
        if self.for_update {
            return Cow::Owned(format!("{} FOR UPDATE", self.text));
        }
        Cow::Borrowed(&self.text)
    }

    /// The text for SQLite, where `$1` would be a name and `?1` is the first value.
    pub(crate) fn sqlite_text(&self) -> String {
        self.text.replace('$', "?")
    }

    /// The values, `$1` first.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_as_they_come() {
        let mut sql = Sql::new("SELECT 1 WHERE a = $1").bind(7_i64);
        sql.push(" AND b IN ").push_list(["x", "y"]).push(" AND c IN ").push_list::<i64>([]);
        assert_eq!(sql.postgres_text(), "SELECT 1 WHERE a = $1 AND b IN ($2, $3) AND c IN (NULL)");
        assert_eq!(sql.values(), [Value::Int(7), Value::Text("x".into()), Value::Text("y".into())]);
        assert!(sql.sqlite_text().contains("a = ?1"));
        assert!(sql.clone().for_update().postgres_text().ends_with(" FOR UPDATE"));
    }
}
