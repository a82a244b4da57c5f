//! Keys: which server each key belongs to, how many move when servers change, and who answered each client.
//!
//! ```text
//!   story, desk ──► past (how the pool stood) ──► change ─┬─► draw  (aside) ──► picture: ring, grid, turns
//!                                                         └─► count (aside) ──► table: moved under every algorithm
//!   story's requests ──► answered: rows of clients, columns of time · story's frames ──► ledger
//! ```

mod answered;
mod answered_ui;
mod aside;
mod count;
mod draw;
mod grid;
mod head;
mod ink;
mod ledger;
mod past;
mod picture;
mod ring;
mod table;
mod turns;

use std::sync::Arc;

use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2};

use self::answered::{Answered, Span, Tape};
use self::aside::Aside;
use self::count::Row;
use self::draw::Drawing;
use self::ledger::Ledger;
use self::past::{Change, Past, Stand};
use super::empty_ui;
use crate::balance::Health;
use crate::lab::{Client, Lab};
use crate::model::Arrivals;
use crate::ui::selection::Selection;
use crate::ui::signal::Signal;
use crate::ui::workbench::Workbench;

pub(super) use self::head::head_ui;

/// What the tab remembers for itself.
pub(super) struct Keys {
    past: Past,
    drawing: Aside<draw::Question, Box<Drawing>>,
    drawn: Option<Box<Drawing>>,
    /// Told apart by this number, so that what was painted of one is not shown for another.
    edition: u64,
    /// When what the last change moved was first shown, on the window's clock, and which change that was.
    shown_at: f64,
    shown: Option<u64>,
    counting: Aside<count::Question, Row>,
    /// Rows of the latest question, and of the one before until they are replaced.
    rows: Vec<Counted>,
    looked_at: LookedAt,
    /// When the last change came that was seen.
    changed_at: Option<u64>,
    typed: String,
    ring: ring::Cache,
    tape: Tape,
    ledger: Ledger,
    answered: Answered,
    answered_for: Option<(Span, u64)>,
}

/// What the table and the number are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum LookedAt {
    /// The last change, or one that might come as long as there is none.
    #[default]
    Change,
    OneJoins,
    LastLeaves,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            past: Past::default(),
            drawing: Aside::new("keys-drawing", draw::draw),
            drawn: None,
            edition: 0,
            shown_at: 0.0,
            shown: None,
            counting: Aside::new("keys-counting", count::count),
            rows: Vec::new(),
            looked_at: LookedAt::default(),
            changed_at: None,
            typed: String::new(),
            ring: ring::Cache::default(),
            tape: Tape::default(),
            ledger: Ledger::default(),
            answered: Answered::default(),
            answered_for: None,
        }
    }
}

impl Keys {
    /// Whether the picture or the table waits for what is being worked out.
    pub(super) fn is_computing(&self) -> bool {
        self.drawing.is_computing() || self.counting.is_computing()
    }
}

/// What was counted under one algorithm.
struct Counted {
    row: Row,
    /// Whether it answers the latest question.
    fresh: bool,
}

/// What one frame is about.
struct Scene {
    pool: String,
    stand: Arc<Stand>,
    change: Option<Change>,
    /// What is counted: the change, or one that might come.
    question: count::Question,
    looked_at: LookedAt,
    asked: Option<Vec<u8>>,
}

pub(super) fn keys_ui(ui: &mut Ui, keys: &mut Keys, workbench: &mut Workbench) {
    let Some(scene) = keys.scene(workbench) else {
        return empty_ui(ui, "No pool to look at", "Add a server at the left");
    };
    if scene.stand.roster.terms.is_empty() {
        return empty_ui(ui, "No server has any key", "Add a server at the left");
    }
    keys.hear(&scene, workbench);
    keys.work(ui, &scene, workbench);
    let area = ui.available_rect_before_wrap().shrink2(egui::vec2(16.0, 8.0));
    let split = area.left() + (area.width() * PICTURE_PART).round();
    let left = Rect::from_min_max(area.min, pos2(split - 16.0, area.bottom()));
    let right = Rect::from_min_max(pos2(split, area.top()), area.max);
    ui.scope_builder(UiBuilder::new().max_rect(left).id_salt("picture"), |ui| {
        picture::picture_ui(ui, keys, &scene, workbench);
    });
    ui.scope_builder(UiBuilder::new().max_rect(right).id_salt("numbers"), |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            table::table_ui(ui, keys, &scene, workbench);
            ui.add_space(8.0);
            answered_ui::answered_ui(ui, keys, &scene, workbench);
        });
    });
}

impl Keys {
    /// What there is to be shown for the moment of the window.
    fn scene(&mut self, workbench: &Workbench) -> Option<Scene> {
        let pool = workbench.pool()?.name.clone();
        let moment_ns = workbench.moment_ns();
        let good = (workbench.now_ns, workbench.desk.good());
        self.past.follow(workbench.story.labs(), good, &pool);
        self.tape.follow(&workbench.story, &pool);
        self.ledger.follow(&workbench.story, &pool);
        let stand = Arc::clone(self.past.at(moment_ns)?);
        let change = self.past.last_change(moment_ns);
        let changed_at = change.as_ref().map(|change| change.at_ns);
        if self.changed_at != changed_at {
            // What has just been done is what matters.
            (self.changed_at, self.looked_at) = (changed_at, LookedAt::Change);
        }
        let looked_at = match self.looked_at {
            LookedAt::Change if change.is_none() => LookedAt::OneJoins,
            looked_at => looked_at,
        };
        let roster = &stand.roster;
        let (before, after) = match (looked_at, &change) {
            (LookedAt::Change, Some(change)) => {
                (change.before.roster.clone(), change.after.roster.clone())
            }
            (LookedAt::LastLeaves, _) => (roster.clone(), roster.without_last()),
            _ => (roster.clone(), roster.with_one_more(&free_name(&stand))),
        };
        let question = count::Question { in_use: stand.algorithm.clone(), before, after };
        let asked = self.asked(workbench, &pool);
        Some(Scene { pool, stand, change, question, looked_at, asked })
    }

    /// What is looked at is shown from the next frame on.
    fn hear(&mut self, scene: &Scene, workbench: &mut Workbench) {
        let several = scene.stand.roster.terms.len() > 1;
        let asked = [
            (Signal::OneJoins, LookedAt::OneJoins, true),
            (Signal::LastLeaves, LookedAt::LastLeaves, several),
        ];
        for (signal, looked_at, possible) in asked {
            if possible && workbench.take_signal(signal) {
                self.looked_at = looked_at;
            }
        }
    }

    /// The key that somebody typed, or pointed at before.
    fn asked(&self, workbench: &Workbench, pool: &str) -> Option<Vec<u8>> {
        if !self.typed.is_empty() {
            return Some(self.typed.clone().into_bytes());
        }
        match &workbench.selection {
            Selection::Key { pool: of, key } if of == pool => Some(key.clone()),
            _ => None,
        }
    }

    /// Asks what has to be worked out beside the frame, and takes in what has been.
    fn work(&mut self, ui: &Ui, scene: &Scene, workbench: &Workbench) {
        let shown = scene.change.as_ref().filter(|_| scene.looked_at == LookedAt::Change);
        let down = down(workbench, scene);
        self.drawing.ask(draw::Question {
            stand: Arc::clone(&scene.stand),
            before: shown.map(|change| Arc::clone(&change.before)),
            down,
            clients: clients(workbench.lab(), &scene.pool),
        });
        let time = ui.input(|input| input.time);
        for drawing in self.drawing.fetch(ui.ctx()) {
            self.drawn = Some(drawing);
            self.edition += 1;
            let shown = shown.map(|change| change.at_ns);
            if self.shown != shown {
                (self.shown, self.shown_at) = (shown, time);
            }
        }
        if self.counting.ask(scene.question.clone()) {
            for counted in &mut self.rows {
                counted.fresh = false;
            }
        }
        for row in self.counting.fetch(ui.ctx()) {
            self.take_row(row);
        }
        if let Some(drawn) = &self.drawn {
            take_gauges(drawn, workbench, scene);
        }
        self.look_back(scene, workbench);
    }

    fn take_row(&mut self, row: Row) {
        let name = row.algorithm.about().name;
        let counted = Counted { row, fresh: true };
        match self.rows.iter_mut().find(|it| it.row.algorithm.about().name == name) {
            Some(known) => *known = counted,
            None => self.rows.push(counted),
        }
    }

    /// The row of the algorithm in use, and whether it answers the latest question.
    fn row_in_use(&self, scene: &Scene) -> Option<&Counted> {
        let name = scene.stand.algorithm.about().name;
        self.rows.iter().find(|it| it.row.algorithm.about().name == name)
    }

    /// Who answered whom lately, worked out anew when there is more of it.
    fn look_back(&mut self, scene: &Scene, workbench: &Workbench) {
        let moment_ns = workbench.moment_ns();
        let columns = self.answered_for.map_or(COLUMNS, |(span, _)| span.columns);
        let span = Span { moment_ns, columns };
        let told = self.tape.length();
        let same = |(before, length): (Span, u64)| {
            length == told && before.last_column() == span.last_column()
        };
        if self.answered_for.is_some_and(same) {
            return;
        }
        let kept: Vec<_> = self.answered.rows.iter().map(|row| row.client).collect();
        let marks = workbench.story.marks();
        let events = answered::Events::gather(&self.past, marks, &scene.pool, moment_ns);
        self.answered = self.tape.answered(span, &kept, &events, &scene.stand);
        self.answered_for = Some((span, told));
    }
}

/// Who is down, as was seen at the moment.
fn down(workbench: &Workbench, scene: &Scene) -> Vec<bool> {
    let frame = workbench.frame().and_then(|frame| frame.pool(&scene.pool));
    let down = |name: &str| {
        let health = frame.and_then(|pool| pool.server(name)).map(|server| server.health);
        matches!(health, Some(Health::Down | Health::Ejected))
    };
    scene.stand.roster.terms.iter().map(|terms| down(&terms.name)).collect()
}

/// What the drawn pool is asked about depends on how busy and how well its members are.
fn take_gauges(drawn: &Drawing, workbench: &Workbench, scene: &Scene) {
    use std::sync::atomic::Ordering::Relaxed;
    let Some(frame) = workbench.frame().and_then(|frame| frame.pool(&scene.pool)) else { return };
    for (index, member) in drawn.pool.members().iter().enumerate() {
        let Some(server) = frame.server(&member.name) else { continue };
        member.load.in_flight.store(server.in_flight, Relaxed);
        let dead = scene.stand.roster.dead.get(index).copied().unwrap_or(false);
        let health = if dead { Health::Down } else { server.health };
        if member.standing.health() != health {
            drawn.pool.set_health(index, health, 0);
        }
    }
}

/// The client groups that ask a pool, with nothing but what makes their keys.
fn clients(lab: &Lab, pool: &str) -> Vec<Client> {
    let leads_here = |listener: &str| {
        lab.listener(listener).is_some_and(|listener| {
            let routes = listener.routes_in_force();
            routes.iter().any(|route| route.to.pools().contains(&pool))
        })
    };
    let asks = lab.clients.iter().filter(|client| leads_here(&client.listener));
    asks.map(|client| Client { arrivals: Arrivals::default(), ..client.clone() }).collect()
}

/// What one more server would be called.
fn free_name(stand: &Stand) -> String {
    let taken = |name: &String| stand.roster.terms.iter().any(|terms| terms.name == *name);
    let letters = ('a'..='z').map(String::from);
    letters
        .chain((1..=MEMBERS_MAX).map(|number| format!("s{number}")))
        .find(|name| !taken(name))
        .unwrap_or_default()
}

/// The picture's part of the stage.
const PICTURE_PART: f32 = 0.42;
const COLUMNS: u64 = 44;
const MEMBERS_MAX: usize = crate::balance::pool::Pool::MEMBERS_MAX;

#[cfg(test)]
mod tests;
