//! The control plane: takes the latest checked lab and makes it so.
//!
//! One thread, called `control`, owns everything that runs: the data plane, the mocks, clients and commands. It is
//! told the latest lab, works out the steps from the one in force ([`diff`]), performs them and publishes the plan.
//! Whoever looks at what runs pulls it from [`Engine::status`] and [`Engine::observe`], from any thread.
//!
//! ```text
//!   apply(Checked) ── latest wins ──► control: diff ─► steps ─► perform ─► publish ─► status
//!                                        ▲ cues, names that resolved, files that changed
//! ```

mod admin;
mod alone;
mod board;
mod certificates;
mod clients;
mod clock;
mod control;
pub mod diff;
mod error;
mod event;
mod folders;
mod journal;
mod listeners;
mod listening;
mod log;
mod moved;
mod names;
mod observation;
mod perform;
mod port_owner;
mod printed;
mod samples;
mod script;
mod servers;
mod sessions;
mod settings;
#[cfg(target_os = "linux")]
mod sockets;
mod status;
mod watcher;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::lab::{self, Checked, Lab};
pub use crate::proxy::{Attempt, Begun, Phases, Record, SAMPLES_A_SECOND};
pub use crate::world::{CopyStatus, LogStream};

pub use admin::AdminSettings;
pub use alone::{
    Load, LoadError, LoadProgress, LoadReport, LoadSettings, MockReading, Mocks, MocksSettings,
    Pace, WorldError, load,
};
use board::Board;
pub use clock::RealClock;
pub(crate) use control::WORKERS;
use control::{Edition, Incoming, Latest, Order};
pub use error::EngineError;
pub use event::{Event, Kind};
pub use folders::{Keeping, own_folder};
pub use listening::{Listening, ListeningPort, listening};
pub use observation::{Dropped, MockGauges, Observation, PoolGauges, ServerGauges};
pub use printed::Printed;
pub use samples::{SamplesError, fill_samples};
pub use script::Course;
pub use settings::{Consent, Settings};
pub use status::{Cure, ListenerState, ListenerStatus, ServerState, ServerStatus, Status, Trouble};
pub use watcher::{Bell, News, Watcher};

/// A lab that runs on real sockets. Dropping it stops everything at once; [`Engine::stop`] lets requests finish.
pub struct Engine {
    latest: Arc<Latest>,
    orders: mpsc::Sender<Order>,
    board: Arc<Board>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Runs a lab. When this returns, what could be opened is open, and [`Engine::status`] says what could not.
    pub fn start(lab: Checked, settings: Settings) -> Result<Self, EngineError> {
        let (orders, inbox) = mpsc::channel(ORDERS);
        let latest = Arc::new(Latest::default());
        let (news, slot) = (latest.editions.subscribe(), Arc::clone(&latest));
        let (tell, told) = sync_channel(1);
        let first = Edition { revision: 1, lab: Arc::new(lab.into_lab()) };
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                control::run(first, settings, &tell, Incoming { slot, news, orders: inbox });
            })
            .map_err(EngineError::Thread)?;
        let board = match told.recv() {
            Ok(started) => started?,
            Err(_gone) => return Err(EngineError::Ended),
        };
        Ok(Self { latest, orders, board, thread: Some(thread) })
    }

    /// Lets another lab take over. Never waits: of several in quick succession only the last is performed. Returns
    /// its revision, which [`Status::revision`] shows once it is in force.
    pub fn apply(&self, lab: Checked) -> u64 {
        self.latest.put(lab)
    }

    /// Waits until a revision, or a later one, is in force. False if that takes longer than `patience`.
    pub fn wait_for(&self, revision: u64, patience: Duration) -> bool {
        let (tell, told) = sync_channel(1);
        let sent = self.orders.try_send(Order::TellWhenInForce { revision, tell });
        sent.is_ok() && told.recv_timeout(patience).is_ok()
    }

    pub fn status(&self) -> Arc<Status> {
        self.board.status()
    }

    /// The lab in force, with what its cues have changed.
    pub fn lab(&self) -> Arc<Lab> {
        Arc::clone(&self.board.status().lab)
    }

    /// The engine's clock: what `at_ns` of everything it shows is counted on.
    pub fn now_ns(&self) -> u64 {
        self.board.clock().now_ns()
    }

    /// When that clock began by the clocks of this place: counted like the time since 1970, so that the time of day
    /// is what a clock on the wall said.
    pub fn began_local_ns(&self) -> u64 {
        let clock = self.board.clock();
        let began_ns = clock.unix_ns().saturating_sub(clock.now_ns());
        began_ns.saturating_add_signed(clock::ahead_of_utc_ns(began_ns))
    }

    /// What was measured so far, and what happened since the last call.
    pub fn observe(&self) -> Observation {
        self.board.observe()
    }

    /// Rings a bell when there are events to [`Engine::observe`], once for all that there are until somebody looks. A
    /// second bell is not rung.
    pub fn ring_at_events(&self, bell: Bell) {
        self.board.shared.events.call_at_news(move || bell.ring());
    }

    /// What the run gave so far. Nothing if everything has stopped.
    pub fn course(&self) -> Option<Course> {
        let (tell, told) = sync_channel(1);
        self.order(Order::TellCourse { tell });
        told.recv().ok()
    }

    /// Says yes to these commands, in any number of copies, and to no others: a lab may have become another one since
    /// somebody was asked.
    pub fn allow_commands(&self, agreed: Vec<lab::Command>) {
        self.order(Order::AllowCommands(agreed));
    }

    /// Ends one copy of a command, if it still runs, and starts it anew on the same port. Nothing if it may not run.
    pub fn restart(&self, pool: &str, server: &str) {
        self.order(Order::Restart { pool: pool.to_owned(), server: server.to_owned() });
    }

    /// Lets everything begin anew as soon as the last lab that was applied is in force: ejections, open circuits,
    /// learned latencies and bonds of the balancer, cookies and connections of the clients. What they send next is
    /// what they sent first. Requests under way end as they began.
    pub fn begin_anew(&self) {
        self.order(Order::BeginAnew { revision: self.latest.revision() });
    }

    /// The lab was put into another folder: from now on the files it names are looked for there. What runs goes on.
    pub fn move_to(&self, folder: PathBuf) {
        self.order(Order::Move(folder));
    }

    /// Opens the files of all logs anew, for those who have moved them away.
    pub fn reopen_logs(&self) {
        self.order(Order::ReopenLogs);
    }

    /// Stops everything: listeners refuse, requests under way get the lab's `limits.shutdown_timeout` to finish.
    pub fn stop(mut self) {
        self.order(Order::Stop);
        self.join();
    }

    fn order(&self, order: Order) {
        // A control thread that does not listen any more has stopped, and with it everything.
        drop(self.orders.try_send(order));
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic itself.
            drop(thread.join());
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.order(Order::StopAtOnce);
        self.join();
    }
}

/// Orders that wait for the control thread. Labs do not: of those there is only ever the latest.
const ORDERS: usize = 64;
