//! A request's head: what is refused in it, and what it becomes on its way to a server.

use http::{Method, StatusCode};

use super::super::connection::Connection;
use super::super::fields::Name;
use super::super::headers::{
    Origin, Scheme, Switching, Toward, append_via, ensure_request_id, forward, goes_in_circles,
    join_cookies, strip_request,
};
use super::super::host;
use super::super::network::Network;
use super::super::plan::{ListenerPlan, RoutePlan};
use super::message::RequestHead;
use super::refusal::Refusal;
use super::rewrite;
use super::tunnel::Wish;
use crate::meter::Outcome;

/// Checks what every request has to keep to, and returns the host that it is for, empty where an HTTP/1.0 request
/// names none.
pub(super) fn check(head: &RequestHead, listener: &ListenerPlan) -> Result<String, Refusal> {
    let authority = host::authority(&head.method, head.version, &head.uri, &head.fields);
    let authority = authority.map_err(bad)?.map_or_else(String::new, Into::into);
    check_target(head).map_err(bad)?;
    if head.method == Method::TRACE {
        // It would show scripts what the browser hides from them, and the fields that we add.
        let why = "TRACE is not offered";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Outcome::BadRequest, why));
    }
    if listener.forwarded.via && goes_in_circles(&head.fields) {
        let why = "the request has passed here too often: it goes in circles";
        return Err(Refusal::new(StatusCode::LOOP_DETECTED, Outcome::BadRequest, why));
    }
    Ok(authority)
}

/// Whether an `OPTIONS` may go no further (RFC 9110 section 7.6.2). Counts down otherwise.
pub(super) fn ends_here(head: &mut RequestHead) -> bool {
    if head.method != Method::OPTIONS {
        return false;
    }
    let most = head.fields.text_of(Name::MaxForwards).and_then(|it| it.parse().ok());
    match most {
        None => false,
        Some(0_u32) => true,
        Some(most) => {
            head.fields.set(Name::MaxForwards, (most - 1).to_string().as_bytes());
            false
        }
    }
}

/// Makes the head of a client's request the head of ours.
pub(super) fn prepare<N: Network>(
    head: &mut RequestHead,
    connection: &Connection<N>,
    listener: &ListenerPlan,
    route: &RoutePlan,
    way: &Outbound<'_>,
) -> Result<(), Refusal> {
    let received = head.version;
    let switching = if way.wish.is_some() { Switching::Yes } else { Switching::No };
    strip_request(&mut head.fields, way.toward, switching).map_err(bad)?;
    join_cookies(&mut head.fields);
    let forwarded = &listener.forwarded;
    let origin = Origin {
        client: connection.client.ip(),
        scheme: if connection.encrypted { Scheme::Https } else { Scheme::Http },
        host: Some(way.host).filter(|host| !host.is_empty()),
        port: connection.local.map_or(0, |local| local.port()),
    };
    forward(&mut head.fields, forwarded, &origin);
    if forwarded.via {
        append_via(&mut head.fields, received);
    }
    if forwarded.request_id {
        let mut dice = connection.worker.dice.borrow_mut();
        let number = u128::from(dice.roll()) << 64 | u128::from(dice.roll());
        ensure_request_id(&mut head.fields, number);
    }
    settle_host(head, connection, way.host);
    route.request_headers.apply(&mut head.fields);
    if let Some(wish) = way.wish {
        wish.ask(head);
    }
    if head.method != Method::CONNECT {
        rewrite::target(&mut head.uri, route.rewrite.as_ref(), route.prefix.as_deref());
    }
    Ok(())
}

/// Where a request is going.
pub(super) struct Outbound<'a> {
    pub(super) host: &'a str,
    pub(super) toward: Toward,
    pub(super) wish: Option<&'a Wish>,
}

/// The target wins over the field (RFC 9112 section 3.2.2), and HTTP/1.1 has to have one: where an HTTP/1.0 client
/// named none, it meant the address it came to.
fn settle_host<N: Network>(head: &mut RequestHead, connection: &Connection<N>, host: &str) {
    let named = !host.is_empty();
    if named && head.uri.authority().is_none() && head.fields.has(Name::Host) {
        return;
    }
    let local = || connection.local.map_or_else(String::new, |local| local.to_string());
    let host = if named { host.to_owned() } else { local() };
    head.fields.set(Name::Host, host.as_bytes());
}

/// `OPTIONS http://a.example` asks for the server as a whole (RFC 9112 section 3.2.4) and goes on as a question about
/// `/`: what hyper hands over does not tell whether the slash was there.
fn check_target(head: &RequestHead) -> Result<(), &'static str> {
    if head.method == Method::CONNECT {
        return Ok(());
    }
    let is_star = head.uri.path() == "*";
    if is_star && head.method != Method::OPTIONS {
        return Err("the target `*` is for OPTIONS only");
    }
    if head.uri.scheme().is_none() && head.uri.authority().is_some() {
        return Err("the target of the request is neither a path nor a full address");
    }
    Ok(())
}

fn bad(why: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Outcome::BadRequest, why).closing()
}
