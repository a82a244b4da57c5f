//! Bounds and their statuses: RFC 9110 section 15.5, RFC 6585 section 5.

use crate::case::{Act, Case, Do, Gets, Sees, Setting, case, refused, write};

pub(crate) fn cases() -> Vec<Case> {
    [heads(), bodies(), times()].into_iter().flatten().collect()
}

fn limits(limits: &'static str) -> Setting {
    Setting { limits, ..Setting::default() }
}

fn heads() -> Vec<Case> {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes();
    let long = |length| "x".repeat(length);
    let many = |number: usize| "x-a: 1\r\n".repeat(number);
    vec![
        refused(
            "a target that is too long",
            "9110 15.5.15",
            &[414],
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(70_000)).as_bytes(),
        ),
        refused(
            "a head that is too long",
            "6585 5",
            &[431],
            &get(&format!("X-A: {}\r\n", long(70_000))),
        )
        .peers("nginx answers 400"),
        refused("too many fields", "6585 5", &[431], &get(&many(101))).peers("haproxy answers 400"),
        refused(
            "a head beyond a lower limit",
            "6585 5",
            &[431],
            &get(&format!("X-A: {}\r\n", long(2000))),
        )
        .lab(limits("header_bytes: 1024")),
        refused("fields beyond a lower limit", "6585 5", &[431], &get(&many(10)))
            .lab(limits("header_count: 8")),
        case("a head just below the limit", "9110 5.4")
            .send(get(&format!("X-A: {}\r\n", long(30_000))))
            .gets([Gets::Status(200), Gets::Open]),
    ]
}

fn bodies() -> Vec<Case> {
    let small = limits("body_bytes: 10");
    vec![
        case("a body that says it is too long", "9110 15.5.14")
            .lab(small)
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world")
            .sees([Sees::Nothing])
            .gets([Gets::Status(413)]),
        case("a body that turns out too long", "9110 15.5.14")
            .lab(small)
            .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n")
            .sees([Sees::NothingComplete])
            .gets([Gets::Status(413)]),
        case("a body of just the length", "9110 15.5.14")
            .lab(small)
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello worl")
            .sees([Sees::Body("hello worl")])
            .gets([Gets::Status(200), Gets::Open]),
    ]
}

fn times() -> Vec<Case> {
    let mut waiting = vec![
        case("a head that stops coming", "9110 15.5.9")
            .lab(limits("header_timeout: \"200ms\""))
            .send("GET / HTTP/1.1\r\nHost: a\r\nX-")
            .sees([Sees::Nothing])
            .gets([Gets::Status(408), Gets::Closed]),
        case("a connection that stays silent", "9112 9.5")
            .lab(limits("idle_timeout: \"200ms\", header_timeout: \"200ms\""))
            .answers(0)
            .gets([Gets::Closed]),
        case("a connection that falls silent", "9112 9.5")
            .lab(limits("idle_timeout: \"200ms\""))
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .gets([Gets::Status(200), Gets::Closed]),
        case("a body that stops coming", "9110 15.5.9")
            .lab(Setting { route: "timeouts: (idle: \"200ms\")", ..Setting::default() })
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            .sees([Sees::NothingComplete])
            .gets([Gets::Status(408), Gets::Closed]),
        case("a server that does not answer", "9110 15.6.5")
            .lab(Setting { route: "timeouts: (response: \"200ms\")", ..Setting::default() })
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([vec![Do::ReadBody, Do::Hang]])
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(504), Gets::Open]),
        case("a server that stops within its answer", "9112 8")
            .lab(Setting { route: "timeouts: (idle: \"200ms\")", ..Setting::default() })
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([vec![
                Do::ReadBody,
                write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"),
                Do::Hang,
            ]])
            .gets([Gets::Status(200), Gets::Incomplete, Gets::Closed]),
        case("a request that takes too long in all", "9110 15.6.5")
            .lab(Setting { route: "timeouts: (total: \"200ms\")", ..Setting::default() })
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([vec![Do::ReadBody, Do::Hang]])
            .gets([Gets::Status(504), Gets::Open]),
    ];
    for case in &mut waiting {
        case.client.push(Act::Linger);
    }
    waiting
}
