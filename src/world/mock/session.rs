//! Sessions: what a mock knows about the clients that came before.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
#[expect(
    clippy::disallowed_types,
    reason = "mocks of one pool live on several threads and look in rarely"
)]
use std::sync::Mutex;

use http::{HeaderMap, HeaderValue, header};

use crate::dice::Dice;
use crate::lab::Sessions as Kept;

/// The sessions that somebody knows, up to a number; then the oldest go.
#[derive(Default)]
pub struct SessionStore {
    #[expect(clippy::disallowed_types, reason = "held for one lookup, never across an await")]
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    ids: HashSet<u128>,
    order: VecDeque<u128>,
}

impl SessionStore {
    pub fn len(&self) -> usize {
        self.look(|known| known.ids.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn knows(&self, id: u128) -> bool {
        self.look(|known| known.ids.contains(&id))
    }

    fn open(&self, id: u128) {
        self.look(|known| {
            if known.ids.insert(id) {
                known.order.push_back(id);
            }
            if known.order.len() > SESSIONS_MAX
                && let Some(oldest) = known.order.pop_front()
            {
                known.ids.remove(&oldest);
            }
        });
    }

    fn look<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        // Nothing panics while it is held; if something did, the sessions would still be what they are.
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        look(&mut known)
    }
}

/// The sessions of one life of a mock.
pub(super) struct Sessions {
    own: SessionStore,
    shared: Arc<SessionStore>,
    dice: RefCell<Dice>,
}

/// What an answer says about the client's session.
pub(super) struct Greeting {
    pub(super) word: HeaderValue,
    /// Sent where the client has to remember a new session.
    pub(super) cookie: Option<HeaderValue>,
}

impl Sessions {
    pub(super) fn new(shared: Arc<SessionStore>, dice: Dice) -> Self {
        Self { own: SessionStore::default(), shared, dice: RefCell::new(dice) }
    }

    /// Recognises a client, or opens a session for it.
    pub(super) fn greet(&self, kept: Kept, headers: &HeaderMap) -> Option<Greeting> {
        let store = match kept {
            Kept::Off => return None,
            Kept::Memory => &self.own,
            Kept::Shared => &*self.shared,
        };
        let brought = session_of(headers);
        if brought.is_some_and(|id| store.knows(id)) {
            return Some(Greeting { word: HeaderValue::from_static("known"), cookie: None });
        }
        let mut dice = self.dice.borrow_mut();
        let id = u128::from(dice.roll()) << 64 | u128::from(dice.roll());
        store.open(id);
        let word = if brought.is_some() { "lost" } else { "new" };
        let cookie = format!("{COOKIE}={id:032x}; Path=/; HttpOnly; SameSite=Lax");
        Some(Greeting {
            word: HeaderValue::from_static(word),
            cookie: HeaderValue::from_str(&cookie).ok(),
        })
    }
}

/// The session that a client brings. What is not an id of ours counts as brought all the same, since whoever made it
/// believes in it.
fn session_of(headers: &HeaderMap) -> Option<u128> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    });
    pairs.next().map(|value| u128::from_str_radix(value, 16).unwrap_or(NOBODY))
}

const COOKIE: &str = "evenkeel-session";
/// No session: dice that roll 0 twice in a row have not been seen.
const NOBODY: u128 = 0;
/// About ten megabytes.
const SESSIONS_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_sessions_go_when_there_are_too_many() {
        let store = SessionStore::default();
        for id in 1..=SESSIONS_MAX as u128 + 1 {
            store.open(id);
        }
        assert_eq!(store.len(), SESSIONS_MAX);
        assert!(!store.knows(1) && store.knows(2) && store.knows(SESSIONS_MAX as u128 + 1));
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_of(&headers), None);
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; evenkeel-session=1f;c=d"));
        assert_eq!(session_of(&headers), Some(31));
        headers.insert(header::COOKIE, HeaderValue::from_static("evenkeel-session=mine"));
        assert_eq!(session_of(&headers), Some(NOBODY));
    }
}
