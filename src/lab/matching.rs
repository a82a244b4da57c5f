//! What it means for a request to match a route's conditions.

use std::net::IpAddr;

use super::route::{Condition, FieldCondition, PathCondition, TextCondition};

/// What conditions look at in a request.
pub struct Facts<'a> {
    pub host: &'a str,
    /// Without the query.
    pub path: &'a str,
    pub query: &'a str,
    pub method: &'a str,
    pub source: Option<IpAddr>,
    pub sni: Option<&'a str>,
    /// A header's value by its name, in any case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
}

impl Condition {
    /// Whether nothing is asked, so that every request matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let Self { hosts, path, methods, headers, cookies, query, user_agent, sources, sni } = self;
        let cookie_header = || (facts.header)("cookie").unwrap_or_default();
        any_or_none(methods, |method| method == facts.method)
            && any_or_none(hosts, |host| host_matches(host, facts.host))
            && any_or_none(sni, |name| facts.sni.is_some_and(|asked| host_matches(name, asked)))
            && any_or_none(sources, |network| {
                facts.source.is_some_and(|ip| in_network(network, ip))
            })
            && path.as_ref().is_none_or(|path| path.matches(facts.path))
            && headers.iter().all(|field| field.matches((facts.header)(&field.name)))
            && cookies.iter().all(|field| field.matches(pair(cookie_header(), ';', &field.name)))
            && query.iter().all(|field| field.matches(pair(facts.query, '&', &field.name)))
            && user_agent.as_ref().is_none_or(|text| text.matches((facts.header)("user-agent")))
    }
}

fn any_or_none<T>(allowed: &[T], matches: impl Fn(&T) -> bool) -> bool {
    allowed.is_empty() || allowed.iter().any(matches)
}

/// Case and port do not count; `*.` stands for one name or more.
pub(super) fn host_matches(pattern: &str, host: &str) -> bool {
    let host = bare_host(host);
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(host),
        Some(parent) => host.len().checked_sub(parent.len() + 1).is_some_and(|start| {
            start > 0
                && host.is_char_boundary(start)
                && host.as_bytes()[start] == b'.'
                && host[start + 1..].eq_ignore_ascii_case(parent)
        }),
    }
}

/// Without its port, and without the brackets in which a number with colons stands before one (RFC 3986, section 3.2.2).
pub(super) fn bare_host(host: &str) -> &str {
    let host = without_port(host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => host,
    }
}

impl PathCondition {
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Prefix(prefix) => {
                let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
                path.strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Pattern(pattern) => segments_match(pattern, path),
        }
    }
}

fn segments_match(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        if wanted == "**" {
            return true;
        }
        match segments.next() {
            Some(segment) if wanted == "*" && !segment.is_empty() => {}
            Some(segment) if wanted == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

impl FieldCondition {
    fn matches(&self, value: Option<&str>) -> bool {
        self.value.matches(value)
    }
}

impl TextCondition {
    pub fn matches(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Absent, text) => text.is_none(),
            (_, None) => false,
            (Self::Present, Some(_)) => true,
            (Self::Exact(exact), Some(text)) => text == exact,
            (Self::Prefix(prefix), Some(text)) => text.starts_with(prefix.as_str()),
            (Self::Contains(part), Some(text)) => text.contains(part.as_str()),
            (Self::Pattern(pattern), Some(text)) => text_matches(pattern, text),
        }
    }
}

/// `*` stands for any run of characters. The runs between stars are looked for from left to right, which
/// finds a match if there is one.
fn text_matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(place) => text = &text[place + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

/// The value of `name` in `name=value` pairs.
fn pair<'a>(pairs: &'a str, separator: char, name: &str) -> Option<&'a str> {
    let mut pairs = pairs
        .split(separator)
        .map(|pair| pair.trim().split_once('=').unwrap_or_else(|| (pair.trim(), "")));
    pairs.find(|&(found, _)| found == name).map(|(_, value)| value)
}

/// `10.0.0.0/8`, `::1`: an address alone is a network of one.
pub(super) fn in_network(network: &str, address: IpAddr) -> bool {
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base, bits.parse().ok()),
        None => (network, Some(128)),
    };
    let (Ok(base), Some(bits)) = (base.parse::<IpAddr>(), bits) else { return false };
    let same_start = |a: u128, b: u128, width: u32| {
        let kept = u32::min(bits, width);
        kept == 0 || (a ^ b) >> (width - kept) == 0
    };
    match (base, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            same_start(u32::from(base).into(), u32::from(address).into(), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => same_start(base.into(), address.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_match_without_case_and_port() {
        assert!(host_matches("shop.example", "Shop.Example:8080"));
        assert!(host_matches("*.example", "a.b.example"));
        assert!(!host_matches("*.example", "example"));
        assert!(!host_matches("*.example", "badexample"));
        assert!(host_matches("::1", "[::1]:8080") && host_matches("::1", "[::1]"));
    }

    #[test]
    fn prefixes_end_at_segments() {
        let cart = PathCondition::Prefix("/cart".to_owned());
        assert!(cart.matches("/cart") && cart.matches("/cart/1") && !cart.matches("/cartoon"));
        assert!(PathCondition::Prefix("/".to_owned()).matches("/anything"));
    }

    #[test]
    fn patterns_match_segment_by_segment() {
        let orders = PathCondition::Pattern("/users/*/orders/**".to_owned());
        assert!(orders.matches("/users/7/orders/1/2"));
        assert!(!orders.matches("/users/7/8/orders"));
        assert!(!PathCondition::Pattern("/a/*".to_owned()).matches("/a/"));
    }

    #[test]
    fn text_patterns_take_stars_for_anything() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("Mozilla*Firefox*", "Mozilla/5.0 Firefox/9", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(text_matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn networks_contain_their_addresses() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(in_network("10.0.0.0/8", ip("10.200.1.1")));
        assert!(!in_network("10.0.0.0/8", ip("11.0.0.1")));
        assert!(in_network("::1", ip("::1")) && !in_network("::1", ip("::2")));
        assert!(in_network("0.0.0.0/0", ip("1.2.3.4")));
        assert!(in_network("127.0.0.0/8", ip("::ffff:127.0.0.1")));
    }

    #[test]
    fn all_parts_that_are_set_must_hold() {
        let condition = Condition {
            methods: vec!["GET".to_owned(), "HEAD".to_owned()],
            path: Some(PathCondition::Exact("/".to_owned())),
            cookies: vec![FieldCondition {
                name: "side".to_owned(),
                value: TextCondition::Exact("b".to_owned()),
            }],
            ..Condition::default()
        };
        let matches = |method: &str, cookie: &'static str| {
            let header = |name: &str| (name == "cookie").then_some(cookie);
            condition.matches(&Facts {
                host: "",
                path: "/",
                query: "",
                method,
                source: None,
                sni: None,
                header: &header,
            })
        };
        assert!(matches("HEAD", "a=1; side=b"));
        assert!(!matches("POST", "side=b"));
        assert!(!matches("GET", "side=bb"));
    }
}
