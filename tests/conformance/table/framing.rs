//! Where a request's body ends, and what leaves that in doubt: RFC 9112 section 6, RFC 9110 section 8.6.

use crate::case::{Case, refused};

/// Every row carries a second request where a reader that frames it otherwise would find one.
pub(crate) fn cases() -> Vec<Case> {
    [lengths(), codings(), both(), old_versions()].into_iter().flatten().collect()
}

fn post(
    name: &'static str,
    section: &'static str,
    statuses: &'static [u16],
    fields: &[u8],
) -> Case {
    let head = [b"POST / HTTP/1.1\r\nHost: a\r\n", fields, b"\r\n\r\n"].concat();
    refused(name, section, statuses, &[&head, SMUGGLED].concat())
}

fn lengths() -> Vec<Case> {
    let bad =
        |name, value: &[u8]| post(name, "9112 6.3", &[400], &[b"Content-Length: ", value].concat());
    vec![
        bad("lengths that differ", b"5\r\nContent-Length: 6"),
        bad("the same length twice", b"5\r\nContent-Length: 5").peers("haproxy 2.6 merges them"),
        bad("a list of equal lengths", b"5, 5").peers("haproxy 2.6 merges them"),
        bad("a list of lengths that differ", b"5, 6"),
        bad("a plus sign", b"+5"),
        bad("a minus sign", b"-5"),
        bad("a length in hexadecimal", b"0x5"),
        bad("two numbers", b"5 5"),
        bad("an empty length", b""),
        bad("a parameter", b"5;"),
        bad("an underscore", b"1_0"),
        bad("a fraction", b"5.0"),
        bad("a number too large for 64 bits", b"18446744073709551621"),
        bad("a number of twenty-two digits", b"9999999999999999999999"),
        bad("quotes", b"\"5\""),
        bad("NUL behind it", b"5\0"),
        bad("a vertical tab before it", b"\x0b5"),
        bad("digits above ASCII", "٥".as_bytes()),
        post("a folded length", "9112 5.2", &[400], b"Content-Length:\r\n 5"),
        post("a space before the colon of the length", "9112 5.1", &[400], b"Content-Length : 5"),
    ]
}

fn codings() -> Vec<Case> {
    let bad = |name, value: &[u8]| {
        post(name, "9112 6.1, 6.3", &[400, 501], &[b"Transfer-Encoding: ", value].concat())
    };
    vec![
        bad("a coding that is not the last", b"chunked, gzip"),
        bad("chunked twice", b"chunked, chunked"),
        bad("chunked in two fields", b"chunked\r\nTransfer-Encoding: chunked"),
        bad("identity behind chunked", b"chunked\r\nTransfer-Encoding: identity"),
        bad("identity before chunked", b"identity\r\nTransfer-Encoding: chunked"),
        bad("only identity", b"identity"),
        bad("a coding that is not known", b"gzip"),
        bad("one that ends like chunked", b"xchunked"),
        bad("one that begins like chunked", b"chunkedx"),
        bad("quotes", b"\"chunked\""),
        bad("a parameter", b"chunked;a=b"),
        bad("nothing", b""),
        bad("an empty element", b", chunked"),
        bad("a vertical tab before it", b"\x0bchunked"),
        bad("NUL behind it", b"chunked\0"),
        bad("a letter above ASCII that folds to k", "chun\u{212a}ed".as_bytes()),
        post("a folded coding", "9112 5.2", &[400], b"Transfer-Encoding:\r\n chunked"),
        post("a space before its colon", "9112 5.1", &[400], b"Transfer-Encoding : chunked"),
        post("a bare LF before it", "9112 2.2", &[400], b"X-A: 1\nTransfer-Encoding: chunked"),
        post("a bare CR before it", "9112 2.2", &[400], b"X-A: 1\rTransfer-Encoding: chunked"),
    ]
}

fn both() -> Vec<Case> {
    let bad = |name, fields: &[u8]| post(name, "9112 6.1", &[400], fields);
    vec![
        bad("a length before a coding", b"Content-Length: 5\r\nTransfer-Encoding: chunked")
            .peers("haproxy 2.6 drops the length, as it may"),
        bad("a coding before a length", b"Transfer-Encoding: chunked\r\nContent-Length: 5")
            .peers("haproxy 2.6 drops the length, as it may"),
        bad("a length of nothing and a coding", b"Content-Length: 0\r\nTransfer-Encoding: chunked")
            .peers("haproxy 2.6 drops the length, as it may"),
        bad(
            "a length and a coding in odd case",
            b"content-length: 5\r\ntRANSFER-eNCODING: cHuNkEd",
        )
        .peers("haproxy 2.6 drops the length, as it may"),
    ]
}

fn old_versions() -> Vec<Case> {
    let old =
        |name, request: &[u8]| refused(name, "9112 6.1", &[400], &[request, SMUGGLED].concat());
    vec![
        old("a coding in HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")
            .peers("haproxy 2.6 ignores it"),
        old(
            "a coding in HTTP/1.0 that wants to go on",
            b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .peers("haproxy 2.6 ignores it"),
    ]
}

/// Read as chunks, an end; read as five bytes or as nothing, a request of somebody else.
const SMUGGLED: &[u8] = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
