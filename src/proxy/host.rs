//! Which host a request is for, by the strict reading: routes, servers and caches must not differ about it.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use http::{Method, Uri, Version};

use super::fields::{Fields, Name};

/// The host in small letters, with its port if one was given: what to look routes up by, and what to put into Host and
/// `:authority` on the way to the server, whatever the client's Host said. None where an HTTP/1.0 request has none.
/// The error is a 400. Nothing is allocated unless something has to be changed.
pub(super) fn authority<'a>(
    method: &Method,
    version: Version,
    target: &'a Uri,
    fields: &'a Fields,
) -> Result<Option<Cow<'a, str>>, &'static str> {
    let written = host_field(fields)?;
    let in_target =
        target.authority().map(|authority| normalised(authority.as_str())).transpose()?;
    if method == Method::CONNECT && in_target.as_ref().is_none_or(|target| port(target).is_none()) {
        return Err("the target of CONNECT is not a host and a port");
    }
    let is_http2 = version == Version::HTTP_2;
    match (in_target, written) {
        (_, None) if version == Version::HTTP_11 => Err("the request has no Host field"),
        (Some(in_target), Some(written)) if is_http2 => {
            // RFC 9113 section 8.3.1.
            if without_default_port(&in_target, target)
                == without_default_port(&normalised(written)?, target)
            {
                Ok(Some(in_target))
            } else {
                Err("the :authority of the request and its Host field differ")
            }
        }
        (Some(in_target), written) => {
            // RFC 9112 section 3.2.2: the target wins. Host must be proper all the same.
            if let Some(written) = written.filter(|written| !written.is_empty()) {
                normalised(written)?;
            }
            if target.scheme_str().is_some_and(|scheme| scheme != "http" && scheme != "https") {
                return Err("the target of the request is of a scheme other than http and https");
            }
            Ok(Some(in_target))
        }
        (None, Some("")) if version == Version::HTTP_10 => Ok(None),
        // An http URI without a host is invalid (RFC 9110 section 4.2.1).
        (None, Some("")) => Err("the Host field of the request is empty"),
        (None, Some(written)) => normalised(written).map(Some),
        (None, None) if is_http2 => Err("the request names no host"),
        (None, None) => Ok(None),
    }
}

pub(super) fn port(authority: &str) -> Option<u16> {
    split(authority).1.and_then(|port| port.parse().ok())
}

fn host_field(fields: &Fields) -> Result<Option<&str>, &'static str> {
    let mut hosts = fields.all(Name::Host);
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok(None),
        (Some(only), None) if only.is_ascii() => {
            std::str::from_utf8(only).map(Some).map_err(|_not_text| ODD)
        }
        (Some(_), None) => Err(ODD),
        _ => Err("the request has more than one Host field"),
    }
}

fn normalised(authority: &str) -> Result<Cow<'_, str>, &'static str> {
    if is_plain(authority) {
        return Ok(Cow::Borrowed(authority));
    }
    if authority.contains('@') {
        return Err("the host of the request has a user's name before it");
    }
    let (name, port) = split(authority);
    let is_proper = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(is_name_byte),
    };
    if !is_proper {
        return Err(ODD);
    }
    // No port after the colon means the default one (RFC 3986 section 3.2.3).
    let kept = match port {
        Some("") => name,
        Some(digits) if !is_port(digits) => {
            return Err("the port of the request's host is not a port");
        }
        _ => authority,
    };
    Ok(if kept.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(kept.to_ascii_lowercase())
    } else {
        Cow::Borrowed(kept)
    })
}

/// Whether it is as nearly all are, a name in small letters and perhaps a port: then one look is enough.
fn is_plain(authority: &str) -> bool {
    let is_small = |byte: &u8| is_name_byte(*byte) && !byte.is_ascii_uppercase();
    let name = authority.bytes().take_while(is_small).count();
    match authority.as_bytes().get(name) {
        None => name > 0,
        Some(b':') => name > 0 && name + 1 < authority.len() && is_port(&authority[name + 1..]),
        Some(_) => false,
    }
}

/// The name, and what stands behind the colon.
fn split(authority: &str) -> (&str, Option<&str>) {
    let end_of_address = authority.rfind(']').map_or(0, |end| end + 1);
    match authority[end_of_address..].find(':') {
        Some(colon) => {
            let colon = end_of_address + colon;
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        None => (authority, None),
    }
}

/// Names as they are used. RFC 3986 would allow commas, quotes and escapes, too, which no host has and which mean
/// something else to somebody on the way.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_port(digits: &str) -> bool {
    digits.len() <= 5
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u16>().is_ok()
}

fn without_default_port<'a>(authority: &'a str, target: &Uri) -> &'a str {
    let default = if target.scheme_str() == Some("https") { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority)
}

const ODD: &str = "the host of the request has a character that no host name has";

#[cfg(test)]
mod tests {

    use super::*;

    fn asked(
        version: Version,
        target: &str,
        hosts: &[&str],
    ) -> Result<Option<String>, &'static str> {
        let method = if target.starts_with('/') || target.contains('/') {
            Method::GET
        } else {
            Method::CONNECT
        };
        let mut headers = Fields::default();
        for host in hosts {
            headers.add(Name::Host, host.as_bytes());
        }
        let target: Uri = target.parse().unwrap();
        let found = authority(&method, version, &target, &headers)?;
        Ok(found.map(Cow::into_owned))
    }

    const V11: Version = Version::HTTP_11;
    const V10: Version = Version::HTTP_10;
    const V2: Version = Version::HTTP_2;

    #[test]
    fn a_proper_host_is_found_in_small_letters() {
        for (host, expected) in [
            ("a.example", "a.example"),
            ("A.Example:8080", "a.example:8080"),
            ("a_b:", "a_b"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::1]:8443", "[2001:db8::1]:8443"),
        ] {
            assert_eq!(asked(V11, "/", &[host]), Ok(Some(expected.to_owned())), "{host}");
        }
    }

    #[test]
    fn an_improper_host_is_refused() {
        for host in [
            "", "a b", "a,b", "a/b", "u@a", "a:b", "a:-1", "a:65536", "a:1:2", "a:000080", "::1",
            "[::1", "[a]", "[::1]x", "[]", ":80", "a\\b", "a?b", "a#b", "a%00", "\u{e4}", "a;b",
            "a\tb", "[::1]]", "[v1.a]",
        ] {
            assert!(asked(V11, "/", &[host]).is_err(), "{host}");
        }
        assert!(asked(V11, "/", &[]).is_err());
        assert!(asked(V11, "/", &["a", "a"]).is_err());
        assert!(asked(V10, "/", &["a", "b"]).is_err());
        assert_eq!(asked(V10, "/", &[]), Ok(None));
        assert_eq!(asked(V10, "/", &[""]), Ok(None));
    }

    #[test]
    fn an_absolute_target_wins() {
        let target = Some("b.example:81".to_owned());
        assert_eq!(asked(V11, "http://B.example:81/x", &["a"]), Ok(target.clone()));
        assert_eq!(asked(V11, "http://b.example:81/x", &[""]), Ok(target));
        for (target, host) in
            [("http://b/", "a b"), ("http://user@b/", "b"), ("ftp://b/", "b"), ("b", "b")]
        {
            assert!(asked(V11, target, &[host]).is_err(), "{target}");
        }
        assert!(asked(V11, "http://b/", &[]).is_err());
        assert_eq!(asked(V11, "b:443", &["b:443"]), Ok(Some("b:443".to_owned())));
    }

    #[test]
    fn in_http2_both_must_say_the_same() {
        let found = Ok(Some("a".to_owned()));
        assert_eq!(asked(V2, "https://a/", &[]), found);
        assert_eq!(asked(V2, "https://A/", &["a:443"]), found);
        assert_eq!(asked(V2, "/", &["a"]), found);
        assert!(asked(V2, "https://a/", &["b"]).is_err());
        assert!(asked(V2, "https://a/", &["a:80"]).is_err());
        assert!(asked(V2, "/", &[]).is_err());
    }

    #[test]
    fn name_and_port_come_apart() {
        assert_eq!(port("a:80"), Some(80));
        assert_eq!(port("[::1]:80"), Some(80));
        assert_eq!(port("[::1]"), None);
    }
}
