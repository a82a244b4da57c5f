//! A route: the rule that leads a request on a listener to a pool, and what happens on the way.

use serde::{Deserialize, Serialize};

use super::retries::Retries;
use super::sticky::InsertedCookie;
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// Shown where the route is; a route without a name is called by its number.
    pub name: String,
    pub enabled: bool,
    /// What a request has to be like. Empty matches everything.
    pub when: Condition,
    pub to: Action,
    pub rewrite: Option<Rewrite>,
    pub request_headers: Vec<HeaderEdit>,
    pub response_headers: Vec<HeaderEdit>,
    pub timeouts: Timeouts,
    pub retries: Retries,
}

impl Default for Route {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            when: Condition::default(),
            to: Action::default(),
            rewrite: None,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
        }
    }
}

/// All parts that are set must hold; within a list, one entry is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// `shop.example` or, for every name below it, `*.shop.example`. Case and port do not count.
    pub hosts: Vec<String>,
    pub path: Option<PathCondition>,
    pub methods: Vec<String>,
    pub headers: Vec<FieldCondition>,
    pub cookies: Vec<FieldCondition>,
    pub query: Vec<FieldCondition>,
    pub user_agent: Option<TextCondition>,
    /// Networks the client may come from: `10.0.0.0/8`, `::1`.
    pub sources: Vec<String>,
    /// Names a TLS client asks for, written like hosts.
    pub sni: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathCondition {
    Exact(String),
    /// Whole segments: `/cart` matches `/cart` and `/cart/1`, not `/cartoon`.
    Prefix(String),
    /// `*` stands for one segment, `**` at the end for any number: `/users/*/orders/**`.
    Pattern(String),
}

/// A named header, cookie or query parameter and what its value has to be like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldCondition {
    pub name: String,
    pub value: TextCondition,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextCondition {
    #[default]
    Present,
    Absent,
    Exact(String),
    Prefix(String),
    Contains(String),
    /// `*` stands for any run of characters.
    Pattern(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    Pool(String),
    Split(Split),
    /// `location` may hold `{host}`, `{path}` and `{query}`.
    Redirect {
        location: String,
        status: u16,
    },
    /// Answers without a server.
    Answer {
        status: u16,
        #[serde(default)]
        body: String,
        #[serde(default)]
        content_type: Option<String>,
    },
}

impl Default for Action {
    fn default() -> Self {
        Self::Pool(String::new())
    }
}

impl Action {
    /// The pools a request may be led to.
    pub fn pools(&self) -> Vec<&str> {
        match self {
            Self::Pool(pool) => vec![pool],
            Self::Split(split) => split.parts.iter().map(|part| part.pool.as_str()).collect(),
            Self::Redirect { .. } | Self::Answer { .. } => Vec::new(),
        }
    }
}

/// Shares traffic between pools by weight, for a careful release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    pub parts: Vec<SplitPart>,
    /// Keeps a client on the side it first got.
    pub sticky: Option<InsertedCookie>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitPart {
    pub pool: String,
    pub weight: u32,
}

impl Default for SplitPart {
    fn default() -> Self {
        Self { pool: String::new(), weight: 1 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rewrite {
    /// The part that `prefix` matched becomes this; `/` takes it away.
    Prefix(String),
    /// The whole path becomes this; the query stays.
    Path(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HeaderEdit {
    /// One more, beside those that are there.
    Add {
        name: String,
        value: String,
    },
    /// This one and no other.
    Set {
        name: String,
        value: String,
    },
    Remove {
        name: String,
    },
}

/// How long a request may take, step by step. `None` sets no end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// From the end of the request to the head of the answer.
    pub response: Option<Period>,
    /// From the first byte to the last, with all tries.
    pub total: Option<Period>,
    /// Between two pieces of a body.
    pub idle: Option<Period>,
    /// Silence on an upgraded connection.
    pub tunnel: Option<Period>,
}

impl Default for Timeouts {
    /// NGINX's minute for what should be moving, Envoy's hour for tunnels, no end for the whole.
    fn default() -> Self {
        Self {
            response: Some(Period::from_secs(60)),
            total: None,
            idle: Some(Period::from_secs(60)),
            tunnel: Some(Period::from_secs(3_600)),
        }
    }
}
