//! Request lines and the four forms of a target: RFC 9112 section 3, RFC 9110 section 7.

use crate::case::{Case, Gets, Sees, case, refused};

pub(crate) fn cases() -> Vec<Case> {
    [forwarded(), lines(), refusals()].into_iter().flatten().collect()
}

fn goes_on(name: &'static str, section: &'static str, target: &str, line: &'static str) -> Case {
    case(name, section)
        .send(format!("{target}\r\nHost: a.example\r\n\r\n"))
        .sees([Sees::Line(line), Sees::Field("host", "a.example"), Sees::Requests(1)])
        .gets([Gets::Status(200), Gets::Body("ok"), Gets::Open])
}

fn forwarded() -> Vec<Case> {
    vec![
        goes_on(
            "path and query are not touched",
            "9110 7.7",
            "GET /a/b;c=d/../e?q=%20%2f&&x==y? HTTP/1.1",
            "GET /a/b;c=d/../e?q=%20%2f&&x==y? HTTP/1.1",
        )
        .peers("nginx with a bare proxy_pass keeps it, too"),
        goes_on(
            "escapes are neither made nor undone",
            "9110 4.2.3, 7.7",
            "GET /%7Efoo/%2F%41 HTTP/1.1",
            "GET /%7Efoo/%2F%41 HTTP/1.1",
        ),
        goes_on(
            "a path that begins with two slashes is a path",
            "9112 3.2.1",
            "GET //b.example/x HTTP/1.1",
            "GET //b.example/x HTTP/1.1",
        ),
        goes_on(
            "the absolute form goes on in origin form",
            "9112 3.2.2",
            "GET http://a.example/x?y HTTP/1.1",
            "GET /x?y HTTP/1.1",
        )
        .peers("haproxy 2.6 sends the absolute form on"),
        goes_on(
            "an empty path becomes a slash",
            "9110 4.2.3",
            "GET http://a.example HTTP/1.1",
            "GET / HTTP/1.1",
        ),
        goes_on(
            "an empty path before a query becomes a slash",
            "9110 4.2.3",
            "GET http://a.example?q HTTP/1.1",
            "GET /?q HTTP/1.1",
        ),
        goes_on(
            "the asterisk form is kept",
            "9112 3.2.4",
            "OPTIONS * HTTP/1.1",
            "OPTIONS * HTTP/1.1",
        )
        .peers("nginx refuses it"),
        goes_on(
            "OPTIONS of an absolute target without path becomes the asterisk form",
            "9112 3.2.4",
            "OPTIONS http://a.example HTTP/1.1",
            "OPTIONS * HTTP/1.1",
        )
        .open("it goes on as a slash"),
    ]
}

fn lines() -> Vec<Case> {
    vec![
        goes_on("methods are told apart by case", "9110 9.1", "get / HTTP/1.1", "get / HTTP/1.1")
            .peers("nginx refuses lower case"),
        goes_on("an unknown method goes on", "9110 9.1", "PURGE /x HTTP/1.1", "PURGE /x HTTP/1.1"),
        goes_on(
            "an empty line before a request is skipped",
            "9112 2.2",
            "\r\nGET / HTTP/1.1",
            "GET / HTTP/1.1",
        ),
        case("a request of HTTP/1.0 goes on as 1.1, with a Host", "9112 2.3, 3.2")
            .send("GET /x HTTP/1.0\r\n\r\n")
            .sees([Sees::Line("GET /x HTTP/1.1"), Sees::Like("host", |_| true)])
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Closed]),
        case("the path of one request never reaches the next", "9112 9.3")
            .send("GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n")
            .answers(2)
            .sees([
                Sees::Line("GET /one HTTP/1.1"),
                Sees::Second(vec![Sees::Line("GET /two HTTP/1.1")]),
            ])
            .gets([Gets::Status(200), Gets::Open]),
    ]
}

fn refusals() -> Vec<Case> {
    let bad = |name, section, line: &[u8]| {
        refused(name, section, &[400], &[line, b"\r\nHost: a.example\r\n\r\n"].concat())
    };
    vec![
        bad("GET of an authority", "9112 3.2.3", b"GET a.example:80 HTTP/1.1"),
        bad("GET of the asterisk", "9112 3.2.4", b"GET * HTTP/1.1"),
        bad("a path without its slash", "9112 3.2.1", b"GET index.html HTTP/1.1"),
        bad("a fragment in the target", "9112 3.2", b"GET /a#b HTTP/1.1")
            .peers("nginx cuts it off"),
        bad("a space in the target", "9112 3.2", b"GET /a b HTTP/1.1"),
        bad("two spaces before the target", "9112 3", b"GET  / HTTP/1.1"),
        bad("a tab between the parts", "9112 3", b"GET\t/ HTTP/1.1"),
        bad("a space after the version", "9112 3", b"GET / HTTP/1.1 "),
        bad("a space before the method", "9112 3", b" GET / HTTP/1.1"),
        bad("a method that is no token", "9110 9.1", b"G(T / HTTP/1.1"),
        bad("a version in lower case", "9112 2.3", b"GET / http/1.1"),
        bad("a version of two digits", "9112 2.3", b"GET / HTTP/1.10"),
        bad("no version", "9112 3", b"GET /"),
        bad("a raw control character in the target", "9112 3.2", b"GET /a\x01b HTTP/1.1"),
        bad("a raw NUL in the target", "9112 3.2", b"GET /a\0b HTTP/1.1"),
        bad("a bare CR in the request line", "9112 2.2", b"GET /a\rb HTTP/1.1"),
        bad("user data in an absolute target", "9110 4.2.4", b"GET http://u@a.example/ HTTP/1.1")
            .peers("nginx ignores it"),
        bad("an absolute target without a host", "9110 4.2.1", b"GET http:///x HTTP/1.1"),
        refused(
            "another major version",
            "9110 15.6.6",
            &[400, 505],
            b"GET / HTTP/9.9\r\nHost: a.example\r\n\r\n",
        ),
        refused(
            "the preface of HTTP/2 with something else behind it",
            "9113 3.4",
            &[400, 505],
            b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        refused(
            "CONNECT, unless a lab allows it",
            "9110 9.3.6",
            &[403, 405, 501],
            b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nConnection: close\r\n\r\n",
        )
        .peers("haproxy 2.6 sends it on"),
        case("TRACE that may go no further is answered here", "9110 7.6.2")
            .send("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
            .sees([Sees::Nothing])
            .gets([Gets::StatusIn(&[200, 405, 501])])
            .peers("haproxy 2.6 sends it on"),
        case("OPTIONS that may go no further is answered here", "9110 7.6.2")
            .send("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
            .sees([Sees::Nothing])
            .gets([Gets::StatusIn(&[200, 204]), Gets::Open])
            .peers("nginx and haproxy send it on"),
        case("Max-Forwards counts down", "9110 7.6.2")
            .send("OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\n\r\n")
            .sees([Sees::Field("max-forwards", "4")])
            .gets([Gets::Status(200)])
            .peers("nginx and haproxy leave it"),
        case("Max-Forwards means nothing to other methods", "9110 7.6.2")
            .send("GET /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(200)]),
    ]
}
