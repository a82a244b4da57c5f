//! Compare: two algorithms on the same requests side by side, and all of them in a table, in virtual time.
//!
//! Both are computed off the window's thread for the lab as it stands, and begun anew when it is edited. What was
//! computed for the lab before stays in faint until the new takes its place.

mod cast;
mod chart;
mod difference;
mod errand;
mod film;
mod lane;
mod table;
mod trial;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Rect, RichText, Ui, UiBuilder, vec2};

use super::empty_ui;
use crate::balance::Algorithm;
use crate::engine::fill_samples;
use crate::lab::Lab;
use crate::sim::compare;
use crate::ui::playhead::Playhead;
use crate::ui::signal::Signal;
use crate::ui::theme::Theme;
use crate::ui::view::Arrangement;
use crate::ui::widgets::hint;
use crate::ui::workbench::Workbench;

use cast::Cast;
use errand::{Desk, Errand};
use film::Film;
use table::Row;
use trial::Order;

pub(super) struct Compare {
    /// What a person chose for the left and the right lane.
    chosen: [Option<Algorithm>; 2],
    lanes: Errand<Lanes, Made<Film>>,
    films: [Option<Arc<Film>>; 2],
    /// Why a lane has no film.
    refusals: [Option<String>; 2],
    table: Errand<Wanted, Made<Row>>,
    rows: Vec<Row>,
    /// How many of how many rows are up to date.
    progress: (usize, usize),
    /// What was last compared, and the lab on the desk that it was made from: not made anew for every frame.
    last: Option<(Arc<Lab>, Wanted)>,
    cast: Cast,
}

/// What is to be compared.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    lab: Arc<Lab>,
    pool: String,
    /// Where files that the lab names are looked for.
    folder: PathBuf,
}

/// What the two lanes are to play.
#[derive(Debug, Clone, PartialEq)]
struct Lanes {
    wanted: Wanted,
    algorithms: [Algorithm; 2],
}

/// What a thread made: one of so many.
struct Made<T> {
    place: usize,
    of: usize,
    what: Result<T, String>,
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            chosen: [None, None],
            lanes: Errand::new("compare-lanes", film_lanes),
            films: [None, None],
            refusals: [None, None],
            table: Errand::new("compare-table", fill_table),
            rows: Vec::new(),
            progress: (0, 0),
            last: None,
            cast: Cast::default(),
        }
    }
}

impl Compare {
    /// Whether something is being computed.
    pub(super) fn is_computing(&self) -> bool {
        self.lanes.is_under_way() || self.table.is_under_way()
    }

    /// Asks for what is wanted now, and takes in what has been made.
    fn follow(&mut self, ui: &Ui, workbench: &Workbench) {
        let Some(wanted) = self.wanted(workbench) else { return };
        let algorithms = self.algorithms(&wanted);
        let lanes = Lanes { wanted: wanted.clone(), algorithms };
        for Made { place, what, .. } in self.lanes.fetch(&lanes, ui.ctx()) {
            let (film, refusal) = match what {
                Ok(film) => (Some(Arc::new(film)), None),
                Err(why) => (None, Some(why)),
            };
            (self.films[place], self.refusals[place]) = (film, refusal);
        }
        for Made { place, of, what } in self.table.fetch(&wanted, ui.ctx()) {
            let Ok(row) = what else { continue };
            self.rows.retain(|known| known.algorithm.about().name != row.algorithm.about().name);
            self.rows.push(row);
            self.progress = (place + 1, of);
            if place + 1 == of {
                self.rows.retain(|row| row.is_current);
            }
        }
        table::sort(&mut self.rows);
    }

    /// What is to be compared now: the pool in focus of the lab on the desk.
    fn wanted(&mut self, workbench: &Workbench) -> Option<Wanted> {
        let good = workbench.desk.good();
        let pool = &good.pools.get(workbench.focus())?.name;
        if let Some((last, wanted)) = &self.last
            && Arc::ptr_eq(last, good)
            && wanted.pool == *pool
        {
            return Some(wanted.clone());
        }
        // Whoever holds traffic back still wants to know what it would do.
        let lab = Lab { hold: false, ..Lab::clone(good) };
        let folder = workbench.desk.file().and_then(std::path::Path::parent);
        let folder = folder.map(PathBuf::from).unwrap_or_default();
        let wanted = Wanted { lab: Arc::new(lab), pool: pool.clone(), folder };
        self.cast = Cast::of(&wanted.lab, pool, &workbench.badges);
        if self.last.as_ref().is_none_or(|(_, last)| *last != wanted) {
            self.progress = (0, 0);
            self.rows.iter_mut().for_each(|row| row.is_current = false);
        }
        self.last = Some((Arc::clone(good), wanted.clone()));
        Some(wanted)
    }

    /// Left the one in force, right one that looks at load, unless a person chose others.
    fn algorithms(&self, wanted: &Wanted) -> [Algorithm; 2] {
        let in_force = wanted.lab.pool(&wanted.pool).map(|pool| pool.algorithm.clone());
        let in_force = in_force.unwrap_or_else(|| named("round-robin"));
        let left = self.chosen[0].clone().unwrap_or(in_force);
        let other = if left.about().name == "least-connections" {
            "peak-ewma"
        } else {
            "least-connections"
        };
        let right = self.chosen[1].clone().unwrap_or_else(|| named(other));
        [left, right]
    }

    /// Takes the algorithms that were asked for into their lanes.
    fn hear(&mut self, workbench: &mut Workbench) {
        for signal in std::mem::take(&mut workbench.signals) {
            match signal {
                Signal::Lane { place, algorithm } => {
                    self.chosen[place] = Algorithm::all().into_iter().nth(algorithm);
                }
                other => workbench.signals.push(other),
            }
        }
    }

    fn swap(&mut self, algorithms: [Algorithm; 2]) {
        let [left, right] = algorithms;
        self.chosen = [Some(right), Some(left)];
        self.films.swap(0, 1);
        self.refusals.swap(0, 1);
    }
}

fn named(name: &str) -> Algorithm {
    let all = Algorithm::all();
    let place = all.iter().position(|it| it.about().name == name).unwrap_or(0);
    all.into_iter().nth(place).expect("there are algorithms")
}

/// The thread of the lanes.
fn film_lanes(Lanes { wanted, algorithms }: &Lanes, desk: &Desk<Made<Film>>) {
    let stopped = || desk.is_stopped();
    let order = match order(wanted, &stopped) {
        Some(Ok(order)) => order,
        Some(Err(why)) => {
            return (0..2).for_each(|place| {
                desk.hand_in(Made { place, of: 2, what: Err(why.clone()) });
            });
        }
        None => return,
    };
    for (place, algorithm) in algorithms.iter().enumerate() {
        let Some(filmed) = trial::film(&order, algorithm, &stopped) else { return };
        let film = |filmed| Film::new(algorithm.clone(), order.duration, filmed);
        desk.hand_in(Made { place, of: 2, what: filmed.map(film) });
    }
}

/// The thread of the table.
fn fill_table(wanted: &Wanted, desk: &Desk<Made<Row>>) {
    let stopped = || desk.is_stopped();
    let Some(Ok(order)) = order(wanted, &stopped) else { return };
    let candidates = candidates(&order);
    let of = candidates.len();
    for (place, algorithm) in candidates.into_iter().enumerate() {
        let Some(trial) = trial::run(&order, &algorithm, &stopped) else { return };
        let row = Row { algorithm, trial, duration: order.duration, is_current: true };
        desk.hand_in(Made { place, of, what: Ok(row) });
    }
}

/// The pool's own algorithm as it is set, and all others with their defaults.
fn candidates(order: &Order) -> Vec<Algorithm> {
    let own = order.lab.pool(&order.pool).map(|pool| pool.algorithm.clone());
    let name = own.as_ref().map(|own| own.about().name);
    let others = Algorithm::all().into_iter().filter(|it| Some(it.about().name) != name);
    own.clone().into_iter().chain(others).collect()
}

fn order(wanted: &Wanted, stopped: &dyn Fn() -> bool) -> Option<Result<Order, String>> {
    let mut lab = Lab::clone(&wanted.lab);
    if let Err(error) = fill_samples(&mut lab, &wanted.folder) {
        return Some(Err(error.to_string()));
    }
    let duration = trial::duration_for(&lab, stopped)?;
    Some(Ok(Order { lab: Arc::new(lab), pool: wanted.pool.clone(), duration }))
}

/// What stands at the right of the tabs.
pub(super) fn head_ui(ui: &mut Ui, _compare: &mut Compare, workbench: &Workbench) {
    let label = hint(ui, "same schedule, same work per request, virtual time");
    label.on_hover_text(LEFT_OUT);
    if workbench.desk.draft.pools.len() > 1
        && let Some(pool) = workbench.pool()
    {
        ui.label(RichText::new(format!("pool {}", pool.name)).color(Theme::of(ui).mute));
    }
}

pub(super) fn compare_ui(ui: &mut Ui, compare: &mut Compare, workbench: &mut Workbench) {
    let Some(wanted) = compare.wanted(workbench) else {
        return empty_ui(ui, "There is no pool to compare algorithms in", "Add one at the left");
    };
    if workbench.pool().is_some_and(|pool| pool.servers.is_empty()) {
        return empty_ui(ui, "There is no server to choose", "Add one at the left");
    }
    if compare::audience(&wanted.lab, &wanted.pool).next().is_none() {
        let way = if workbench.view.all_controls { "+ Add beside Clients" } else { "All controls" };
        let remedy =
            format!("{way}, at the left, adds clients; then every algorithm gets their requests");
        return empty_ui(ui, "No client sends to this pool", &remedy);
    }
    if workbench.take_signal(Signal::SwapLanes) {
        compare.swap(compare.algorithms(&wanted));
    }
    compare.hear(workbench);
    compare.follow(ui, workbench);
    let algorithms = compare.algorithms(&wanted);
    let area = ui.available_rect_before_wrap().shrink2(vec2(16.0, 12.0));
    let present = workbench.view.arrangement == Arrangement::Present;
    let (lanes, rest) = split(area, (area.height() * if present { 0.46 } else { 0.44 }).max(176.0));
    let (middle, bottom) = split(rest, if present { 136.0 } else { 96.0 });
    let (left, right) = lanes.split_left_right_at_fraction(0.5);
    let places =
        [left.with_max_x(left.right() - GAP / 2.0), right.with_min_x(right.left() + GAP / 2.0)];
    let states = lane::states(&compare.films);
    for (place, area) in places.into_iter().enumerate() {
        let mut chosen = algorithms[place].clone();
        let film = compare.films[place].as_deref();
        let shown = lane::Lane {
            place,
            film: film.filter(|film| film.algorithm == algorithms[place]),
            refusal: compare.refusals[place].as_deref(),
            cast: &compare.cast,
            state: states[place],
            is_current: !compare.lanes.is_under_way(),
        };
        inside(ui, area, |ui| lane::lane_ui(ui, &shown, &mut chosen, workbench));
        if chosen != algorithms[place] {
            compare.chosen[place] = Some(chosen);
        }
    }
    inside(ui, middle, |ui| chart::chart_ui(ui, &compare.films, workbench));
    inside(ui, bottom, |ui| table_ui(ui, compare, &algorithms));
    let stands = matches!(workbench.playhead, Playhead::Paused { .. });
    if compare.films.iter().any(Option::is_some) && !stands {
        let secs = if workbench.view.reduced_motion { CALM_SECS } else { 0.0 };
        ui.ctx().request_repaint_after_secs(secs);
    }
}

fn table_ui(ui: &mut Ui, compare: &mut Compare, algorithms: &[Algorithm; 2]) {
    let progress = compare.table.is_under_way().then_some(compare.progress);
    let Compare { rows, cast, .. } = compare;
    let shown = table::Table { rows, cast, lanes: algorithms, progress };
    if let Some((place, algorithm)) = table::table_ui(ui, &shown) {
        compare.chosen[place] = Some(algorithm);
    }
}

fn inside<R>(ui: &mut Ui, area: Rect, show: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(area), show).inner
}

/// The upper part of an area with a height, and the rest beneath a gap.
fn split(area: Rect, height: f32) -> (Rect, Rect) {
    let upper = area.with_max_y((area.top() + height).min(area.bottom()));
    let lower = area.with_min_y((upper.bottom() + GAP).min(area.bottom()));
    (upper, lower)
}

const GAP: f32 = 12.0;
/// How often counts change where nothing travels.
const CALM_SECS: f32 = 0.1;
/// What virtual time leaves out.
const LEFT_OUT: &str = "Virtual time is the same code without sockets. It leaves out: the way over the network and \
    through the balancer takes no time, every request has a connection of its own, hedging is not simulated, and a \
    server that is not a mock is taken for a mock with default settings.";
