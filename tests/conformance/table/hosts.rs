//! Host: RFC 9112 section 3.2, RFC 9110 section 7.2.

use crate::case::{Case, Gets, Sees, case, refused};

pub(crate) fn cases() -> Vec<Case> {
    [taken(), refusals()].into_iter().flatten().collect()
}

fn taken() -> Vec<Case> {
    let kept = |name, section, host: &'static str| {
        case(name, section)
            .send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .sees([Sees::Field("host", host)])
            .gets([Gets::Status(200), Gets::Open])
    };
    vec![
        kept("a name with a port is kept", "9110 7.2", "a.example:8080"),
        kept("an address of IPv6 is kept", "3986 3.2.2", "[::1]:8080"),
        kept("an address of IPv4 is kept", "3986 3.2.2", "127.0.0.1"),
        kept("a name with an underscore is kept", "3986 3.2.2", "my_host.example"),
        case("the host of an absolute target wins over Host", "9112 3.2.2")
            .send("GET http://a.example:81/x HTTP/1.1\r\nHost: b.example\r\n\r\n")
            .sees([Sees::Line("GET /x HTTP/1.1"), Sees::Field("host", "a.example:81")])
            .gets([Gets::Status(200)])
            .peers("haproxy 2.6 refuses; nginx with $http_host sends the wrong one"),
        case("a Host named by Connection is not lost", "9110 7.6.1")
            .send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: host\r\n\r\n")
            .sees([Sees::NothingOr(vec![Sees::Field("host", "a.example")])])
            .gets([Gets::StatusIn(&[200, 400])]),
    ]
}

fn refusals() -> Vec<Case> {
    let bad = |name, fields: &str| {
        let request = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        refused(name, "9112 3.2", &[400], request.as_bytes())
    };
    vec![
        bad("no Host", "X-A: 1\r\n"),
        bad("two that differ", "Host: a.example\r\nHost: b.example\r\n"),
        bad("two of the same", "Host: a.example\r\nHost: a.example\r\n")
            .peers("haproxy 2.6 takes it"),
        bad("a path in it", "Host: a.example/x\r\n"),
        bad("user data in it", "Host: u@a.example\r\n"),
        bad("a space in it", "Host: a b\r\n"),
        bad("a list", "Host: a.example, b.example\r\n"),
        bad("a port that is no number", "Host: a.example:http\r\n"),
        bad("two ports", "Host: a.example:80:81\r\n"),
        bad("an open bracket", "Host: [::1\r\n"),
        bad("IPv6 without brackets", "Host: ::1\r\n"),
        bad("a question mark", "Host: a.example?x\r\n"),
        bad("a fragment", "Host: a.example#x\r\n"),
        refused(
            "none beside an absolute target",
            "9112 3.2",
            &[400],
            b"GET http://a.example/ HTTP/1.1\r\n\r\n",
        )
        .peers("nginx and haproxy take it"),
        refused(
            "an invalid one beside an absolute target",
            "9112 3.2",
            &[400],
            b"GET http://a.example/ HTTP/1.1\r\nHost: a b\r\n\r\n",
        ),
        refused(
            "two in HTTP/1.0",
            "9112 3.2",
            &[400],
            b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        ),
    ]
}
