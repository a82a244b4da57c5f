//! What a key asks of whichever region is concerned.

use super::export::Format;

/// The region takes it in the frame in which it is given; what nobody takes is forgotten at the frame's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Everything of the picture or the charts is to be seen.
    Fit,
    ResetZoom,
    /// To the mark before the moment that is shown, or to the one after it.
    StepBack,
    StepForward,
    /// To the oldest moment that is kept.
    Oldest,
    /// The charts' cursor shows the next of the things it can show.
    NextCursorMode,
    /// The selected request is sent once more.
    SendAgain,
    /// The two lanes of Compare change places.
    SwapLanes,
    /// A chart goes into a file.
    Export {
        slot: usize,
        format: Format,
    },
}
