//! What a run in virtual time gave.

use crate::lab::{self, Figures, Lab, PoolFigures, Span as Window, Verdict};
use crate::period::Period;

use super::Simulation;

#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub seed: u64,
    pub duration: Period,
    /// From the beginning to the end.
    pub overall: Figures,
    /// From cue to cue. A run without cues has one.
    pub windows: Vec<Window>,
    /// Requests in the system on average over time.
    pub in_system: f64,
    /// Requests still under way at the end.
    pub unfinished: u64,
    /// Servers that are not mocks and were taken for mocks with default settings.
    pub taken_for_mocks: Vec<String>,
}

impl Report {
    /// What came of the lab's expectations.
    pub fn verdicts(&self, lab: &Lab) -> Vec<Verdict> {
        lab::verdicts(lab, &self.overall, &self.windows)
    }
}

impl Simulation {
    /// Ends the window that is open and begins the next.
    pub(super) fn close_window(&mut self, next: Option<&str>) {
        let total = self.figures();
        let (since, from_ns) = std::mem::take(&mut self.window_began);
        let figures = total.since(&self.figures_before);
        self.windows.push(Window { since, from_ns, until_ns: self.now_ns(), figures });
        self.window_began = (next.map(str::to_owned), self.now_ns());
        self.figures_before = total;
    }

    pub(super) fn report(mut self, duration: Period) -> Report {
        self.close_window(None);
        let unknown = self
            .lab
            .pools
            .iter()
            .flat_map(|pool| &pool.servers)
            .filter(|server| server.mock.is_none());
        Report {
            seed: self.seed,
            duration,
            taken_for_mocks: unknown.map(|server| server.name.clone()).collect(),
            overall: self.figures_before,
            windows: self.windows,
            in_system: self.request_ns as f64 / duration.ns().max(1) as f64,
            unfinished: self.flights.under_way() as u64,
        }
    }

    /// Everything measured so far.
    pub(super) fn figures(&self) -> Figures {
        let clients =
            self.crowds.iter().map(|crowd| (crowd.client.name.clone(), crowd.meter.read()));
        let pools = self.fronts.iter().zip(&self.sessions).map(|(front, sessions)| {
            let inside = self.servers.iter().filter(|server| server.pool == front.settings.name);
            PoolFigures {
                name: front.settings.name.clone(),
                servers: inside.map(|server| (server.name.clone(), server.meter.read())).collect(),
                broken_sessions: sessions
                    .ledger
                    .iter()
                    .map(|(cause, &count)| (cause.name(), count))
                    .collect(),
            }
        });
        Figures {
            clients: clients.collect(),
            pools: pools.collect(),
            key_moves: self.key_moves.clone(),
        }
    }
}
