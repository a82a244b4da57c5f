//! What a run in virtual time gave.

use crate::lab::{self, Expectation, Figures, Lab, PoolFigures, Verdict};
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
        let judge = |expectation: &Expectation| match self.figures_of(&expectation.when) {
            Ok(figures) => expectation.judge(figures),
            Err(cue) => expectation.unjudged(cue),
        };
        lab.expectations.iter().map(judge).collect()
    }

    /// The figures of a time, or the cue that the run ended before.
    fn figures_of<'a>(&self, when: &'a lab::Window) -> Result<&Figures, &'a str> {
        let (cue, before) = match when {
            lab::Window::Overall => return Ok(&self.overall),
            lab::Window::Since(cue) => (cue, 0),
            lab::Window::Until(cue) => (cue, 1),
        };
        let began = self.windows.iter().position(|window| window.since.as_ref() == Some(cue));
        let window = began.and_then(|place| place.checked_sub(before)).ok_or(cue.as_str())?;
        Ok(&self.windows[window].figures)
    }
}

/// The time between two cues.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The cue that began it; nothing for the beginning of the run.
    pub since: Option<String>,
    pub from_ns: u64,
    pub until_ns: u64,
    pub figures: Figures,
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
    fn figures(&self) -> Figures {
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
