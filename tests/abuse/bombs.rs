//! Messages without end: heads, fields, lines, chunks, trailers.

use crate::message::Wire;
use crate::support::{
    MEGABYTE, assert_serves, assert_turned_away, bench, dial, open_connections, resident_bytes,
    until,
};

/// Sends pieces until the proxy has had enough, and checks that it has.
fn endless(start: &[u8], piece: &[u8], statuses: &[u16]) {
    let bench = bench("", "");
    assert_serves(&bench);
    let before = resident_bytes();
    let mut bombers: Vec<Wire> = (0..BOMBERS).map(|_| dial(&bench)).collect();
    for wire in &mut bombers {
        wire.send(start);
        for _ in 0..PIECES {
            wire.send(piece);
        }
    }
    assert_serves(&bench);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 64 * MEGABYTE, "grew by {grown} bytes");
    for wire in &mut bombers {
        assert_turned_away(wire, statuses);
    }
    until("the bombers are gone", || open_connections(&bench) == 0);
}

#[test]
fn a_field_without_end_is_cut() {
    endless(b"GET / HTTP/1.1\r\nhost: a\r\nx-a: ", &[b'x'; 8192], &[431]);
}

#[test]
fn fields_without_end_are_cut() {
    endless(b"GET / HTTP/1.1\r\nhost: a\r\n", &b"a:1\r\n".repeat(1600), &[431]);
}

#[test]
fn a_target_without_end_is_cut() {
    endless(b"GET /", &[b'x'; 8192], &[414]);
}

#[test]
fn a_method_without_end_is_cut() {
    endless(b"", &[b'X'; 8192], &[400, 414, 431]);
}

#[test]
fn empty_lines_without_end_are_cut() {
    endless(b"", &b"\r\n".repeat(4096), &[400, 431]);
}

#[test]
fn a_chunk_extension_without_end_is_cut() {
    let start = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5;a=";
    endless(start, &[b'x'; 8192], &[200, 400]);
}

#[test]
fn trailers_without_end_are_cut() {
    let start = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    endless(start, &b"a:1\r\n".repeat(1600), &[200, 400, 431]);
}

#[test]
fn zeros_before_a_chunk_size_without_end_are_cut() {
    let start = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    endless(start, &[b'0'; 8192], &[200, 400]);
}

const BOMBERS: usize = 20;
const PIECES: usize = 400;
