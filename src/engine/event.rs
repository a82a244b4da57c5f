//! Something that happened, in a sentence, with when and what it is about.

use crate::balance::Health;
use crate::balance::health::Cause;
use crate::proxy;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub at_ns: u64,
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Another lab came into force.
    Applied {
        revision: u64,
    },
    /// A step towards it.
    Step,
    Cue {
        name: String,
    },
    /// What was learned from the traffic so far is forgotten.
    BegunAnew,
    /// A command was told to start again.
    Restarted,
    Health {
        pool: String,
        server: String,
        to: Health,
    },
    /// A client broke a rule or met a limit.
    Misbehaved {
        listener: String,
    },
    /// The world failed: an address, a certificate, a file, a program.
    Trouble,
    /// What failed is as it should be.
    Recovered,
}

impl Event {
    /// A server, named by its pool and itself, changed its health.
    pub fn health(at_ns: u64, about: (String, String), to: Health, cause: Cause) -> Self {
        let (pool, server) = about;
        let text = format!("{pool}/{server} is {}: {}", state(to), because(cause));
        Self { at_ns, kind: Kind::Health { pool, server, to }, text }
    }
}

impl From<proxy::Event> for Event {
    fn from(event: proxy::Event) -> Self {
        let proxy::Event { at_ns, what } = event;
        match what {
            proxy::What::Health { pool, server, to, cause } => {
                Self::health(at_ns, (pool.to_string(), server.to_string()), to, cause)
            }
            proxy::What::Misbehaved { listener, why } => {
                let text = format!("listener {listener}: {why}");
                Self { at_ns, kind: Kind::Misbehaved { listener: listener.to_string() }, text }
            }
            proxy::What::Trouble { listener, why } => {
                Self { at_ns, kind: Kind::Trouble, text: format!("listener {listener}: {why}") }
            }
        }
    }
}

/// A server's health in one word.
pub(super) fn state(health: Health) -> &'static str {
    match health {
        Health::Up => "up",
        Health::Down => "down",
        Health::Ejected => "ejected",
        Health::Trial => "on trial",
    }
}

fn because(cause: Cause) -> String {
    match cause {
        Cause::ChecksFailed { in_a_row } => format!("{} failed", checks(in_a_row)),
        Cause::ChecksPassed { in_a_row } => format!("{} passed", checks(in_a_row)),
        Cause::FailuresInARow { count } => format!("{count} failures in a row"),
        Cause::FailureRate { percent } => format!("{percent:.0} % of its answers failed"),
        Cause::Outlier { percent, threshold } => {
            format!(
                "{percent:.0} % of its answers succeeded, and below {threshold:.0} % stands out"
            )
        }
        Cause::EjectionEnded => "its ejection has ended".to_owned(),
        Cause::CircuitOpened { percent } => {
            format!("its circuit opened, {percent:.0} % of its answers failed")
        }
        Cause::CircuitOnTrial => "its circuit lets a trial through".to_owned(),
        Cause::CircuitClosed => "its circuit closed, the trial went well".to_owned(),
        Cause::RulesChanged => "new rules hold nothing against it".to_owned(),
        Cause::Forgiven => "everything begins anew".to_owned(),
    }
}

fn checks(in_a_row: u32) -> String {
    if in_a_row == 1 { "a check".to_owned() } else { format!("{in_a_row} checks in a row") }
}
