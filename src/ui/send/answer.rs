//! The answer to a request that was sent by hand: read whole, within bounds.

use std::io::{self, Read};

use crate::hash::xxh64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Answer {
    pub(in crate::ui) status: u16,
    pub(in crate::ui) headers: Vec<(String, String)>,
    /// Of the body as it was sent, with its framing if it came in chunks.
    pub(in crate::ui) n_bytes: usize,
    /// Tells two bodies apart.
    pub(in crate::ui) print: u64,
}

impl Answer {
    /// Reads until the other side closes, or until there is as much as it said there would be.
    pub(super) fn read(
        from: &mut impl Read,
        is_head: bool,
        is_late: impl Fn() -> bool,
    ) -> Result<Self, String> {
        let mut bytes = Vec::new();
        let mut piece = [0; 16 * 1024];
        loop {
            if let Some(answer) = Self::parse(&bytes, is_head, End::Open)? {
                return Ok(answer);
            }
            match from.read(&mut piece) {
                Ok(0) => {
                    let whole = Self::parse(&bytes, is_head, End::Closed)?;
                    return whole
                        .ok_or_else(|| "the connection ended before the answer".to_owned());
                }
                Ok(_) if is_late() => return Err("the answer did not end in time".to_owned()),
                Ok(n_read) => bytes.extend_from_slice(&piece[..n_read]),
                Err(error) => return Err(words_of(&error)),
            }
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(format!("the answer has more than {} MiB", ANSWER_BYTES_MAX >> 20));
            }
        }
    }

    /// Nothing if more has to come.
    fn parse(bytes: &[u8], is_head: bool, end: End) -> Result<Option<Self>, String> {
        let Some(head_end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let (head, body) = (&bytes[..head_end], &bytes[head_end + 4..]);
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse::<u16>().ok());
        let status = status.ok_or_else(|| "the answer is no HTTP/1.1".to_owned())?;
        if (100..200).contains(&status) && status != 101 {
            return Self::parse(body, is_head, end);
        }
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse::<usize>().ok());
        let without_body = is_head || status == 204 || status == 304 || status == 101;
        let most = if without_body { Some(0) } else { length };
        let is_whole = end == End::Closed || most.is_some_and(|most| body.len() >= most);
        let body = &body[..body.len().min(most.unwrap_or(usize::MAX))];
        let answer = || Self { status, headers, n_bytes: body.len(), print: xxh64(body, 0) };
        Ok(is_whole.then(answer))
    }
}

/// Whether more may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Closed,
}

pub(super) fn words_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        io::ErrorKind::ConnectionReset => "the connection broke".to_owned(),
        _ => error.to_string(),
    }
}

const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, is_head: bool) -> Result<(u16, usize), String> {
        Answer::read(&mut text.as_bytes(), is_head, || false)
            .map(|answer| (answer.status, answer.n_bytes))
    }

    #[test]
    fn an_answer_ends_where_it_says_or_with_the_connection() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd";
        assert_eq!(read(ok, false), Ok((200, 3)));
        assert_eq!(read(ok, true), Ok((200, 0)));
        assert_eq!(read("HTTP/1.1 502 Bad\r\n\r\nabcd", false), Ok((502, 4)));
        assert_eq!(read(&format!("HTTP/1.1 100 Continue\r\n\r\n{ok}"), false), Ok((200, 3)));
        assert!(read("HTTP/1.1 200 OK\r\n", false).is_err());
        assert!(read("hello\r\n\r\n", false).is_err());
    }
}
