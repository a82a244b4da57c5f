//! The way of a request: which route matches, which pool it leads to, and by which key.

use std::sync::Arc;

use super::super::connection::Connection;
use super::super::cookie;
use super::super::network::Network;
use super::super::plan::{ListenerPlan, RoutePlan};
use super::message::RequestHead;

use crate::lab::{Facts, Key};

/// The first route whose condition holds.
pub(super) fn route<'a, N: Network>(
    listener: &'a ListenerPlan,
    connection: &Connection<N>,
    head: &RequestHead,
    host: &str,
) -> Option<&'a RoutePlan> {
    listener.route(&Facts {
        host,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        method: head.method.as_str(),
        source: Some(connection.client.ip()),
        sni: connection.sni.as_deref(),
        header: &|name| head.fields.get_named(name).and_then(|it| std::str::from_utf8(it).ok()),
    })
}

/// The bytes that decide where a key-driven algorithm sends a request. Empty where the request has none.
pub(super) fn key_of<N: Network>(
    key: &Key,
    connection: &Connection<N>,
    head: &RequestHead,
) -> Vec<u8> {
    match key {
        Key::Address => connection.client.ip().to_string().into_bytes(),
        Key::Header(name) => head.fields.get_named(name).map_or_else(Vec::new, <[u8]>::to_vec),
        Key::Cookie(name) => cookie::find(&head.fields, name).map_or_else(Vec::new, <[u8]>::to_vec),
        Key::Query(name) => {
            let pairs = head.uri.query().unwrap_or_default().split('&');
            let named =
                |pair: &str| pair.split_once('=').as_ref().is_some_and(|(it, _)| it == name);
            let value = |pair: &str| pair.split_once('=').map(|(_, value)| value.into());
            pairs.into_iter().find(|pair| named(pair)).and_then(value).unwrap_or_default()
        }
        Key::Path => head.uri.path().into(),
        Key::Uri => head.uri.path_and_query().map_or_else(Vec::new, |it| it.as_str().into()),
        Key::Sni => connection.sni.as_deref().map_or_else(Vec::new, Into::into),
    }
}

/// The name a route is recorded under.
pub(super) fn name_of(route: &RoutePlan) -> Arc<str> {
    Arc::clone(&route.name)
}
