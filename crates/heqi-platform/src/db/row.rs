//! A row that a statement returned, the same for both engines.

use std::sync::Arc;

use super::{DbError, Value};

/// One row: values with the names of their columns.
#[derive(Clone, Debug)]
pub struct Row {
    pub(super) names: Arc<[String]>,
    pub(super) values: Vec<Value>,
}

impl Row {
    /// The value of a column as the type the caller expects.
    ///
    /// # Errors
    /// [`DbError::Column`] if there is no such column or it holds something else.
    pub fn get<T: Column>(&self, name: &str) -> Result<T, DbError> {
        let at = self.names.iter().position(|known| known == name);
        let value = at.map(|at| &self.values[at]);
        value.and_then(T::read).ok_or_else(|| DbError::Column {
            name: name.to_owned(),
            expected: std::any::type_name::<T>(),
            found: value.map_or_else(|| "no such column".to_owned(), |value| format!("{value:?}")),
        })
    }

    /// The value of a JSON column.
    ///
    /// # Errors
    /// [`DbError::Column`] if there is no such column or it is not JSON of that shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, DbError> {
        let text: String = self.get(name)?;
        serde_json::from_str(&text).map_err(|error| DbError::Column {
            name: name.to_owned(),
            expected: std::any::type_name::<T>(),
            found: error.to_string(),
        })
    }

    /// All values, in the order of the columns.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// A type that a column can be read as.
pub trait Column: Sized {
    /// The value, or none if the column holds something else.
    fn read(value: &Value) -> Option<Self>;
}

macro_rules! columns {
    ($($type:ty: $pattern:pat => $read:expr,)*) => {$(
        impl Column for $type {
            fn read(value: &Value) -> Option<Self> {
                match value {
                    $pattern => $read,
                    _ => None,
                }
            }
        }
    )*};
}

columns! {
    i64: Value::Int(number) => Some(*number),
    i32: Value::Int(number) => i32::try_from(*number).ok(),
    u32: Value::Int(number) => u32::try_from(*number).ok(),
    u64: Value::Int(number) => u64::try_from(*number).ok(),
    String: Value::Text(text) => Some(text.clone()),
    Vec<u8>: Value::Bytes(bytes) => Some(bytes.clone()),
    [u8; 32]: Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
    crate::Timestamp: Value::Int(micros) => Some(Self::from_micros(*micros)),
    heqi_domain::Money: Value::Int(minor) => Some(Self::from_minor(*minor)),
    heqi_domain::Currency: Value::Text(code) => code.parse().ok(),
}

impl Column for bool {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(is) => Some(*is),
            // SQLite has no type of its own for it.
            Value::Int(number @ (0 | 1)) => Some(*number == 1),
            _ => None,
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}
