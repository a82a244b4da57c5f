//! Header fields on their way through: what ends here, what is added, what a route edits.

mod edits;
mod forwarded;
mod hop_by_hop;
mod request_id;
mod via;

pub(super) use edits::Edits;
pub(super) use forwarded::{Origin, Scheme, forward};
pub(super) use hop_by_hop::{
    Switching, Toward, check_http2, has_word, join_cookies, strip_request, strip_response,
};
pub(super) use request_id::ensure_request_id;
pub(super) use via::{append_via, goes_in_circles};
