//! Field lines: RFC 9112 sections 2.2 and 5, RFC 9110 section 5.

use crate::case::{Case, Gets, Sees, case, refused};

pub(crate) fn cases() -> Vec<Case> {
    [taken(), refusals()].into_iter().flatten().collect()
}

fn taken() -> Vec<Case> {
    let fields = |name, section, fields: &[u8]| {
        let request = [b"GET / HTTP/1.1\r\nHost: a\r\n", fields, b"\r\n"].concat();
        case(name, section).send(request).gets([Gets::Status(200), Gets::Open])
    };
    vec![
        fields("blanks around a value are not part of it", "9112 5", b"X-A: \t b c \t\r\n")
            .sees([Sees::Field("x-a", "b c")]),
        fields("no blank before a value", "9112 5", b"X-A:b\r\n").sees([Sees::Field("x-a", "b")]),
        fields("an empty value is a value", "9110 5.5", b"X-A:\r\n").sees([Sees::Field("x-a", "")]),
        fields("lines of one name keep their order", "9110 5.3", b"X-A: 1\r\nX-B: 2\r\nx-a: 3\r\n")
            .sees([Sees::Joined("x-a", "1, 3"), Sees::Field("x-b", "2")]),
        fields("bytes above ASCII go on as they are", "9110 5.5", b"X-A: caf\xe9 \xc3\xa9\r\n")
            .sees([Sees::Field("x-a", "caf\u{e9} \u{c3}\u{a9}")]),
        fields("a tab within a value is kept", "9110 5.5", b"X-A: b\tc\r\n")
            .sees([Sees::Field("x-a", "b\tc")]),
        fields(
            "every character of a token may be in a name",
            "9110 5.6.2",
            b"!#$%&'*+-.^_`|~0aZ: 1\r\n",
        )
        .sees([Sees::Field("!#$%&'*+-.^_`|~0aZ", "1")]),
        fields("a field nobody knows goes on", "9110 5.1", b"Future-Thing: yes; q=1\r\n")
            .sees([Sees::Field("future-thing", "yes; q=1")]),
    ]
}

fn refusals() -> Vec<Case> {
    let bad = |name, section, line: &[u8]| {
        let request = [b"GET / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n"].concat();
        refused(name, section, &[400], &request)
    };
    vec![
        bad("a space before the colon", "9112 5.1", b"X-A : 1"),
        bad("a tab before the colon", "9112 5.1", b"X-A\t: 1"),
        bad("a folded line", "9112 5.2", b"X-A: 1\r\n 2"),
        bad("a line folded by a tab", "9112 5.2", b"X-A: 1\r\n\t2"),
        bad("no colon", "9112 5", b"X-A"),
        bad("no name", "9110 5.1", b": 1"),
        bad("a bracket in a name", "9110 5.6.2", b"X(A): 1"),
        bad("a space in a name", "9110 5.6.2", b"X A: 1"),
        bad("a byte above ASCII in a name", "9110 5.6.2", b"X\xe9: 1"),
        bad("NUL in a name", "9110 5.6.2", b"X\0A: 1"),
        bad("NUL in a value", "9110 5.5", b"X-A: 1\x002"),
        bad("a bare CR in a value", "9112 2.2", b"X-A: 1\r2"),
        bad("CR twice before LF", "9112 2.2", b"X-A: 1\r"),
        bad("a bare LF at the end of a line", "9112 2.2", b"X-A: 1\nX-B: 2")
            .peers("nginx and haproxy take it, as they may"),
        refused(
            "a bare LF after the request line",
            "9112 2.2",
            &[400],
            b"GET / HTTP/1.1\nHost: a\r\n\r\n",
        )
        .peers("nginx and haproxy take it, as they may"),
        refused(
            "bare LFs at the end of the head",
            "9112 2.2",
            &[400],
            b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\n\n",
        )
        .peers("nginx and haproxy take it, as they may"),
        refused(
            "a blank before the first line",
            "9112 2.2",
            &[400],
            b"GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n",
        ),
        refused(
            "a blank line of blanks",
            "9112 2.2",
            &[400],
            b"GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n",
        ),
    ]
}
