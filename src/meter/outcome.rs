//! How a request ended. A refusal is an outcome like any other: counted, named and shown.

/// The end of one request, or of one try of it at one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Answered(StatusClass),
    /// An L4 connection or datagram session that ended in order.
    Carried,
    /// No server could be picked.
    NoServer,
    QueueFull,
    TimedOut(TimeoutKind),
    /// The server did not accept the connection.
    Refused,
    /// The connection broke before the end of the answer.
    Reset,
    /// The answer could not be understood.
    BadResponse,
    LimitHit(LimitKind),
    /// The client went away first.
    ClientLeft,
    /// The request broke the rules of its protocol.
    BadRequest,
}

/// The first digit of an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    Informational,
    Success,
    Redirection,
    ClientError,
    ServerError,
}

/// Which time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeoutKind {
    /// The client was too slow with the head of its request.
    RequestHead,
    /// Waiting for a server with room.
    Queue,
    Connect,
    TlsHandshake,
    /// From the request to the first byte of the answer.
    Response,
    /// Nothing moved in either direction.
    Idle,
    /// The whole request with all its tries.
    Total,
}

/// Which limit a request ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    HeadSize,
    HeaderCount,
    BodySize,
    Connections,
    Streams,
    Resets,
    Retries,
}

impl Outcome {
    /// Every outcome there is, in the order in which they are counted and listed.
    pub const ALL: [Self; OUTCOMES] = [
        Self::Answered(StatusClass::Informational),
        Self::Answered(StatusClass::Success),
        Self::Answered(StatusClass::Redirection),
        Self::Answered(StatusClass::ClientError),
        Self::Answered(StatusClass::ServerError),
        Self::Carried,
        Self::NoServer,
        Self::QueueFull,
        Self::TimedOut(TimeoutKind::RequestHead),
        Self::TimedOut(TimeoutKind::Queue),
        Self::TimedOut(TimeoutKind::Connect),
        Self::TimedOut(TimeoutKind::TlsHandshake),
        Self::TimedOut(TimeoutKind::Response),
        Self::TimedOut(TimeoutKind::Idle),
        Self::TimedOut(TimeoutKind::Total),
        Self::Refused,
        Self::Reset,
        Self::BadResponse,
        Self::LimitHit(LimitKind::HeadSize),
        Self::LimitHit(LimitKind::HeaderCount),
        Self::LimitHit(LimitKind::BodySize),
        Self::LimitHit(LimitKind::Connections),
        Self::LimitHit(LimitKind::Streams),
        Self::LimitHit(LimitKind::Resets),
        Self::LimitHit(LimitKind::Retries),
        Self::ClientLeft,
        Self::BadRequest,
    ];

    /// The place in [`Outcome::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Answered(class) => class as usize,
            Self::Carried => 5,
            Self::NoServer => 6,
            Self::QueueFull => 7,
            Self::TimedOut(kind) => 8 + kind as usize,
            Self::Refused => 15,
            Self::Reset => 16,
            Self::BadResponse => 17,
            Self::LimitHit(kind) => 18 + kind as usize,
            Self::ClientLeft => 25,
            Self::BadRequest => 26,
        }
    }

    /// The name in machine-readable output, which never changes.
    pub const fn name(self) -> &'static str {
        NAMES[self.index()]
    }

    /// Whether somebody was let down by the servers or the balancer. A 4xx is the client's own doing,
    /// and so are leaving and a request that breaks the rules.
    pub const fn is_error(self) -> bool {
        match self {
            Self::Answered(class) => matches!(class, StatusClass::ServerError),
            Self::Carried | Self::ClientLeft | Self::BadRequest => false,
            _ => true,
        }
    }
}

impl StatusClass {
    /// A status outside 100 to 599 counts as a server's error, as RFC 9110 section 15 has it.
    pub const fn of(status: u16) -> Self {
        match status {
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

pub(super) const OUTCOMES: usize = 27;

const NAMES: [&str; OUTCOMES] = [
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "carried",
    "no_server",
    "queue_full",
    "timeout_request_head",
    "timeout_queue",
    "timeout_connect",
    "timeout_tls_handshake",
    "timeout_response",
    "timeout_idle",
    "timeout_total",
    "refused",
    "reset",
    "bad_response",
    "limit_head_size",
    "limit_header_count",
    "limit_body_size",
    "limit_connections",
    "limit_streams",
    "limit_resets",
    "limit_retries",
    "client_left",
    "bad_request",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_place_and_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), index);
            assert!(names.insert(outcome.name()), "{}", outcome.name());
        }
        let timeout = Outcome::TimedOut(TimeoutKind::Total);
        let limit = Outcome::LimitHit(LimitKind::Retries);
        assert_eq!((timeout.name(), limit.name()), ("timeout_total", "limit_retries"));
    }

    #[test]
    fn only_what_lets_somebody_down_is_an_error() {
        let errors = Outcome::ALL.into_iter().filter(|outcome| outcome.is_error()).count();
        assert_eq!(errors, OUTCOMES - 7);
        assert!(!Outcome::Answered(StatusClass::of(404)).is_error());
        assert!(Outcome::Answered(StatusClass::of(503)).is_error());
        assert!(Outcome::Answered(StatusClass::of(999)).is_error());
    }
}
