//! Fields that are meant for the next hop only (RFC 9110 section 7.6.1).

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};

/// What the next hop speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Toward {
    Http1,
    Http2,
}

/// Whether a switch of protocols is passed on with this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Switching {
    No,
    Yes,
}

/// Takes away what was meant for us. The error is a request that wants to take away more, a 400.
///
/// `Proxy-Authorization` goes, too: a reverse proxy asks nobody for it, so it was meant for somebody before us, and
/// the server has no business with it. `Expect` stays: only the server can say whether it wants the body.
pub(in crate::proxy) fn strip_request(
    headers: &mut HeaderMap,
    toward: Toward,
    switching: Switching,
) -> Result<(), &'static str> {
    let wants_trailers = has_word(headers, &TE, "trailers");
    strip_named(headers, Protected::Refused)?;
    strip_fixed(headers, switching);
    headers.remove(TE);
    headers.remove(PROXY_AUTHORIZATION);
    // gRPC servers refuse requests without it, and many HTTP/1.1 servers send no trailers then. There it is a field
    // of our own connection (RFC 9110 section 10.1.4).
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        if toward == Toward::Http1 {
            let connection = if headers.contains_key(CONNECTION) { "upgrade, te" } else { "te" };
            headers.insert(CONNECTION, HeaderValue::from_static(connection));
        }
    }
    Ok(())
}

/// The same on the way back. A Content-Length beside a chunked body is wrong by definition (RFC 9112 section 6.3).
pub(in crate::proxy) fn strip_response(headers: &mut HeaderMap, switching: Switching) {
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    // A server that names what is not its own is not obeyed, but answered.
    let _kept = strip_named(headers, Protected::Kept);
    strip_fixed(headers, switching);
    headers.remove(PROXY_AUTHENTICATE);
}

/// Several Cookie fields are allowed in HTTP/2 only (RFC 9113 section 8.2.3); most HTTP/1.1 servers read the first.
pub(in crate::proxy) fn join_cookies(headers: &mut HeaderMap) {
    let mut fields = headers.get_all(COOKIE).iter();
    if fields.next().is_none() || fields.next().is_none() {
        return;
    }
    let parts: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // Joining valid values gives a valid one.
    if let Ok(joined) = HeaderValue::from_maybe_shared(bytes::Bytes::from(parts.join(&b"; "[..]))) {
        headers.insert(COOKIE, joined);
    }
}

/// A request with a connection field is malformed in HTTP/2, a 400 (RFC 9113 section 8.2.2).
pub(in crate::proxy) fn check_http2(headers: &HeaderMap) -> Result<(), &'static str> {
    if FIXED.iter().any(|name| headers.contains_key(name)) || headers.contains_key(UPGRADE) {
        return Err("an HTTP/2 request has a field that belongs to HTTP/1.1 connections");
    }
    if headers.get_all(TE).iter().any(|value| value != "trailers") {
        return Err("an HTTP/2 request has a TE field other than `trailers`");
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protected {
    Refused,
    Kept,
}

/// Takes away the fields that Connection names, but for those that a sender must not name because they are meant for
/// everybody. A client could otherwise strip what another proxy added for the server: who it is, that it may, which
/// host it means. Envoy refuses such a request; others that obey have been led to serve it.
fn strip_named(headers: &mut HeaderMap, protected: Protected) -> Result<(), &'static str> {
    let harmless = |value: &HeaderValue| {
        ["keep-alive", "close", "upgrade"]
            .iter()
            .any(|word| value.as_bytes().eq_ignore_ascii_case(word.as_bytes()))
    };
    if headers.get_all(CONNECTION).iter().all(harmless) {
        return Ok(());
    }
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .filter_map(|word| HeaderName::from_bytes(word.trim_ascii()).ok())
        .collect();
    for name in named {
        if !is_for_everybody(&name) {
            // What an upgrade needs is taken away or kept with the fixed ones.
            if name != UPGRADE && name != TRANSFER_ENCODING {
                headers.remove(&name);
            }
        } else if protected == Protected::Refused {
            return Err("the Connection field names a field that is not for one connection");
        }
    }
    Ok(())
}

fn is_for_everybody(name: &HeaderName) -> bool {
    [AUTHORIZATION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, VIA].contains(name)
        || ["x-real-ip", "x-request-id"].contains(&name.as_str())
        || name.as_str().starts_with("x-forwarded-")
}

fn strip_fixed(headers: &mut HeaderMap, switching: Switching) {
    for name in &FIXED {
        headers.remove(name);
    }
    if switching == Switching::Yes && headers.contains_key(UPGRADE) {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    } else {
        headers.remove(UPGRADE);
        headers.remove(HTTP2_SETTINGS);
    }
}

fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

const FIXED: [HeaderName; 4] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
];
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

#[cfg(test)]
mod tests {
    use super::*;

    pub(in crate::proxy::headers) fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn stripped(fields: &[(&str, &str)], toward: Toward, switching: Switching) -> HeaderMap {
        let mut headers = map(fields);
        strip_request(&mut headers, toward, switching).unwrap();
        headers
    }

    #[test]
    fn what_is_for_one_connection_ends_here() {
        let sent = [
            ("connection", "keep-alive, X-Mine ,,x-other"),
            ("connection", "te"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("x-mine", "1"),
            ("x-other", "1"),
            ("te", "gzip, Trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("proxy-authorization", "Basic x"),
            ("expect", "100-continue"),
            ("accept", "*/*"),
        ];
        let kept = [("expect", "100-continue"), ("accept", "*/*"), ("te", "trailers")];
        assert_eq!(stripped(&sent, Toward::Http2, Switching::No), map(&kept));
        let to_http1 = stripped(&sent, Toward::Http1, Switching::No);
        assert_eq!(to_http1, map(&[&kept[..], &[("connection", "te")]].concat()));
    }

    #[test]
    fn an_upgrade_that_is_passed_on_keeps_its_fields() {
        let sent = [("connection", "Upgrade, keep-alive"), ("upgrade", "websocket")];
        let left = stripped(&sent, Toward::Http1, Switching::Yes);
        assert_eq!(left, map(&[("connection", "upgrade"), ("upgrade", "websocket")]));
        assert!(stripped(&[("connection", "upgrade")], Toward::Http1, Switching::Yes).is_empty());
    }

    #[test]
    fn nobody_strips_what_is_meant_for_the_server() {
        for name in ["host", "Authorization", "x-forwarded-for", "Cookie", "content-length", "via"]
        {
            let mut request = map(&[("connection", &format!("close, {name}")), (name, "1")]);
            let before = request.clone();
            assert!(strip_request(&mut request, Toward::Http1, Switching::No).is_err(), "{name}");
            let mut response = before;
            strip_response(&mut response, Switching::No);
            assert!(response.contains_key(name), "{name}");
        }
    }

    #[test]
    fn a_chunked_response_has_no_length() {
        let mut headers = map(&[
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("connection", "x-a"),
            ("x-a", "1"),
            ("proxy-authenticate", "Basic"),
            ("server", "s"),
        ]);
        strip_response(&mut headers, Switching::No);
        assert_eq!(headers, map(&[("server", "s")]));
    }

    #[test]
    fn connection_fields_are_refused_in_http2() {
        for (name, value) in [
            ("connection", "close"),
            ("keep-alive", "x"),
            ("proxy-connection", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "x"),
            ("te", "gzip"),
            ("te", "trailers, gzip"),
        ] {
            assert!(check_http2(&map(&[(name, value)])).is_err(), "{name}");
        }
        assert!(check_http2(&map(&[("te", "trailers"), ("a", "b")])).is_ok());
    }

    #[test]
    fn cookies_are_joined_into_one_field() {
        let mut headers = map(&[("cookie", "a=1"), ("b", "c"), ("cookie", "d=2; e=3")]);
        join_cookies(&mut headers);
        assert_eq!(headers, map(&[("cookie", "a=1; d=2; e=3"), ("b", "c")]));
        let one = headers.clone();
        join_cookies(&mut headers);
        assert_eq!(headers, one);
    }
}
