//! Fields that are meant for the next hop only (RFC 9110 section 7.6.1).

use http::header::{CONNECTION, HeaderMap, TE, TRANSFER_ENCODING, UPGRADE};

use crate::proxy::fields::{Fields, Name};

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
    fields: &mut Fields,
    toward: Toward,
    switching: Switching,
) -> Result<(), &'static str> {
    let wants_trailers = wants_trailers(fields);
    strip_named(fields, Protected::Refused)?;
    strip_fixed(fields, switching);
    fields.remove(Name::Te);
    fields.remove(Name::ProxyAuthorization);
    // gRPC servers refuse requests without it, and many HTTP/1.1 servers send no trailers then. There it is a field
    // of our own connection (RFC 9110 section 10.1.4).
    if wants_trailers {
        fields.add(Name::Te, b"trailers");
        if toward == Toward::Http1 {
            let connection: &[u8] =
                if fields.has(Name::Connection) { b"upgrade, te" } else { b"te" };
            fields.set(Name::Connection, connection);
        }
    }
    Ok(())
}

/// Whether a client asks for the fields behind a body.
fn wants_trailers(fields: &Fields) -> bool {
    has_word(fields, Name::Te, b"trailers")
}

/// The same on the way back. A Content-Length beside a chunked body is wrong by definition (RFC 9112 section 6.3).
pub(in crate::proxy) fn strip_response(fields: &mut Fields, switching: Switching) {
    if fields.has(Name::TransferEncoding) {
        fields.remove(Name::ContentLength);
    }
    // A server that names what is not its own is not obeyed, but answered.
    let _kept = strip_named(fields, Protected::Kept);
    strip_fixed(fields, switching);
    fields.remove(Name::ProxyAuthenticate);
}

/// Several Cookie fields are allowed in HTTP/2 only (RFC 9113 section 8.2.3); most HTTP/1.1 servers read the first.
pub(in crate::proxy) fn join_cookies(fields: &mut Fields) {
    if fields.all(Name::Cookie).nth(1).is_none() {
        return;
    }
    let parts: Vec<&[u8]> = fields.all(Name::Cookie).collect();
    let joined = parts.join(&b"; "[..]);
    fields.set(Name::Cookie, &joined);
}

/// A request with a connection field is malformed in HTTP/2, a 400 (RFC 9113 section 8.2.2).
pub(in crate::proxy) fn check_http2(headers: &HeaderMap) -> Result<(), &'static str> {
    let fixed = [CONNECTION.as_str(), "keep-alive", "proxy-connection", TRANSFER_ENCODING.as_str()];
    if fixed.iter().any(|name| headers.contains_key(*name)) || headers.contains_key(UPGRADE) {
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
fn strip_named(fields: &mut Fields, protected: Protected) -> Result<(), &'static str> {
    let harmless = |value: &[u8]| {
        let words: [&[u8]; 3] = [b"keep-alive", b"close", b"upgrade"];
        words.iter().any(|word| value.eq_ignore_ascii_case(word))
    };
    if fields.all(Name::Connection).all(harmless) {
        return Ok(());
    }
    let named: Vec<String> = fields
        .all(Name::Connection)
        .flat_map(|value| value.split(|&byte| byte == b','))
        .filter_map(|word| std::str::from_utf8(word.trim_ascii()).ok())
        .map(str::to_ascii_lowercase)
        .collect();
    for name in named {
        if !is_for_everybody(&name) {
            // What an upgrade needs is taken away or kept with the fixed ones; Connection is still to be read.
            if ![Name::Upgrade, Name::TransferEncoding, Name::Connection]
                .iter()
                .any(|it| it.text() == name)
            {
                fields.remove_named(&name);
            }
        } else if protected == Protected::Refused {
            return Err("the Connection field names a field that is not for one connection");
        }
    }
    Ok(())
}

fn is_for_everybody(name: &str) -> bool {
    let all = [
        Name::Authorization,
        Name::ContentLength,
        Name::Cookie,
        Name::Forwarded,
        Name::Host,
        Name::Via,
        Name::XRealIp,
        Name::XRequestId,
    ];
    all.iter().any(|it| it.text() == name) || name.starts_with("x-forwarded-")
}

fn strip_fixed(fields: &mut Fields, switching: Switching) {
    for name in FIXED {
        fields.remove(name);
    }
    if switching == Switching::Yes && fields.has(Name::Upgrade) {
        fields.add(Name::Connection, b"upgrade");
    } else {
        fields.remove(Name::Upgrade);
        fields.remove(Name::Http2Settings);
    }
}

/// Whether a list has this word, in any case.
pub(in crate::proxy) fn has_word(fields: &Fields, name: Name, word: &[u8]) -> bool {
    fields
        .all(name)
        .flat_map(|value| value.split(|&byte| byte == b','))
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(word))
}

const FIXED: [Name; 4] =
    [Name::Connection, Name::KeepAlive, Name::ProxyConnection, Name::TransferEncoding];

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(given: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in given {
            fields.push(name.as_bytes(), value.as_bytes());
        }
        fields
    }

    fn map(given: &[(&str, &str)]) -> HeaderMap {
        fields(given).to_map()
    }

    fn stripped(given: &[(&str, &str)], toward: Toward, switching: Switching) -> HeaderMap {
        let mut fields = fields(given);
        strip_request(&mut fields, toward, switching).unwrap();
        fields.to_map()
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
            let mut request = fields(&[("connection", &format!("close, {name}")), (name, "1")]);
            let before = request.clone();
            assert!(strip_request(&mut request, Toward::Http1, Switching::No).is_err(), "{name}");
            let mut response = before;
            strip_response(&mut response, Switching::No);
            assert!(response.get_named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_chunked_response_has_no_length() {
        let mut headers = fields(&[
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("connection", "x-a"),
            ("x-a", "1"),
            ("proxy-authenticate", "Basic"),
            ("server", "s"),
        ]);
        strip_response(&mut headers, Switching::No);
        assert_eq!(headers.to_map(), map(&[("server", "s")]));
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
        let mut headers = fields(&[("cookie", "a=1"), ("b", "c"), ("cookie", "d=2; e=3")]);
        let one = map(&[("cookie", "a=1; d=2; e=3"), ("b", "c")]);
        join_cookies(&mut headers);
        assert_eq!(headers.to_map(), one);
        join_cookies(&mut headers);
        assert_eq!(headers.to_map(), one);
    }
}
