//! How a pool chooses: algorithm, key, stickiness, health, lines; and the proxy's threads.

use egui::Ui;

use super::choosing;
use super::fields::Optional;
use super::health::health_ui;
use super::part::Part;
use super::retries;
use crate::balance::pool::SlowStart;
use crate::engine::WORKERS;
use crate::lab::{
    AppCookie, InsertedCookie, Key, Lab, Pool, Queue, SourceTable, Stickiness, WorkerState,
};
use crate::ui::desk::Wrong;
use crate::ui::widgets::{Scale, Unit, caption_ui, card_ui, hint, note};
use crate::ui::words;
use crate::ui::workbench::Workbench;

pub(super) fn pool_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let focus = workbench.focus();
    let (draft, wrong) = workbench.desk.parts();
    if let Some(pool) = draft.pools.get_mut(focus) {
        let owner = pool.name.clone();
        let part = Part::new(&owner, wrong, format!("pools[{focus}]"));
        caption_ui(ui, "How it chooses", |ui| hint(ui, &owner));
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            choosing_ui(ui, &part, wrong, pool);
        });
        caption_ui(ui, "Health", |_| {});
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            health_ui(ui, &part.within("health"), &mut pool.health);
        });
        retries::retries_ui(ui, wrong, &owner, &mut draft.listeners);
    }
    caption_ui(ui, "Proxy", |_| {});
    card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        proxy_ui(ui, &Part::new("proxy", wrong, ""), draft);
    });
}

fn choosing_ui(ui: &mut Ui, part: &Part<'_>, wrong: Wrong<'_>, pool: &mut Pool) {
    let about = pool.algorithm.about();
    note(ui, format!("{}. Weights: {}", about.summary, about.weights));
    choosing::settings_ui(ui, wrong, &part.path_of("algorithm"), &mut pool.algorithm);
    if about.keyed {
        key_ui(ui, &part.within("key"), &mut pool.key);
    }
    stickiness_ui(ui, &part.within("stickiness"), &mut pool.stickiness);
    slow_start_ui(ui, &part.within("slow_start"), &mut pool.slow_start);
    panic_ui(ui, part, &mut pool.panic_below);
    line_ui(ui, &part.within("queue"), &mut pool.queue);
}

fn panic_ui(ui: &mut Ui, part: &Part<'_>, panic_below: &mut u32) {
    let hint = "with a smaller part of healthy servers their health is ignored; 0 % never is";
    let mut percent = f64::from(*panic_below);
    let default = f64::from(Pool::default().panic_below);
    let ways = (Scale::count(0.0, 100.0), Unit::Percent);
    part.field("panic_below", "Panic below", hint).number_ui(ui, ways, default, &mut percent);
    *panic_below = percent.round() as u32;
}

fn line_ui(ui: &mut Ui, part: &Part<'_>, queue: &mut Queue) {
    let default = Queue::default();
    let scale = Scale::Log { least: 0.0, most: 10_000.0 };
    let hint = "requests that may wait while every server is at its limit";
    part.field("limit", "Line", hint).count_ui(ui, scale, default.limit, &mut queue.limit);
    let hint = "a request that waited longer in the line is refused";
    let field = part.field("timeout", "Waits at most", hint);
    field.period_ui(ui, 60.0, default.timeout, &mut queue.timeout);
}

/// What a key-driven algorithm looks at.
fn key_ui(ui: &mut Ui, part: &Part<'_>, key: &mut Key) {
    let mut usual = words::key_choices(&Key::default());
    let names = usual.each_ref().map(|(name, _)| *name);
    let place_of = |key: &Key| usual.iter().position(|(_, it)| words::is_same_sort(it, key));
    let (default, mut place) = (place_of(&Key::default()), place_of(key).unwrap_or_default());
    let field = part.group("Key", "what of a request decides where it goes");
    if let Some(chosen) = field.choice_ui(ui, &names, default, place) {
        place = chosen;
        *key = usual[place].1.clone();
    }
    let default = words::key_name_mut(&mut usual[place].1).cloned();
    if let Some(name) = words::key_name_mut(key) {
        let field = part.field("", "Key name", "whose value in the request is the key");
        field.text_ui(ui, default.as_deref(), name);
    }
}

fn stickiness_ui(ui: &mut Ui, part: &Part<'_>, stickiness: &mut Stickiness) {
    let names = ["off", "own cookie", "app's cookie", "source address"];
    let (default, place) = (place_of(&Stickiness::default()), place_of(stickiness));
    let field = part.choice("", "Sticky", "what brings a client back to the server it had");
    if let Some(chosen) = field.choice_ui(ui, &names, Some(default), place) {
        *stickiness = match chosen {
            1 => Stickiness::Inserted(InsertedCookie::default()),
            2 => Stickiness::Application(AppCookie {
                name: APP_COOKIE.to_owned(),
                ..AppCookie::default()
            }),
            3 => Stickiness::Source(SourceTable::default()),
            _ => Stickiness::Off,
        };
    }
    let own = "the cookie that names a client's server";
    let app = "the application's own cookie that is remembered";
    let expiry = part.field("expiry", "Forgets after", "so long without a request");
    match stickiness {
        Stickiness::Off => {}
        Stickiness::Inserted(cookie) => {
            let default = InsertedCookie::default().name;
            part.field("name", "Cookie", own).text_ui(ui, Some(&default), &mut cookie.name);
        }
        Stickiness::Application(cookie) => {
            part.field("name", "Cookie", app).text_ui(ui, Some(APP_COOKIE), &mut cookie.name);
            expiry.period_ui(ui, HOUR_SECS, AppCookie::default().expiry, &mut cookie.expiry);
        }
        Stickiness::Source(table) => {
            expiry.period_ui(ui, HOUR_SECS, SourceTable::default().expiry, &mut table.expiry);
        }
    }
}

fn place_of(stickiness: &Stickiness) -> usize {
    match stickiness {
        Stickiness::Off => 0,
        Stickiness::Inserted(_) => 1,
        Stickiness::Application(_) => 2,
        Stickiness::Source(_) => 3,
    }
}

fn slow_start_ui(ui: &mut Ui, part: &Part<'_>, slow_start: &mut Option<SlowStart>) {
    let mut on = slow_start.is_some();
    let field = part.group("Slow start", "a server that comes back gets its share by and by");
    if field.switch_ui(ui, Pool::default().slow_start.is_some(), &mut on) {
        *slow_start = on.then(SlowStart::default);
    }
    if let Some(SlowStart { window, .. }) = slow_start {
        let field = part.field("window", "Full after", "how long it takes to get the whole share");
        field.period_ui(ui, 120.0, SlowStart::default().window, window);
    }
}

fn proxy_ui(ui: &mut Ui, part: &Part<'_>, lab: &mut Lab) {
    let Lab { workers, state, .. } = lab;
    let default = Lab::default();
    let absent = format!("one for each core, {WORKERS} at most");
    let scale = Scale::count(1.0, 8.0);
    let count = Optional { scale, default: default.workers, absent: &absent, fresh: 1 };
    let field = part.field("workers", "Workers", "threads of the proxy; 1 makes orders exact");
    field.optional_count_ui(ui, count, workers);
    let is_apart = |state| state == WorkerState::PerWorker;
    let mut apart = is_apart(*state);
    let hint = "each worker for itself, as NGINX without a zone and Envoy do";
    let field = part.field("state", "Count apart", hint);
    if field.switch_ui(ui, is_apart(default.state), &mut apart) {
        *state = if apart { WorkerState::PerWorker } else { WorkerState::Shared };
    }
}

/// There is no name that all applications use.
const APP_COOKIE: &str = "session";
const HOUR_SECS: f64 = 3_600.0;
