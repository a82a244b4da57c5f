//! What is checked of a request's head that came over HTTP/2 only.
//!
//! h2 has refused already, as a stream error: connection-specific fields, `te` other than `trailers`, upper-case
//! names, pseudo-header fields that are missing, doubled, misplaced or of an answer (RFC 9113 sections 8.2 and 8.3).

use http::Method;
use http::request::Parts;

use super::super::framing::Violation;
use super::super::headers::check_http2;
use crate::lab::Limits;
use crate::meter::{LimitKind, Outcome};

/// Checks what is special to HTTP/2; the rest is checked for all versions together.
pub(super) fn check(head: &Parts, limits: &Limits) -> Result<(), Violation> {
    if head.method == Method::CONNECT {
        return Err(violation(405, "CONNECT is not offered over HTTP/2"));
    }
    check_http2(&head.headers).map_err(|message| violation(400, message))?;
    if head.headers.len() > limits.header_count as usize {
        let outcome = Outcome::LimitHit(LimitKind::HeaderCount);
        return Err(Violation {
            outcome,
            ..violation(431, "the request has too many header fields")
        });
    }
    let path = head.uri.path();
    let of_the_server = path == "*" && head.method == Method::OPTIONS;
    if !path.starts_with('/') && !of_the_server {
        return Err(violation(400, "the path of the request does not begin with a slash"));
    }
    Ok(())
}

fn violation(status: u16, message: &'static str) -> Violation {
    Violation { status, outcome: Outcome::BadRequest, message }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn checked(request: http::request::Builder) -> Result<(), u16> {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let limits = Limits { header_count: 4, ..Limits::default() };
        check(&head, &limits).map_err(|violation| violation.status)
    }

    #[test]
    fn too_many_fields_and_tunnels_are_refused() {
        let many = (0..5).fold(Request::get("http://a/"), |request, _| request.header("x", "y"));
        assert_eq!(checked(many).unwrap_err(), 431);
        assert_eq!(checked(Request::connect("a:443")).unwrap_err(), 405);
    }
}
