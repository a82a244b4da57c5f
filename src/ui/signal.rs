//! What a key or the palette asks of whichever region is concerned.

use super::export::Format;

/// The region takes it in the frame in which it is given; what nobody takes is answered with why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Everything that is kept is to be seen in the charts.
    Fit,
    ResetZoom,
    /// Less time in the charts, or more.
    Closer,
    Wider,
    /// The charts show what was before, or after.
    Earlier,
    Later,
    /// The charts' cursor is pinned where the view is, or taken away.
    Pin,
    /// To the mark before the moment that is shown, or to the one after it.
    StepBack,
    StepForward,
    /// To the oldest moment that is kept.
    Oldest,
    /// The record is played from the moment that is shown.
    Play,
    /// By its place among the speeds there are.
    Speed(usize),
    /// The charts' cursor shows the next of the things it can show.
    NextCursorMode,
    /// The selected request is sent once more.
    SendAgain,
    /// Past the proxy, to one of its pool's servers, by its place.
    SendTo(usize),
    SendToAll,
    CopyAsCurl,
    /// A column of Requests, by its place.
    SortBy(usize),
    Follow,
    FocusFilter,
    /// The two lanes of Compare change places.
    SwapLanes,
    /// An algorithm comes into a lane of Compare, both by their places.
    Lane {
        place: usize,
        algorithm: usize,
    },
    /// Keys is about a change that might come.
    OneJoins,
    LastLeaves,
    /// The field that says where a key goes gets the keyboard.
    AskKey,
    /// No client's pipes are followed any more.
    ClearTrace,
    /// A chart goes into a file.
    Export {
        slot: usize,
        format: Format,
    },
}

impl Signal {
    /// Why nobody took it.
    pub(super) fn refusal(self) -> &'static str {
        match self {
            Self::SendAgain | Self::SendTo(_) | Self::SendToAll | Self::CopyAsCurl => {
                "Select a request first, and not while presenting"
            }
            Self::SortBy(_) => "There is no request to sort yet",
            Self::Follow | Self::FocusFilter | Self::AskKey => "That is not there while presenting",
            Self::SwapLanes | Self::Lane { .. } => "There is nothing to compare here",
            Self::OneJoins | Self::LastLeaves => {
                "There is no other server that could have the keys"
            }
            Self::ClearTrace => "No client is followed",
            Self::Export { .. } => "There is no room for this chart, so it is not drawn",
            _ => "There are no charts while presenting",
        }
    }
}
