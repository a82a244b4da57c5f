//! Cookies, found where they lie in header fields, and the ones the proxy sets itself.

use super::fields::{Fields, Name};
use crate::lab::{InsertedCookie, SameSite};

/// The value of a client's cookie, by its name. The first one counts, as RFC 6265 section 5.4 puts the most
/// specific one first.
pub fn find<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    let cookies = fields.all(Name::Cookie);
    let mut pairs = cookies.flat_map(|field| field.split(|&byte| byte == b';'));
    pairs.find_map(|pair| value_of(pair, name))
}

/// Takes a cookie out of what goes to the server: it is between the client and the proxy.
pub fn remove(fields: &mut Fields, name: &str) {
    if find(fields, name).is_none() {
        return;
    }
    let mut kept: Vec<u8> = Vec::new();
    for field in fields.all(Name::Cookie) {
        let pairs = field.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        for pair in pairs.filter(|pair| !pair.is_empty() && value_of(pair, name).is_none()) {
            if !kept.is_empty() {
                kept.extend_from_slice(b"; ");
            }
            kept.extend_from_slice(pair);
        }
    }
    fields.remove(Name::Cookie);
    if !kept.is_empty() {
        fields.add(Name::Cookie, &kept);
    }
}

/// What an answer does with a cookie of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    Set(&'a [u8]),
    /// The application ends the session.
    Deleted,
}

/// What the fields of an answer do with the cookie of this name; the last word counts.
pub fn change<'a>(fields: &'a Fields, name: &str) -> Option<Change<'a>> {
    let changes = fields.all(Name::SetCookie).filter_map(|field| {
        let mut parts = field.split(|&byte| byte == b';');
        let value = value_of(parts.next()?, name)?;
        let deleted = value.is_empty() || parts.any(ends_at_once);
        Some(if deleted { Change::Deleted } else { Change::Set(value) })
    });
    changes.last()
}

/// The field that gives a client the proxy's own cookie; `None` where the settings hold what no field may.
pub(super) fn set_cookie(settings: &InsertedCookie, value: &str) -> Option<String> {
    let InsertedCookie { name, path, domain, max_age, same_site, secure, http_only, .. } = settings;
    let mut text = format!("{name}={value}; Path={path}");
    if let Some(domain) = domain {
        text.extend(["; Domain=", domain]);
    }
    if let Some(max_age) = max_age {
        // Rounded up: a cookie that ends a moment late is found expired by the proxy, too.
        text.extend(["; Max-Age=", &max_age.ns().div_ceil(SECOND_NS).to_string()]);
    }
    if *http_only {
        text += "; HttpOnly";
    }
    // Browsers refuse SameSite=None without Secure.
    if *secure || *same_site == SameSite::None {
        text += "; Secure";
    }
    text += match same_site {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::None => "; SameSite=None",
        SameSite::Unset => "",
    };
    text.bytes().all(|byte| byte >= b' ' && byte != 0x7f).then_some(text)
}

fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.trim_ascii_start();
    let value = value.strip_prefix(b"=")?.trim_ascii();
    let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    Some(unquoted.unwrap_or(value))
}

/// `Max-Age=0` and below. A date in the past is not looked at: who deletes by date alone sets no value, too.
fn ends_at_once(attribute: &[u8]) -> bool {
    let attribute = attribute.trim_ascii();
    let Some(at) = attribute.iter().position(|&byte| byte == b'=') else { return false };
    let (name, seconds) = attribute.split_at(at);
    let seconds = seconds[1..].trim_ascii();
    name.trim_ascii().eq_ignore_ascii_case(b"max-age")
        && (seconds.starts_with(b"-")
            || !seconds.is_empty() && seconds.iter().all(|&it| it == b'0'))
}

const SECOND_NS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::period::Period;

    fn all(name: Name, values: &[&str]) -> Fields {
        let mut fields = Fields::default();
        for value in values {
            fields.add(name, value.as_bytes());
        }
        fields
    }

    fn cookies(values: &[&str]) -> Fields {
        all(Name::Cookie, values)
    }

    fn answers(values: &[&str]) -> Fields {
        all(Name::SetCookie, values)
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = cookies(&["ab=1;b=2; c = \"3\"", "b=9; empty=; d=x=y"]);
        let value = |name| find(&headers, name).map(|it| String::from_utf8_lossy(it).into_owned());
        for (name, expected) in [
            ("ab", Some("1")),
            ("b", Some("2")),
            ("c", Some("3")),
            ("empty", Some("")),
            ("d", Some("x=y")),
            ("a", None),
            ("x", None),
        ] {
            assert_eq!(value(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_removed_cookie_leaves_the_others() {
        let mut headers = cookies(&["a=1; mine=2;b=3", "mine=4"]);
        remove(&mut headers, "mine");
        assert_eq!(headers.all(Name::Cookie).collect::<Vec<_>>(), [b"a=1; b=3"]);
        let mut headers = cookies(&["mine=2"]);
        remove(&mut headers, "mine");
        assert!(headers.is_empty());
    }

    #[test]
    fn the_application_sets_and_deletes_its_cookie() {
        let deleted = Some(Change::Deleted);
        for (fields, expected) in [
            (&["sid=abc; Path=/"][..], Some(Change::Set(b"abc"))),
            (&["other=1"], None),
            (&["sid=; Path=/"], deleted),
            (&["sid=gone; max-age=0"], deleted),
            (&["sid=gone; Max-Age=-1"], deleted),
            (&["sid=a; Max-Age=10"], Some(Change::Set(b"a"))),
            (&["sid=a", "sid=b"], Some(Change::Set(b"b"))),
        ] {
            assert_eq!(change(&answers(fields), "sid"), expected, "{fields:?}");
        }
    }

    #[test]
    fn our_cookie_says_what_its_settings_say() {
        let default = InsertedCookie::default();
        assert_eq!(
            set_cookie(&default, "v").unwrap(),
            "evenkeel=v; Path=/; HttpOnly; SameSite=Lax"
        );
        let full = InsertedCookie {
            domain: Some("shop.example".to_owned()),
            max_age: Some(Period::from_millis(1_500)),
            same_site: SameSite::None,
            http_only: false,
            ..default
        };
        assert_eq!(
            set_cookie(&full, "v").unwrap(),
            "evenkeel=v; Path=/; Domain=shop.example; Max-Age=2; Secure; SameSite=None"
        );
    }

    proptest! {
        #[test]
        fn no_cookie_field_makes_us_panic(text in "[ -~]{0,60}", name in "[a-z=; ]{0,3}") {
            let mut headers = cookies(&[&text]);
            let _found = find(&headers, &name);
            let _change = change(&answers(&[&text]), &name);
            remove(&mut headers, &name);
            prop_assert!(find(&headers, &name).is_none());
        }
    }
}
