//! Flow: connections as pipes, requests as dots, queues at the servers.
//!
//! Everything is drawn from the story for one moment, so Live, Paused and Playback are the same picture.
//! Reading order: `track` (where a request's dot is), `scene` (everything there is at a moment), `layout` (where things
//! stand), then what is drawn: `pipes`, `boxes`, `legend`; `hand` for what can be pointed at and clicked.

mod boxes;
mod curve;
mod hand;
mod lanes;
mod layout;
mod legend;
mod pen;
mod pipes;
mod question;
mod scene;
mod servers;
mod track;

use std::collections::VecDeque;
use std::sync::Arc;

use egui::{Rect, Ui, UiBuilder, vec2};

use self::boxes::Mark;
use self::layout::{Layout, Wanted};
use self::pen::Pen;
use self::pipes::Trace;
use self::scene::Scene;
pub(in crate::ui) use self::scene::Source;
use self::track::Id;
use super::empty_ui;
use crate::engine::Record;
use crate::ui::playhead::Playhead;
use crate::ui::selection::Selection;
use crate::ui::senders::Senders;
use crate::ui::signal::Signal;
use crate::ui::story::Story;
use crate::ui::view::Arrangement;
use crate::ui::widgets::hint;
use crate::ui::workbench::Workbench;

/// What Flow remembers from frame to frame.
#[derive(Default)]
pub(in crate::ui) struct Flow {
    prediction: question::Prediction,
    /// The client whose pipes are followed, by its row.
    traced: Option<usize>,
    hovered_lane: Option<usize>,
    /// The dot under the pointer when its button went down: it moves on before the button comes up.
    pressed: Option<Id>,
    /// Clicked before its record was there.
    wanted: Option<Id>,
    yours: Yours,
    /// One of how many requests is drawn, for the head.
    shown_of: u32,
}

/// The requests that people sent last.
#[derive(Default)]
struct Yours {
    seen: u64,
    last: VecDeque<Arc<Record>>,
}

/// How much of the picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Look {
    /// Addresses, notes and the legend; without them it fits into a lane of Compare.
    pub(in crate::ui) has_labels: bool,
    /// Nothing travels.
    pub(in crate::ui) is_still: bool,
    pub(in crate::ui) text_max: f32,
}

/// What was clicked.
#[derive(Debug, Clone)]
pub(in crate::ui) enum Clicked {
    Request(Arc<Record>),
    Server(String),
    /// The place of a pool that was not looked at.
    Pool(usize),
}

/// What stands at the right of the tabs: how true the picture is.
pub(super) fn head_ui(ui: &mut Ui, flow: &Flow, workbench: &Workbench) {
    let speed = match workbench.playhead {
        Playhead::Playback { speed, .. } if speed < 1.0 => {
            format!("dots slowed ×{:.0}", 1.0 / speed)
        }
        Playhead::Playback { speed, .. } if speed > 1.0 => format!("dots sped up ×{speed:.0}"),
        _ => "dots at real speed".to_owned(),
    };
    let motion = if workbench.view.reduced_motion { "nothing travels" } else { speed.as_str() };
    let shown = match flow.shown_of {
        0 | 1 => "every request shown".to_owned(),
        n => format!("1 of {n} shown"),
    };
    hint(ui, format!("{motion} · {shown}")).on_hover_text(
        "A dot waits exactly as long as its request did. The way between two boxes takes well under a millisecond, \
         too quick to be seen, so it is drawn as half a second and the picture is that much behind",
    );
}

pub(super) fn flow_ui(ui: &mut Ui, flow: &mut Flow, workbench: &mut Workbench) {
    let whole = ui.available_rect_before_wrap();
    if flow.traced.is_some() && workbench.take_signal(Signal::ClearTrace) {
        flow.traced = None;
    }
    if workbench.lab().pools.is_empty() {
        return empty_ui(ui, "No servers yet", "Add one at the left, or open a lab");
    }
    let is_present = workbench.view.arrangement == Arrangement::Present;
    let mut area = whole;
    if !is_present {
        area = area.shrink2(vec2(16.0, 10.0));
        let strip = UiBuilder::new().max_rect(area);
        let used = ui.scope_builder(strip, |ui| {
            question::question_ui(ui, &mut flow.prediction, workbench);
        });
        area.min.y += used.response.rect.height();
        area = Rect::from_x_y_ranges(whole.x_range(), area.y_range());
    }
    let look = Look {
        has_labels: true,
        is_still: workbench.view.reduced_motion,
        text_max: if is_present { 1.7 } else { 1.35 },
    };
    if let Some(clicked) = flow_in(ui, area, flow, source(workbench), look) {
        match clicked {
            Clicked::Request(record) => workbench.selection = Selection::Request(record),
            Clicked::Server(server) => {
                let pool = workbench.pool().map(|pool| pool.name.clone()).unwrap_or_default();
                workbench.selection = Selection::Server { pool, server };
            }
            Clicked::Pool(place) => workbench.pool_in_focus = place,
        }
    }
    ui.advance_cursor_after_rect(whole);
}

/// What the picture of the workbench's moment is made from. A moment that is past has no engine.
fn source(workbench: &Workbench) -> Source<'_> {
    let status = workbench.status.as_deref().filter(|_| workbench.playhead.is_live());
    Source {
        story: &workbench.story,
        lab: status.map_or_else(|| workbench.lab(), |status| &status.lab),
        status,
        badges: &workbench.badges,
        selection: &workbench.selection,
        moment_ns: workbench.moment_ns(),
        is_moving: !matches!(workbench.playhead, Playhead::Paused { .. }),
        focus: workbench.focus(),
    }
}

/// The picture in an area, for whoever has a story to show.
pub(in crate::ui) fn flow_in(
    ui: &Ui,
    area: Rect,
    flow: &mut Flow,
    source: Source<'_>,
    look: Look,
) -> Option<Clicked> {
    flow.yours.take_in(source.story, source.lab);
    let scene = Scene::at(source)?;
    flow.shown_of = scene.shown_of;
    let lanes = scene.lanes.all();
    let longest = lanes.iter().map(|lane| lane.label().chars().count()).max().unwrap_or(0);
    let layout = Layout::new(
        area,
        &Wanted {
            n_lanes: lanes.len(),
            pipes: pipes_of(&scene),
            n_others: scene.others.len(),
            labels: look.has_labels.then_some(longest),
            text_max: look.text_max,
        },
    );
    let trace = flow.hovered_lane.or(flow.traced).filter(|&lane| lane < lanes.len());
    let trace = trace.map(|lane| Trace { lane, served: scene.served(source, lane) });
    let hits = paint(&Pen::new(ui, area, &layout), &scene, source, (look, trace.as_ref()));
    if !look.is_still && scene.has_motion() && source.is_moving {
        ui.ctx().request_repaint();
    }
    hand::touch(
        ui,
        area,
        flow,
        &hand::Scenery { scene: &scene, layout: &layout, hits: &hits, source },
    )
}

/// Pipes for each server, as many as connections up to three. Small boxes have one.
fn pipes_of(scene: &Scene<'_>) -> Vec<usize> {
    let is_crowded = scene.servers.len() > CROWD;
    scene.servers.iter().map(|it| if is_crowded { 1 } else { it.n_pipes() }).collect()
}

/// Draws everything and gives back where the dots are.
fn paint(
    pen: &Pen<'_>,
    scene: &Scene<'_>,
    source: Source<'_>,
    (look, trace): (Look, Option<&Trace>),
) -> Vec<(egui::Pos2, usize)> {
    pipes::paint(pen, scene, trace);
    boxes::paint_balancer(pen, scene, look.has_labels);
    boxes::paint_clients(pen, scene, look.has_labels, trace);
    boxes::paint_others(pen, scene);
    for (number, server) in scene.servers.iter().enumerate() {
        let traced = trace.map(|trace| {
            let count = trace.served[number];
            (count, count == trace.served.iter().sum::<usize>())
        });
        let mark = Mark {
            is_selected: source.selection.is_server(scene.pool, &server.name),
            is_aside: traced.is_some_and(|(count, _)| count == 0),
            traced: traced.filter(|(count, _)| *count > 0),
        };
        boxes::paint_server(pen, server, pen.layout.servers[number], mark);
    }
    let mut hits = if look.is_still {
        pipes::paint_rates(pen, scene);
        Vec::new()
    } else {
        pipes::paint_dots(pen, scene, trace)
    };
    for number in 0..scene.servers.len() {
        hits.extend(boxes::paint_queue(pen, scene, number));
    }
    pipes::paint_stops(pen, scene);
    legend::paint(pen, scene, look.is_still);
    hits
}

impl Yours {
    /// Looks through what has come since the last look.
    fn take_in(&mut self, story: &Story, lab: &crate::lab::Lab) {
        let first = story.forgotten_requests();
        let end = first + story.requests().len() as u64;
        if self.seen > end {
            // Another story.
            *self = Self::default();
        }
        let from = self.seen.saturating_sub(first) as usize;
        self.seen = end;
        if from == story.requests().len() {
            return;
        }
        let senders = Senders::of(lab);
        for record in story.requests().range(from..).filter(|it| senders.sender_of(it).is_none()) {
            self.last.push_back(Arc::clone(record));
        }
        while self.last.len() > YOURS_MAX {
            self.last.pop_front();
        }
    }

    /// The newest that had come by a moment.
    fn newest(&self, moment_ns: u64) -> Option<&Arc<Record>> {
        self.last.iter().rev().find(|record| record.at_ns <= moment_ns)
    }
}

/// More servers than this have one pipe each.
const CROWD: usize = 8;
const YOURS_MAX: usize = 50;
