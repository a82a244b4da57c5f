//! Who may ask the admin address.

use std::net::IpAddr;

use http::{HeaderMap, StatusCode, header};

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Token,
    /// The request was meant for another name, so a page from elsewhere may have sent it.
    Host,
}

impl Refusal {
    pub(super) fn words(self) -> (StatusCode, &'static str) {
        match self {
            Self::Token => (StatusCode::UNAUTHORIZED, "send the token: Authorization: Bearer …"),
            Self::Host => {
                (StatusCode::FORBIDDEN, "ask for localhost or for an address, not for a name")
            }
        }
    }
}

/// With a token, whoever brings it is let in: no page of another site can. Without one, only requests for this
/// machine by a name that nobody else can point here are.
pub(super) fn admit(headers: &HeaderMap, token: Option<&str>) -> Result<(), Refusal> {
    if let Some(token) = token {
        let brought = headers.get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes);
        let brought = brought.and_then(|it| it.strip_prefix(b"Bearer "));
        let fits = brought.is_some_and(|brought| is_same(brought, token.as_bytes()));
        return if fits { Ok(()) } else { Err(Refusal::Token) };
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let own = host.is_some_and(is_own_name) && hosts.next().is_none();
    if own { Ok(()) } else { Err(Refusal::Host) }
}

fn is_own_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

/// In a time that depends on the lengths only, so that nobody finds the token letter by letter.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_names_of_this_machine_are_let_in_without_a_token() {
        for host in ["localhost:9000", "LOCALHOST", "127.0.0.1:9000", "[::1]:9000", "[::1]"] {
            assert_eq!(admit(&headers(&[("host", host)]), None), Ok(()), "{host}");
        }
        for host in ["evil.test", "localhost.evil.test:9000", "127.0.0.1.evil.test", "", "[x]"] {
            assert_eq!(admit(&headers(&[("host", host)]), None), Err(Refusal::Host), "{host}");
        }
        assert_eq!(admit(&headers(&[]), None), Err(Refusal::Host));
        let two = headers(&[("host", "localhost"), ("host", "evil.test")]);
        assert_eq!(admit(&two, None), Err(Refusal::Host));
    }

    #[test]
    fn with_a_token_nothing_else_counts() {
        let with = |value| headers(&[("host", "proxy.test"), ("authorization", value)]);
        assert_eq!(admit(&with("Bearer secret"), Some("secret")), Ok(()));
        for wrong in ["Bearer secre", "Bearer secrets", "Bearer ", "secret", "Basic secret"] {
            assert_eq!(admit(&with(wrong), Some("secret")), Err(Refusal::Token), "{wrong}");
        }
        assert_eq!(admit(&headers(&[("host", "localhost")]), Some("s")), Err(Refusal::Token));
    }
}
