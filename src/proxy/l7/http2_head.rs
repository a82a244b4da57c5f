//! What is checked of a request's head that came over HTTP/2, and how it becomes a head like any other.
//!
//! h2 has refused already, as a stream error: connection-specific fields, `te` other than `trailers`, upper-case
//! names, pseudo-header fields that are missing, doubled, misplaced or of an answer (RFC 9113 sections 8.2 and 8.3).

use http::header::{COOKIE, HOST};
use http::request::Parts;
use http::{HeaderValue, Method};

use super::super::framing::Violation;
use crate::lab::Limits;
use crate::meter::{LimitKind, Outcome};

/// Checks a head and puts it into the form that HTTP/1.1 has: the host in `Host`, the cookies in one field.
pub(super) fn check(head: &mut Parts, limits: &Limits) -> Result<(), Violation> {
    if head.method == Method::CONNECT {
        return Err(violation(405, "CONNECT is not offered over HTTP/2"));
    }
    if head.headers.len() > limits.header_count as usize {
        let outcome = Outcome::LimitHit(LimitKind::HeaderCount);
        return Err(Violation { outcome, ..violation(431, "the request has too many header fields") });
    }
    let path = head.uri.path();
    if !path.starts_with('/') && !(path == "*" && head.method == Method::OPTIONS) {
        return Err(violation(400, "the path of the request does not begin with a slash"));
    }
    settle_host(head)?;
    join_cookies(head);
    Ok(())
}

/// `:authority` and `Host` must not disagree (RFC 9113 section 8.3.1).
fn settle_host(head: &mut Parts) -> Result<(), Violation> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(violation(400, "the request has more than one Host"));
    }
    let Some(authority) = head.uri.authority() else {
        let named = host.is_some_and(|host| !host.is_empty());
        return named.then_some(()).ok_or(violation(400, "the request does not name a host"));
    };
    if authority.as_str().contains('@') {
        return Err(violation(400, "the authority of the request has a user in it"));
    }
    let same = |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes());
    if host.is_some_and(|host| !same(host)) {
        return Err(violation(400, "Host and :authority of the request differ"));
    }
    let host = HeaderValue::from_str(authority.as_str())
        .map_err(|_invalid| violation(400, "the authority of the request is not valid"))?;
    head.headers.insert(HOST, host);
    Ok(())
}

/// HTTP/2 may split cookies over fields; HTTP/1.1 may not (RFC 9113 section 8.2.3).
fn join_cookies(head: &mut Parts) {
    let mut fields = head.headers.get_all(COOKIE).iter();
    if fields.next().is_none() || fields.next().is_none() {
        return;
    }
    let fields: Vec<&[u8]> = head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        head.headers.insert(COOKIE, joined);
    }
}

fn violation(status: u16, message: &'static str) -> Violation {
    Violation { status, outcome: Outcome::BadRequest, message }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn checked(request: http::request::Builder) -> Result<Parts, u16> {
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let limits = Limits { header_count: 4, ..Limits::default() };
        check(&mut head, &limits).map_err(|violation| violation.status)?;
        Ok(head)
    }

    #[test]
    fn the_authority_becomes_the_host() {
        let head = checked(Request::get("http://a.test/x")).unwrap();
        assert_eq!(head.headers[HOST], "a.test");
        let head = checked(Request::get("http://a.test/x").header(HOST, "A.test")).unwrap();
        assert_eq!(head.headers[HOST], "a.test");
    }

    #[test]
    fn doubtful_hosts_are_refused() {
        let twice = Request::get("/").header(HOST, "a").header(HOST, "a");
        assert_eq!(checked(twice).unwrap_err(), 400);
        assert_eq!(checked(Request::get("http://a/").header(HOST, "b")).unwrap_err(), 400);
        assert_eq!(checked(Request::get("http://u@a/")).unwrap_err(), 400);
        assert_eq!(checked(Request::get("/")).unwrap_err(), 400);
    }

    #[test]
    fn cookies_are_joined_in_order() {
        let split = Request::get("http://a/").header(COOKIE, "a=1").header(COOKIE, "b=2; c=3");
        let head = checked(split).unwrap();
        let cookies: Vec<_> = head.headers.get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2; c=3"]);
    }

    #[test]
    fn too_many_fields_and_tunnels_are_refused() {
        let many = (0..5).fold(Request::get("http://a/"), |request, _| request.header("x", "y"));
        assert_eq!(checked(many).unwrap_err(), 431);
        assert_eq!(checked(Request::connect("a:443")).unwrap_err(), 405);
    }
}
