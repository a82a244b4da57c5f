//! Stickiness: what brings a client back to the server it had.

use serde::{Deserialize, Serialize};

use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stickiness {
    #[default]
    Off,
    /// The proxy gives each client a cookie that names its server.
    Inserted(InsertedCookie),
    /// The proxy remembers which server set the application's own cookie.
    Application(AppCookie),
    /// The proxy remembers which server a source address had.
    Source(SourceTable),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InsertedCookie {
    pub name: String,
    pub path: String,
    pub domain: Option<String>,
    /// How long it holds from the first answer; none lasts until the browser closes.
    pub max_age: Option<Period>,
    /// How long it holds without a request.
    pub idle: Option<Period>,
    pub same_site: SameSite,
    pub secure: bool,
    pub http_only: bool,
    /// Refuses a client whose server is gone, instead of giving it another one.
    pub strict: bool,
}

impl Default for InsertedCookie {
    fn default() -> Self {
        Self {
            name: "evenkeel".to_owned(),
            path: "/".to_owned(),
            domain: None,
            max_age: None,
            idle: None,
            same_site: SameSite::Lax,
            secure: false,
            http_only: true,
            strict: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameSite {
    Strict,
    #[default]
    Lax,
    None,
    /// The attribute is left out.
    Unset,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppCookie {
    pub name: String,
    /// Forgotten after this long without a request.
    pub expiry: Period,
    /// Sessions remembered; the longest unused makes room.
    pub size: u32,
    pub strict: bool,
}

impl Default for AppCookie {
    /// NGINX's ten minutes for learned sessions.
    fn default() -> Self {
        Self { name: String::new(), expiry: Period::from_secs(600), size: 10_000, strict: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceTable {
    /// Forgotten after this long without a request.
    pub expiry: Period,
    /// Addresses remembered; the longest unused makes room.
    pub size: u32,
    pub strict: bool,
}

impl Default for SourceTable {
    fn default() -> Self {
        Self { expiry: Period::from_secs(600), size: 10_000, strict: false }
    }
}
