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
    /// When the person was disabled.
    #[schema(value_type = Option<String>)]
    pub disabled_at: Option<Timestamp>,
    /// Changes with every change.
    pub version: i64,
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
    #[garde(length(min = 1, max = 20))]
    pub scope: String,
    /// The department or region.
    #[serde(default)]
    #[garde(length(max = 60))]
    pub scope_value: String,
}

fn all() -> String {
    "all".to_owned()
}
