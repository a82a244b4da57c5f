//! A client group: a built-in traffic source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pool::Key;
use crate::model::{Arrivals, Keys};
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    pub name: String,
    pub enabled: bool,
    /// The listener it sends to.
    pub listener: String,
    pub arrivals: Arrivals,
    pub http: HttpVersion,
    pub keep_alive: bool,
    pub identities: Identities,
    /// Which key each request carries.
    pub keys: Keys,
    /// Where requests carry their key; without it the key decides which identity sends.
    pub key_in: Option<Key>,
    /// Each identity keeps and returns cookies.
    pub cookies: bool,
    /// What is asked for, by weight; none asks for `/`.
    pub requests: Vec<RequestKind>,
    pub timeout: Period,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            listener: String::new(),
            arrivals: Arrivals::default(),
            http: HttpVersion::Http1,
            keep_alive: true,
            identities: Identities::default(),
            keys: Keys::default(),
            key_in: None,
            cookies: true,
            requests: Vec::new(),
            timeout: Period::from_secs(10),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpVersion {
    #[default]
    Http1,
    Http2,
}

/// Who the client says it is: identity i has its own address, 127.0.0.1 + i or one like it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identities {
    pub count: u32,
    pub shown_by: Carrier,
}

impl Default for Identities {
    fn default() -> Self {
        // Enough that hashing has something to hash: with one address, every key-driven pool is one server.
        Self { count: 100, shown_by: Carrier::Loopback }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Its own source address in 127/8, where the system allows it; else the PROXY protocol.
    #[default]
    Loopback,
    ProxyProtocol,
    /// `X-Forwarded-For`.
    Forwarded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestKind {
    pub weight: u32,
    pub method: String,
    /// Path and query; `{key}` stands for the request's key.
    pub path: String,
    pub host: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub body_bytes: u32,
}

impl Default for RequestKind {
    fn default() -> Self {
        Self {
            weight: 1,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            host: None,
            headers: BTreeMap::new(),
            body_bytes: 0,
        }
    }
}
