//! What a server is told about the way here: RFC 9110 section 7.6.3, RFC 7239, and the X- fields of habit.

use crate::case::{Case, Gets, Sees, Setting, case};

pub(crate) fn cases() -> Vec<Case> {
    [usual(), chosen(), standard()].into_iter().flatten().collect()
}

fn get(name: &'static str, section: &'static str, fields: &str) -> Case {
    case(name, section)
        .send(format!("GET / HTTP/1.1\r\nHost: a.example:81\r\n{fields}\r\n"))
        .gets([Gets::Status(200)])
}

fn set(listener: &'static str) -> Setting {
    Setting { listener, ..Setting::default() }
}

fn usual() -> Vec<Case> {
    vec![
        get("Via names the protocol and the proxy", "9110 7.6.3", "")
            .sees([Sees::Like("via", |it| it.starts_with("1.1 ") && it.len() > 4)])
            .peers("nginx and haproxy add none"),
        get("Via is added behind the earlier ones", "9110 7.6.3", "Via: 1.0 fred\r\n")
            .sees([Sees::Like("via", |it| it.starts_with("1.0 fred, 1.1 "))]),
        case("Via says what was received", "9110 7.6.3")
            .send("GET / HTTP/1.0\r\n\r\n")
            .sees([Sees::Like("via", |it| it.starts_with("1.0 "))])
            .gets([Gets::Status(200)]),
        get("the X- fields", "habit", "").sees([
            Sees::Field("x-forwarded-for", "127.0.0.1"),
            Sees::Field("x-forwarded-proto", "http"),
            Sees::Field("x-forwarded-host", "a.example:81"),
            Sees::Like("x-forwarded-port", |it| it.parse::<u16>().is_ok()),
        ]),
        get(
            "the client is added behind the earlier ones",
            "habit",
            "X-Forwarded-For: 10.1.1.1\r\n",
        )
        .sees([Sees::Joined("x-forwarded-for", "10.1.1.1, 127.0.0.1")]),
        get(
            "and behind several fields of them",
            "habit",
            "X-Forwarded-For: 10.1.1.1, 10.1.1.2\r\nX-Forwarded-For: 10.1.1.3\r\n",
        )
        .sees([Sees::Joined("x-forwarded-for", "10.1.1.1, 10.1.1.2, 10.1.1.3, 127.0.0.1")]),
        get("a request gets a number", "habit", "")
            .sees([Sees::Like("x-request-id", |it| it.len() >= 16)]),
        get("and keeps the one it has", "habit", "X-Request-Id: mine-1\r\n")
            .sees([Sees::Field("x-request-id", "mine-1")]),
        get("the answer names its server", "habit", "")
            .gets([Gets::Status(200), Gets::Field("x-served-by", "a")]),
    ]
}

fn chosen() -> Vec<Case> {
    vec![
        get(
            "replaced, a client cannot say who it is",
            "habit",
            "X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: https\r\n",
        )
        .lab(set("forwarded: (mode: replace)"))
        .sees([
            Sees::Field("x-forwarded-for", "127.0.0.1"),
            Sees::Field("x-forwarded-proto", "http"),
        ]),
        get("replaced, nor in the other style", "7239 8.1", "Forwarded: for=10.1.1.1\r\n")
            .lab(set("forwarded: (mode: replace)"))
            .sees([Sees::Without("forwarded")]),
        get("switched off, nothing is added or taken", "habit", "X-Forwarded-For: 10.1.1.1\r\n")
            .lab(set("forwarded: (mode: off, via: false, request_id: false, served_by: false)"))
            .sees([
                Sees::Field("x-forwarded-for", "10.1.1.1"),
                Sees::Without("x-forwarded-proto"),
                Sees::Without("via"),
                Sees::Without("x-request-id"),
                Sees::Without("forwarded"),
            ])
            .gets([Gets::Without("x-served-by")]),
    ]
}

fn standard() -> Vec<Case> {
    vec![
        get("the standard field", "7239 4", "").lab(set("forwarded: (style: standard)")).sees([
            Sees::Like("forwarded", |it| {
                has(it, "for=127.0.0.1")
                    && has(it, "proto=http")
                    && has(it, "host=\"a.example:81\"")
            }),
            Sees::Without("x-forwarded-for"),
        ]),
        get("is added behind the earlier ones", "7239 4", "Forwarded: for=10.1.1.1;by=_x\r\n")
            .lab(set("forwarded: (style: standard)"))
            .sees([Sees::Like("forwarded", |it| {
                it.strip_prefix("for=10.1.1.1;by=_x, ").is_some_and(|own| has(own, "for=127.0.0.1"))
            })]),
        get("an address of IPv6 stands in brackets and quotes", "7239 6", "")
            .lab(Setting { ipv6: true, ..set("forwarded: (style: both)") })
            .sees([
                Sees::Like("forwarded", |it| has(it, "for=\"[::1]\"")),
                Sees::Field("x-forwarded-for", "::1"),
            ]),
    ]
}

/// Whether a pair stands among the pairs of one element.
fn has(element: &str, pair: &str) -> bool {
    element.split(';').any(|it| it.trim().eq_ignore_ascii_case(pair))
}
