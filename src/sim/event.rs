//! Everything that can happen in virtual time.

use super::flight::FlightId;

#[derive(Debug)]
pub(super) enum Event {
    /// An open-loop group sends.
    Arrive {
        crowd: u32,
        era: u32,
    },
    /// A user of a closed loop sends.
    Send {
        crowd: u32,
        user: u32,
        era: u32,
    },
    Served {
        server: u32,
        life: u32,
        flight: FlightId,
        attempt: u32,
    },
    /// A server would not take the request, or only to say that it has too many.
    TurnedAway {
        flight: FlightId,
        attempt: u32,
    },
    /// The next client of this group gives up.
    GiveUp {
        crowd: u32,
    },
    TryEnds {
        flight: FlightId,
        attempt: u32,
    },
    TryAgain {
        flight: FlightId,
    },
    /// The time that the route gives to all tries together.
    TotalEnds {
        flight: FlightId,
    },
    LineEnds {
        front: u32,
    },
    Check {
        front: u32,
        server: u32,
        /// Which of the server's stays in the pool it belongs to.
        stay: u32,
    },
    Judge {
        front: u32,
    },
    Cue {
        index: u32,
    },
}
