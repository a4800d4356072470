//! Bodies of the calls about accounts and logins.

use super::TechnicianView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A technician's account, as colleagues see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Their id.
    pub id: String,
    /// What they log in with.
    pub email: String,
    /// For people.
    pub name: String,
    /// `owner` or `technician`.
    pub role: String,
    /// Whether they may not log in.
    pub disabled: bool,
    /// When they were added.
    pub created_at: String,
    /// When they last logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<String>,
}

/// Answer of `GET /technicians`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TechniciansAnswer {
    /// By name.
    pub technicians: Vec<AccountView>,
    /// Whether the asker may change them.
    pub editable: bool,
}

/// Body of `POST /technicians`. There is no role in it: owners are made on the server's own command line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddTechnicianRequest {
    /// What they will log in with; unique on this server.
    pub email: String,
    /// For people, 1 to 200 characters.
    pub name: String,
    /// The asker's own password: a token alone changes no credentials.
    pub own_password: String,
}

/// Answer of `POST /technicians`.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct AddedTechnician {
    /// The account.
    pub technician: AccountView,
    /// A temporary password, shown here only: it must be changed at the first log-in.
    pub password: String,
}

/// Body of `PATCH /technicians/{id}`; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTechnicianRequest {
    /// For people, 1 to 200 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether they may not log in; true ends their logins and what those keep open.
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// Body of `POST /technicians/{id}/reset`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The asker's own password: a token alone changes no credentials.
    pub own_password: String,
}

/// Answer of `POST /technicians/{id}/reset`.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ResetAnswer {
    /// A temporary password, shown here only: it must be changed at the next log-in.
    pub password: String,
}

/// Who asks: as everywhere, and what only they are told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnView {
    /// As colleagues see them.
    #[serde(flatten)]
    pub technician: TechnicianView,
    /// `en`, `fr` or `es`; absent until they chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Body of `PATCH /me`; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMeRequest {
    /// What customers and colleagues read, 1 to 200 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// `en`, `fr` or `es`.
    #[serde(default)]
    pub language: Option<String>,
}

/// Body of `POST /me/password`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// The one of today.
    pub current_password: String,
    /// The one from now on, 12 to 128 characters.
    pub new_password: String,
}

/// A login of the asker.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginView {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last used, to about a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
    /// When it dies by itself.
    pub expires_at: String,
    /// The address that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The program that it was made with, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Answer of `GET /me/logins`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginsAnswer {
    /// Newest first.
    pub logins: Vec<LoginView>,
}
