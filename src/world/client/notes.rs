//! What an answer's header fields tell about who answered what.

use super::answer;
use super::sheet::NUMBER;
use crate::meter::Outcome;

/// Collected while the fields are read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    server: Option<Box<[u8]>>,
    served_by: Option<Box<[u8]>>,
    pub(super) echoes_other: bool,
    pub(super) session_lost: bool,
    /// What the balancer itself says of a request that it could not have answered.
    pub(super) refused_as: Option<Outcome>,
    pub(super) set_cookies: Vec<String>,
    number: u64,
    wants_cookies: bool,
}

impl Notes {
    /// For the answer to the request with this number.
    pub(super) fn new(number: u64, wants_cookies: bool) -> Self {
        Self { number, wants_cookies, ..Self::default() }
    }

    /// Who answered. A mock knows that better than whoever stands before it.
    pub(super) fn server(&self) -> Option<&[u8]> {
        self.server.as_deref().or(self.served_by.as_deref())
    }

    fn has_room(&self) -> bool {
        self.wants_cookies && self.set_cookies.len() < COOKIES_MAX
    }

    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) {
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"set-cookie") && self.has_room() => {
                self.set_cookies.push(String::from_utf8_lossy(value).into_owned());
            }
            11 if name.eq_ignore_ascii_case(b"x-served-by") => self.served_by = Some(value.into()),
            17 if name.eq_ignore_ascii_case(b"x-evenkeel-server") => {
                self.server = Some(value.into());
            }
            18 if name.eq_ignore_ascii_case(b"x-evenkeel-session") => {
                self.session_lost |= value.eq_ignore_ascii_case(b"lost");
            }
            18 if name.eq_ignore_ascii_case(b"x-evenkeel-outcome") => {
                let is_named = |outcome: &Outcome| outcome.name().as_bytes() == value;
                self.refused_as = Outcome::ALL.into_iter().find(is_named);
            }
            18 if name.eq_ignore_ascii_case(NUMBER.as_bytes()) => {
                self.echoes_other |= answer::number(value) != Some(self.number);
            }
            _ => {}
        }
    }
}

/// From one answer.
const COOKIES_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_another_request_is_noticed() {
        let mut notes = Notes::new(7, true);
        notes.note(b"X-Evenkeel-Request", b"7");
        assert!(!notes.echoes_other);
        notes.note(b"x-evenkeel-request", b"8");
        assert!(notes.echoes_other);
    }

    #[test]
    fn a_refusal_says_what_it_is() {
        let mut notes = Notes::new(7, true);
        notes.note(b"x-evenkeel-outcome", b"anything");
        assert_eq!(notes.refused_as, None);
        notes.note(b"x-evenkeel-outcome", Outcome::NoServer.name().as_bytes());
        assert_eq!(notes.refused_as, Some(Outcome::NoServer));
    }

    #[test]
    fn the_mock_is_believed_before_the_proxy() {
        let mut notes = Notes::new(1, false);
        notes.note(b"x-served-by", b"p");
        assert_eq!(notes.server(), Some(b"p".as_slice()));
        notes.note(b"x-evenkeel-server", b"m");
        notes.note(b"set-cookie", b"a=1");
        notes.note(b"x-evenkeel-session", b"lost");
        assert_eq!((notes.server(), notes.session_lost), (Some(b"m".as_slice()), true));
        assert!(notes.set_cookies.is_empty());
    }
}
