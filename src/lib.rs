//! Evenkeel: a lab for load balancing that is also a load balancer.
//!
//! # Bird's eye
//!
//! One decision core, many hosts. An algorithm is a small piece of pure code behind the seam
//! [`balance::Balancer`]: it gets the members, the request and the dice as arguments and says which member. What
//! surrounds every algorithm (stickiness, priorities, zones, slow start, panic, lines) is one more piece of pure code,
//! [`balance::pool::Pool`]. Whoever hosts it brings time, requests and servers: the simulator does so in virtual time,
//! the proxy on real sockets, the window draws what it shows of itself. Since all run the same compiled code,
//! they cannot disagree.
//!
//! One document. A [`lab::Lab`] is everything a person can set, as a plain value; [`lab::check`] finds every problem
//! in it, and only a checked lab can be run.
//!
//! ```text
//!   lab.ron ── lab::load ──► Checked ──► sim::run ──► Report ──► expectations judged
//!                                           │
//!                    arrivals, behaviour (model) · who is picked (balance) · counted (meter)
//! ```
//!
//! On real sockets the [`engine`] takes the latest checked lab, works out the steps from the one in force to it, performs
//! them and publishes one immutable plan by a pointer store. The [`proxy`]'s workers, one thread each with sockets and
//! idle connections of its own, look at the plan once for each request. The [`world`] (mocks, clients, commands) has
//! threads of its own, so that the instrument is not the load. Measurements are pulled, never sent.
//!
//! ```text
//!   Checked ─► engine: diff ─► steps ─┬─► proxy   accept ─► route ─► key ─► pick ─► ticket ─► server ─► answer ─► ticket ends
//!                 ▲                   └─► world   mocks answer, clients ask
//!                 └──── status, figures, events, sampled requests: pulled ◄──── counted by atomics, recorded in rings
//! ```
//!
//! # Code map, in reading order
//!
//! | room | what it is | may import |
//! |---|---|---|
//! | [`dice`], [`hash`], [`period`] | seeded chance, stable hashes, written lengths of time | – |
//! | [`balance`] | choose one member for one request; one file per algorithm | the above |
//! | [`model`] | how a pretend world behaves: latency, capacity, failure, arrivals, keys | dice, hash, period |
//! | [`meter`] | counters, histograms, recent records; written without locks, read by difference | dice, hash, period |
//! | [`lab`] | the document: types, check, load, save, presets, figures and verdicts | all above |
//! | [`sim`] | a lab in virtual time; a lab under every algorithm | all above |
//! | [`proxy`] | the data plane: listeners, HTTP, TCP, UDP, TLS, health, retries | lab and below |
//! | [`world`] | mocks, clients and commands on real sockets and processes | lab and below |
//! | [`engine`] | the control plane: a lab made real, watched and stopped; the clock | proxy, world, lab and below |
//! | [`cli`] | the commands without a window | engine, sim, lab and below |
//! | [`ui`] | the window: one document, one story, five regions | engine, sim, lab and below |
//!
//! Imports go one way only, up this table; `balance`, `model` and `meter` do not know each other, nor do `sim`, `proxy`
//! and `world`. `tests/tidy.rs` reads
//! the sources and fails on an import that goes up, on a foreign crate in the wrong room, on a file over 500 lines and on a
//! function over 70.
//!
//! # Invariants, most of them absences
//!
//! - `balance`, `model` and `sim` never read a clock, open a socket or draw chance of their own. Time and dice are
//!   arguments, so a run is repeated by repeating its seed.
//! - No result depends on the machine: transcendental functions come from `libm`, hashes from [`hash`], and nothing
//!   that is seen is in the order of a hash map.
//! - A pick allocates nothing unless its reasons are asked for, and asking changes no pick.
//! - A pool is replaced, never mutated. What must survive (loads, estimates, health, ids, the turn) hangs off its members
//!   and groups and is carried over by name.
//! - Weight 0 drains, everywhere.
//! - A dialect named after a program chooses as that program does. `tests/golden` holds what the real NGINX and
//!   `HAProxy` chose; published vectors stand beside the code of the others.
//! - Nothing that can be written in a file makes loading panic or grow without bound.
//! - A live change loses nothing: requests finish on the plan they began with, and what a member carries goes with its name.
//! - No byte of a request whose framing is ambiguous reaches a server, and no answer that was cut short looks complete.
//! - A ticket is ended exactly once, by whoever holds it or by being dropped; so counts of what is in flight return to zero.
//! - Network, clock and dice are arguments of the data plane; `tests/simulation` runs it in virtual time over faults.
//! - There is no second set of algorithms for simulation or drawing, no registry, no global state.

pub mod balance;
pub mod cli;
pub mod dice;
pub mod engine;
pub mod hash;
pub mod lab;
pub mod meter;
pub mod model;
pub mod period;
pub mod proxy;
pub mod sim;
pub mod ui;
pub mod world;
