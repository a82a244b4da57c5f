//! How a pool chooses: algorithm, key, stickiness, health, retries, lines; and the proxy's threads.

use egui::Ui;

use super::choosing;
use super::fields::Field;
use super::health::health_ui;
use crate::balance::pool::SlowStart;
use crate::lab::{
    AppCookie, InsertedCookie, Key, Lab, Pool, Retries, RetryOn, SourceTable, Stickiness,
    WorkerState,
};
use crate::period::Period;
use crate::ui::desk::Wrong;
use crate::ui::widgets::{Scale, Unit, caption_ui, card_ui, hint, note};
use crate::ui::workbench::Workbench;

pub(super) fn pool_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let focus = workbench.focus();
    let (draft, wrong) = workbench.desk.parts();
    if let Some(pool) = draft.pools.get_mut(focus) {
        let path = format!("pools[{focus}]");
        caption_ui(ui, "How it chooses", |ui| hint(ui, &pool.name));
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            choosing_ui(ui, pool, wrong, &path);
        });
        caption_ui(ui, "Health", |_| {});
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let owner = pool.name.clone();
            health_ui(ui, &owner, &mut pool.health);
        });
    }
    if let Some(route) = draft.listeners.iter_mut().flat_map(|it| &mut it.routes).next() {
        caption_ui(ui, "Retries", |_| {});
        card_ui(ui, |ui| retries_ui(ui, &mut route.retries));
    }
    caption_ui(ui, "Proxy", |_| {});
    card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        proxy_ui(ui, draft, wrong);
    });
}

fn choosing_ui(ui: &mut Ui, pool: &mut Pool, wrong: Wrong<'_>, path: &str) {
    let owner = pool.name.clone();
    let about = pool.algorithm.about();
    note(ui, format!("{}. Weights: {}", about.summary, about.weights));
    choosing::settings_ui(ui, &mut pool.algorithm);
    if let Some(why) = wrong.words_at(&format!("{path}.algorithm")) {
        ui.colored_label(crate::ui::theme::Theme::of(ui).err, why);
    }
    if about.keyed {
        key_ui(ui, &owner, &mut pool.key);
    }
    stickiness_ui(ui, &owner, &mut pool.stickiness);
    slow_start_ui(ui, &owner, &mut pool.slow_start);
    Field::new(&owner, "Panic below")
        .hint("per cent of healthy servers below which their health is ignored; 0 never")
        .wrong(wrong.words_at(&format!("{path}.panic_below")))
        .count_ui(ui, Scale::count(0.0, 100.0), 0, &mut pool.panic_below);
    Field::new(&owner, "Line")
        .hint("requests that may wait while every server is at its limit")
        .wrong(wrong.words_at(&format!("{path}.queue.limit")))
        .count_ui(ui, Scale::Log { least: 0.0, most: 10_000.0 }, 1_024, &mut pool.queue.limit);
    let patience = Period::from_secs(5);
    Field::new(&owner, "Waits at most").period_ui(ui, 60.0, patience, &mut pool.queue.timeout);
}

/// What a key-driven algorithm looks at.
pub(super) fn key_ui(ui: &mut Ui, owner: &str, key: &mut Key) {
    let (place, name) = match &mut *key {
        Key::Address => (0, None),
        Key::Header(name) => (1, Some(name)),
        Key::Cookie(name) => (2, Some(name)),
        Key::Query(name) => (3, Some(name)),
        Key::Path => (4, None),
        Key::Uri => (5, None),
        Key::Sni => (6, None),
    };
    if let Some(name) = name {
        Field::new(owner, "Key name").text_ui(ui, name);
    }
    let names = ["address", "header", "cookie", "query", "path", "whole URI", "SNI"];
    if let Some(chosen) = Field::new(owner, "Key").choice_ui(ui, place, &names) {
        *key = match chosen {
            1 => Key::Header("x-key".to_owned()),
            2 => Key::Cookie("session".to_owned()),
            3 => Key::Query("key".to_owned()),
            4 => Key::Path,
            5 => Key::Uri,
            6 => Key::Sni,
            _ => Key::Address,
        };
    }
}

fn stickiness_ui(ui: &mut Ui, owner: &str, stickiness: &mut Stickiness) {
    let place = match stickiness {
        Stickiness::Off => 0,
        Stickiness::Inserted(_) => 1,
        Stickiness::Application(_) => 2,
        Stickiness::Source(_) => 3,
    };
    let names = ["off", "own cookie", "app's cookie", "source address"];
    if let Some(chosen) = Field::new(owner, "Sticky").choice_ui(ui, place, &names) {
        *stickiness = match chosen {
            1 => Stickiness::Inserted(InsertedCookie::default()),
            2 => Stickiness::Application(AppCookie {
                name: "session".to_owned(),
                ..AppCookie::default()
            }),
            3 => Stickiness::Source(SourceTable::default()),
            _ => Stickiness::Off,
        };
    }
    let minutes = Period::from_secs(600);
    match stickiness {
        Stickiness::Off => {}
        Stickiness::Inserted(cookie) => Field::new(owner, "Cookie").text_ui(ui, &mut cookie.name),
        Stickiness::Application(cookie) => {
            Field::new(owner, "Cookie").text_ui(ui, &mut cookie.name);
            Field::new(owner, "Forgets after").period_ui(ui, 3_600.0, minutes, &mut cookie.expiry);
        }
        Stickiness::Source(table) => {
            Field::new(owner, "Forgets after").period_ui(ui, 3_600.0, minutes, &mut table.expiry);
        }
    }
}

fn slow_start_ui(ui: &mut Ui, owner: &str, slow_start: &mut Option<SlowStart>) {
    let mut on = slow_start.is_some();
    let field = Field::new(owner, "Slow start");
    if field.hint("a server that comes back gets its share by and by").switch_ui(ui, &mut on) {
        *slow_start = on.then(SlowStart::default);
    }
    if let Some(SlowStart { window, .. }) = slow_start {
        Field::new(owner, "Full after").period_ui(ui, 120.0, Period::from_secs(10), window);
    }
}

fn retries_ui(ui: &mut Ui, retries: &mut Retries) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let Retries { attempts, on, budget, per_try_timeout, .. } = retries;
    let tries = Field::new("retries", "Tries").hint("the first included; 1 never tries again");
    tries.count_ui(ui, Scale::count(1.0, 10.0), 3, attempts);
    let reasons = [
        ("No connection", RetryOn::Connect),
        ("Reset", RetryOn::Reset),
        ("Too late", RetryOn::Timeout),
        ("502, 503, 504", RetryOn::GatewayError),
        ("Any 5xx", RetryOn::ServerError),
    ];
    for (label, reason) in reasons {
        let mut wanted = on.contains(&reason);
        if Field::new("retries on", label).switch_ui(ui, &mut wanted) {
            on.retain(|it| *it != reason);
            on.extend(wanted.then_some(reason));
        }
    }
    let mut limited = per_try_timeout.is_some();
    if Field::new("retries", "Limit a try").switch_ui(ui, &mut limited) {
        *per_try_timeout = limited.then_some(Period::from_secs(1));
    }
    if let Some(limit) = per_try_timeout {
        Field::new("retries", "A try takes").period_ui(ui, 30.0, Period::from_secs(1), limit);
    }
    let scale = Scale::Linear { least: 0.0, most: 100.0, step: 1.0 };
    let field = Field::new("retries", "Budget").hint("per cent of the requests in flight");
    field.number_ui(ui, (scale, Unit::Count), 20.0, &mut budget.percent);
}

fn proxy_ui(ui: &mut Ui, lab: &mut Lab, wrong: Wrong<'_>) {
    let Lab { workers, state, .. } = lab;
    Field::new("proxy", "Workers")
        .hint("threads; 1 makes orders exact")
        .wrong(wrong.words_at("workers"))
        .optional_count_ui(ui, Scale::count(1.0, 8.0), 1, workers);
    let mut alone = *state == WorkerState::PerWorker;
    let field = Field::new("proxy", "Count apart");
    if field
        .hint("each worker for itself, as NGINX without a zone and Envoy do")
        .switch_ui(ui, &mut alone)
    {
        *state = if alone { WorkerState::PerWorker } else { WorkerState::Shared };
    }
}
