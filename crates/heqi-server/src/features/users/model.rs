//! What is said about people: shapes of requests and answers.

use garde::Validate;
use heqi_platform::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The first run: who administers this installation, and the first company.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The token that the server printed when it started without any user.
    #[garde(length(min = 1, max = 200))]
    pub token: String,
    /// The administrator.
    #[garde(dive)]
    pub user: NewUser,
    /// The first company.
    #[garde(dive)]
    pub company: crate::features::companies::NewCompany,
}

/// A person to be added.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What the person signs in with: letters, digits, `.`, `-`, `_`.
    #[garde(length(min = 2, max = 60), pattern("^[A-Za-z0-9._@-]+$"))]
    pub login: String,
    /// The name as it is shown.
    #[garde(length(chars, min = 1, max = 60))]
    pub name: String,
    /// A first password; the person has to change it.
    #[garde(length(min = 1, max = 200))]
    pub password: String,
}

/// Login and password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// What the person signs in with.
    #[garde(length(min = 1, max = 60))]
    pub login: String,
    /// The password.
    #[garde(length(min = 1, max = 200))]
    pub password: String,
    /// The six digits of the second factor, or a recovery code, if one is set up.
    #[serde(default)]
    #[garde(inner(length(max = 40)))]
    pub code: Option<String>,
}

/// Who is signed in, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The user.
    pub user: User,
    /// The password has to be changed before anything else.
    pub must_change_password: bool,
    /// The companies that the user works in.
    pub companies: Vec<MyCompany>,
    /// What the user may do outside of any company.
    pub permissions: Vec<String>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: i64,
}

/// A company that the user works in.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyCompany {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the user may do there.
    pub permissions: Vec<String>,
}

/// A person as others see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    /// The id.
    pub id: String,
    /// What the person signs in with.
    pub login: String,
    /// The name as it is shown.
    pub name: String,
    /// Whether a second factor is set up.
    pub second_factor: bool,
    /// Whether the password has to be changed before anything else.
    pub must_change_password: bool,
    /// When the person signed in last: who has not for months should be disabled.
    #[schema(value_type = Option<String>)]
    pub last_sign_in_at: Option<Timestamp>,
    /// Until when attempts to sign in are refused, after too many failed.
    #[schema(value_type = Option<String>)]
    pub locked_until: Option<Timestamp>,
    /// When the person was disabled.
    #[schema(value_type = Option<String>)]
    pub disabled_at: Option<Timestamp>,
    /// Changes with every change.
    pub version: i64,
}

/// What can be changed of a person.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The name as it is shown.
    #[garde(length(chars, min = 1, max = 60))]
    pub name: String,
}

/// A password that somebody else sets; the person has to change it.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The password to sign in with once.
    #[garde(length(min = 1, max = 200))]
    pub password: String,
}

/// One's own password, changed.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    #[garde(length(min = 1, max = 200))]
    pub old: String,
    /// The new one.
    #[garde(length(min = 1, max = 200))]
    pub new: String,
}

/// The password, said again before something that matters.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The password.
    #[garde(length(min = 1, max = 200))]
    pub password: String,
}

/// A session that is open.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The address that it was opened from.
    pub address: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// When it was opened.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it was used last, to a minute.
    #[schema(value_type = String)]
    pub seen_at: Timestamp,
    /// Whether this request came with it.
    pub current: bool,
}

/// A role to be granted.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The company; none: the whole installation.
    #[garde(skip)]
    pub company: Option<String>,
    /// A built-in role or `role-…`.
    #[garde(length(min = 1, max = 60))]
    pub role: String,
    /// `all`, `own`, `department` or `region`.
    #[serde(default = "all")]
    #[garde(pattern("^(all|own|department|region)$"))]
    pub scope: String,
    /// The department or region.
    #[serde(default)]
    #[garde(length(max = 60))]
    pub scope_value: String,
}

/// A role that a person holds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The company; none: the whole installation.
    pub company: Option<String>,
    /// A built-in role or `role-…`.
    pub role: String,
    /// `all`, `own`, `department` or `region`.
    pub scope: String,
    /// The department or region.
    pub scope_value: String,
    /// Who granted it.
    pub granted_by: String,
    /// When.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
}

fn all() -> String {
    "all".to_owned()
}
