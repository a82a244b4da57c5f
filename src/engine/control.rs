//! The control thread: one loop that owns everything that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, watch};

use super::admin;
use super::board::{Board, Instruments};
use super::certificates::Certificates;
use super::clients::Crowds;
use super::clock::RealClock;
use super::diff;
use super::error::EngineError;
use super::event::Kind;
use super::listeners::{Closing, Gate};
use super::log::LogWriter;
use super::names::Found;
use super::script::{Course, Stage};
use super::servers::Running;
use super::settings::{Agreed, Settings};
use super::status::{Status, Trouble};
use crate::dice::Dice;
use crate::lab::{self, Checked, Lab};
use crate::period::Clock;
use crate::proxy::{self, DataPlane, Shared};
use crate::world::{SessionStore, World};

/// A lab that is to be in force.
#[derive(Debug, Clone)]
pub(super) struct Edition {
    pub(super) revision: u64,
    pub(super) lab: Arc<Lab>,
}

/// The place for the latest lab. Who puts one there never waits.
pub(super) struct Latest {
    pub(super) editions: watch::Sender<Option<Edition>>,
    revisions: AtomicU64,
}

impl Default for Latest {
    /// The lab that the engine is started with has the first revision.
    fn default() -> Self {
        Self { editions: watch::Sender::new(None), revisions: AtomicU64::new(1) }
    }
}

impl Latest {
    /// Of the lab that was put here last.
    pub(super) fn revision(&self) -> u64 {
        self.revisions.load(Relaxed)
    }

    pub(super) fn put(&self, lab: Checked) -> u64 {
        let lab = Arc::new(lab.into_lab());
        let mut revision = 0;
        // The number is given where the lab is put, so that a later one never has a smaller number.
        self.editions.send_modify(|latest| {
            revision = self.revisions.fetch_add(1, Relaxed) + 1;
            *latest = Some(Edition { revision, lab });
        });
        revision
    }
}

/// What the control thread hears from outside.
pub(super) struct Incoming {
    pub(super) slot: Arc<Latest>,
    pub(super) news: watch::Receiver<Option<Edition>>,
    pub(super) orders: mpsc::Receiver<Order>,
}

pub(super) enum Order {
    TellWhenInForce {
        revision: u64,
        tell: SyncSender<()>,
    },
    TellCourse {
        tell: SyncSender<Course>,
    },
    AllowCommands(Vec<lab::Command>),
    Restart {
        pool: String,
        server: String,
    },
    /// As soon as this revision is in force.
    BeginAnew {
        revision: u64,
    },
    Move(PathBuf),
    ReopenLogs,
    Stop,
    StopAtOnce,
}

/// Everything that runs.
pub(super) struct Control {
    pub(super) settings: Settings,
    pub(super) board: Arc<Board>,
    pub(super) plane: DataPlane,
    /// Worker threads that finish what they have: how many there are, and the thread that waits for them.
    pub(super) retiring: Vec<(usize, JoinHandle<()>)>,
    /// Started with the first who lives in it.
    pub(super) world: Option<World>,
    pub(super) seed: u64,
    /// In force, with what its cues have changed.
    pub(super) lab: Lab,
    pub(super) revision: u64,
    pub(super) gates: BTreeMap<String, Gate>,
    pub(super) closing: Rc<Closing>,
    /// By pool and server, each copy of a command for itself.
    pub(super) servers: BTreeMap<(String, String), Running>,
    /// What the mocks of a pool know in common.
    pub(super) sessions: BTreeMap<String, Arc<SessionStore>>,
    pub(super) certificates: Certificates,
    pub(super) instruments: Instruments,
    pub(super) crowds: Crowds,
    pub(super) stage: Stage,
    pub(super) commands: Agreed,
    /// Copies of commands that ended, failed or do not answer, until they run.
    pub(super) amiss: BTreeSet<(String, String)>,
    /// What is wrong beside listeners and servers, by what it is about.
    pub(super) troubles: BTreeMap<String, Trouble>,
    pub(super) found: mpsc::Sender<Found>,
    /// Names that are being looked up.
    pub(super) looking: BTreeSet<(String, String)>,
    pub(super) admin: Option<SocketAddr>,
    /// When what changes by itself was looked at last.
    pub(super) tended_ns: u64,
    waiting: Vec<(u64, SyncSender<()>)>,
    /// The revision with which everything is to begin anew.
    anew_from: Option<u64>,
}

/// The whole life of the control thread.
pub(super) fn run(
    first: Edition,
    settings: Settings,
    tell: &SyncSender<Result<Arc<Board>, EngineError>>,
    incoming: Incoming,
) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .thread_name("names")
        .build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell.send(Err(EngineError::Thread(error)))),
    };
    runtime.block_on(async {
        let (found, names) = mpsc::channel(NAMES);
        let Incoming { slot, news, orders } = incoming;
        let mut inbox = Inbox { latest: news, orders, names };
        let started = Control::start(first, settings, found, &slot, &mut inbox).await;
        drop(slot);
        match started {
            Ok(control) => {
                // Whoever started it has gone if nobody hears this, and then the next order is to stop.
                drop(tell.send(Ok(Arc::clone(&control.board))));
                control.work(inbox).await;
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    });
    // Lookups that hang must not keep the thread.
    runtime.shutdown_background();
}

/// Where news reach the control thread.
pub(super) struct Inbox {
    latest: watch::Receiver<Option<Edition>>,
    orders: mpsc::Receiver<Order>,
    pub(super) names: mpsc::Receiver<Found>,
}

/// How the control thread ends.
enum Ending {
    Drained,
    AtOnce,
}

impl Control {
    async fn start(
        first: Edition,
        settings: Settings,
        found: mpsc::Sender<Found>,
        slot: &Arc<Latest>,
        inbox: &mut Inbox,
    ) -> Result<Self, EngineError> {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::start());
        let lab = &first.lab;
        let seed = settings.seed.unwrap_or(lab.seed);
        let secret = proxy::secret().map_err(EngineError::Workers)?;
        let history = lab.limits.history as usize;
        let shared = Arc::new(Shared::new(Arc::clone(&clock), history, secret));
        let plane = DataPlane::start(Arc::clone(&shared), n_workers(lab), seed)
            .map_err(EngineError::Workers)?;
        let status = Status {
            revision: 0,
            lab: Arc::new(Lab::default()),
            workers: plane.n_workers(),
            admin: None,
            listeners: Vec::new(),
            servers: Vec::new(),
            troubles: Vec::new(),
        };
        let mut control = Self {
            certificates: Certificates::new(&settings, clock),
            commands: settings.consent.into(),
            settings,
            board: Arc::new(Board::new(shared, status)),
            plane,
            retiring: Vec::new(),
            world: None,
            seed,
            // What differs from nothing is everything; the workers are there already.
            lab: Lab { workers: lab.workers, ..Lab::default() },
            revision: 0,
            gates: BTreeMap::new(),
            closing: Rc::default(),
            servers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            instruments: Instruments::default(),
            crowds: Crowds::default(),
            stage: Stage::default(),
            amiss: BTreeSet::new(),
            troubles: BTreeMap::new(),
            found,
            looking: BTreeSet::new(),
            admin: None,
            tended_ns: 0,
            waiting: Vec::new(),
            anew_from: None,
        };
        control.tended_ns = control.board.clock().now_ns();
        control.stage.begin(control.tended_ns);
        let shared = Arc::clone(&control.board.shared);
        let dice = Dice::stream(seed, CHECKS);
        tokio::task::spawn_local(proxy::health::keep(proxy::Sockets, shared, dice));
        if let Some(admin) = control.settings.admin.clone() {
            let folder = control.settings.folder.clone();
            control.admin = Some(admin::open(&admin, folder, &control.board, slot).await?);
        }
        control.take_over(first, inbox).await;
        Ok(control)
    }

    async fn work(mut self, mut inbox: Inbox) {
        let ending = loop {
            let (tend_in, cue_in) = (self.tends_in(), self.next_cue_in());
            tokio::select! {
                changed = inbox.latest.changed() => {
                    if changed.is_err() {
                        break Ending::AtOnce;
                    }
                    let edition = inbox.latest.borrow_and_update().clone();
                    if let Some(edition) = edition {
                        self.take_over(edition, &mut inbox).await;
                    }
                }
                order = inbox.orders.recv() => match order {
                    Some(Order::Stop) => break Ending::Drained,
                    Some(Order::StopAtOnce) | None => break Ending::AtOnce,
                    Some(order) => self.obey(order),
                },
                Some(found) = inbox.names.recv() => self.found(found),
                () = tokio::time::sleep(cue_in.unwrap_or_default()), if cue_in.is_some() => {
                    self.play_cue(&mut inbox).await;
                }
                () = tokio::time::sleep(tend_in.unwrap_or_default()), if tend_in.is_some() => {
                    self.tend();
                }
            }
        };
        self.end(&ending);
    }

    /// Makes another lab the one in force.
    async fn take_over(&mut self, edition: Edition, inbox: &mut Inbox) {
        let Edition { revision, lab } = edition;
        self.become_lab(&lab, inbox).await;
        self.revision = revision;
        if self.anew_from.take_if(|wanted| *wanted <= revision).is_some() {
            self.begin_anew();
        }
        self.board.tell(Kind::Applied { revision }, format!("revision {revision} is in force"));
        self.show();
        for (_, tell) in self.waiting.extract_if(.., |(wanted, _)| *wanted <= revision) {
            // Whoever does not listen any more has given up waiting.
            tell.try_send(()).ok();
        }
    }

    pub(super) async fn become_lab(&mut self, lab: &Lab, inbox: &mut Inbox) {
        let steps = diff::steps(&self.lab, lab);
        let before = std::mem::replace(&mut self.lab, lab.clone());
        let plan_before = self.board.shared.plan();
        for step in &steps {
            self.board.tell(Kind::Step, step.to_string());
            if matches!(step, diff::Step::Publish(_)) {
                self.wait_for_names(inbox).await;
            }
            self.perform(step, &before, &plan_before);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::TellWhenInForce { revision, tell } if self.revision >= revision => {
                tell.try_send(()).ok();
            }
            Order::TellWhenInForce { revision, tell } => self.waiting.push((revision, tell)),
            Order::TellCourse { tell } => drop(tell.try_send(self.course())),
            Order::AllowCommands(agreed) => self.allow_commands(agreed),
            Order::Restart { pool, server } => self.restart_copy(pool, server),
            Order::BeginAnew { revision } if self.revision >= revision => self.begin_anew(),
            Order::BeginAnew { revision } => self.anew_from = Some(revision),
            Order::Move(folder) => {
                self.certificates.move_to(folder.clone());
                self.settings.folder = folder;
                self.tend();
            }
            Order::ReopenLogs => {
                let logs = self.gates.values().filter_map(|gate| gate.log.as_ref());
                logs.for_each(LogWriter::reopen);
            }
            Order::Stop | Order::StopAtOnce => {}
        }
    }

    fn end(self, ending: &Ending) {
        let grace = match ending {
            Ending::Drained => self.grace(),
            Ending::AtOnce => Duration::ZERO,
        };
        // What clients have sent may be answered, but they send nothing more.
        self.hold_traffic(true);
        let Self { board, plane, retiring, world, gates, servers, crowds, .. } = self;
        // Nobody may connect any more while the last requests finish.
        let logs = gates.into_values().filter_map(|gate| gate.log);
        let logs: Vec<_> = logs.map(LogWriter::let_go).collect();
        plane.stop(grace);
        if matches!(ending, Ending::Drained) {
            for (_, thread) in retiring {
                drop(thread.join());
            }
        }
        drop((crowds, servers));
        drop(world);
        // The plan holds the logs' other ends. Without this the last lines are lost with the program.
        board.shared.publish(&proxy::Blueprint {
            lab: &Lab::default(),
            workers: 1,
            seed: 0,
            listeners: BTreeMap::new(),
            closing: Vec::new(),
            addresses: BTreeMap::new(),
            upstream_tls: BTreeMap::new(),
        });
        for log in logs {
            log.recv_timeout(LAST_LINES).err();
        }
    }

    pub(super) fn grace(&self) -> Duration {
        Duration::from(self.lab.limits.shutdown_timeout)
    }

    /// What is tried again and again is told once.
    pub(super) fn trouble(&mut self, about: &str, trouble: Trouble) {
        if self.troubles.get(about) == Some(&trouble) {
            return;
        }
        self.board.tell(Kind::Trouble, trouble.to_string());
        self.troubles.insert(about.to_owned(), trouble);
    }

    /// What was in trouble, if it was, is as it should be, which the text says.
    pub(super) fn no_trouble(&mut self, about: &str, text: &str) {
        if self.troubles.remove(about).is_some() {
            self.board.tell(Kind::Recovered, text);
        }
    }
}

/// As the lab says, or one for each core and at most four: a proxy needs less than what it leads to.
pub(super) fn n_workers(lab: &Lab) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    lab.workers.map_or_else(|| cores().min(WORKERS), |workers| workers as usize)
}

pub(crate) const WORKERS: usize = 4;
/// How long a disk may take for the last lines of a log.
const LAST_LINES: Duration = Duration::from_secs(2);
/// The stream of chance for the times of health checks.
const CHECKS: u64 = u64::MAX - 1;
/// Names that resolved and wait to be looked at.
const NAMES: usize = 64;
