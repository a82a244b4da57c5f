//! The lab: the document that holds everything a person can set.
//!
//! A lab is a plain value. Whoever edits it edits a [`Lab`] in place; whoever runs it takes a
//! `Checked` one, which only the check hands out. Bytes become a lab in `load`, a lab becomes text
//! in `save`, and every problem on the way has a place, a limit and a remedy.
//!
//! Settings live with what they set: an algorithm's parameters in `balance`, a mock's behaviour in
//! `model`. This room gathers them and never defines them a second time.

use serde::{Deserialize, Serialize};

use crate::period::Period;

mod algorithm_settings;
pub mod algorithm_text;
mod check;
mod client;
mod comments;
mod course;
mod cue;
mod decode;
mod edit;
mod expectation;
mod faults;
mod figures;
mod health;
mod limits;
mod listener;
mod load;
mod matching;
mod misfits;
mod places;
mod pool;
mod presets;
mod problem;
mod report;
mod requests;
mod retries;
mod route;
mod routing;
mod samples;
mod save;
mod server;
mod sticky;
mod suggest;
mod syntax;
mod tls;
mod tree;
mod upstream;
mod verdict;

pub use algorithm_settings::{SettingSort, SettingValue, settings_of, with_setting};
pub use check::{Checked, check, check_algorithm};
pub use client::{Carrier, Client, HttpVersion, Identities, RequestKind};
pub use comments::save_over;
pub use course::{Span, verdicts};
pub use cue::{Cue, Edit};
pub use edit::{EditError, ServerName};
pub use expectation::{Claim, Expectation, Window};
pub use figures::{Figures, KeyMoves, PoolFigures};
pub use health::{ActiveCheck, Health, Probe};
pub use limits::Limits;
pub use listener::{
    AccessLog, AccessLogFormat, Forwarded, ForwardedMode, ForwardedStyle, HttpSettings,
    HttpVersions, Listener, Protocol, ProxyProtocolIn, TcpSettings, UdpSettings,
};
pub use load::{FILE_BYTES_MAX, Loaded, Reading, Refused, load, read};
pub use matching::Facts;
pub use places::Places;
pub use pool::{Key, MockProtocol, Mocks, Pool, Queue, Sessions};
pub use presets::{PRESETS, Preset};
pub use problem::{Place, Problem, Severity};
pub use report::report;
pub use requests::{Asked, Requests, address_of};
pub use retries::{Backoff, Budget, Hedge, Retries, RetryOn};
pub use route::{
    Action, Condition, FieldCondition, HeaderEdit, PathCondition, Rewrite, Route, Split, SplitPart,
    TextCondition, Timeouts,
};
pub use routing::Routing;
pub use save::{save, text_of};
pub use server::{Command, Server, Source};
pub use sticky::{AppCookie, InsertedCookie, SameSite, SourceTable, Stickiness};
pub use suggest::among;
pub use tls::{CertificateFiles, Certificates, Tls, TlsVersion};
pub use upstream::{Http2Offer, ProxyProtocolOut, Upstream, UpstreamProtocol, UpstreamTls, Verify};
pub use verdict::Verdict;

/// The newest form of the document that this program reads and the one it writes.
pub const VERSION: u32 = 1;

/// Everything a person can set, as one value that can be compared, copied, saved and undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lab {
    pub version: u32,
    pub name: String,
    /// What to watch, in a sentence or two.
    pub note: String,
    /// What a learner is asked to predict before the run shows it.
    pub question: Option<Question>,
    /// The number all chance comes from: the same seed gives the same run in virtual time.
    pub seed: u64,
    /// How long a run without a window takes when nobody says.
    pub duration: Period,
    /// Proxy threads; without one it is one per core and at most four. 1 makes orders exact.
    pub workers: Option<u32>,
    pub state: WorkerState,
    /// While set, built-in clients send nothing; what a person sends passes.
    pub hold: bool,
    pub limits: Limits,
    pub listeners: Vec<Listener>,
    pub pools: Vec<Pool>,
    pub clients: Vec<Client>,
    pub cues: Vec<Cue>,
    pub expectations: Vec<Expectation>,
}

impl Default for Lab {
    fn default() -> Self {
        Self {
            version: VERSION,
            name: String::new(),
            note: String::new(),
            question: None,
            seed: 1,
            duration: Period::from_secs(30),
            workers: None,
            state: WorkerState::Shared,
            hold: false,
            limits: Limits::default(),
            listeners: Vec::new(),
            pools: Vec::new(),
            clients: Vec::new(),
            cues: Vec::new(),
            expectations: Vec::new(),
        }
    }
}

impl Lab {
    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    /// Lets every listener take any free port of its host.
    pub fn take_free_ports(&mut self) {
        for listener in &mut self.listeners {
            if let Ok(mut address) = listener.address.parse::<std::net::SocketAddr>() {
                address.set_port(0);
                listener.address = address.to_string();
            }
        }
    }

    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    pub fn client(&self, name: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.name == name)
    }
}

/// Whether the proxy's threads count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// One count for all: round robin is round robin.
    #[default]
    Shared,
    /// Each worker for itself, as NGINX without a zone and Envoy do.
    PerWorker,
}

/// A prediction to make before looking.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    pub text: String,
    /// The predictions offered; none means a free answer.
    pub choices: Vec<String>,
    /// What the run shows, and why.
    pub answer: String,
}
