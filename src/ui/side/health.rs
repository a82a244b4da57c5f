//! How a pool notices that a server is not well.

use egui::Ui;

use super::part::Part;
use crate::balance::health::Breaker;
use crate::lab::{ActiveCheck, Health, Probe};
use crate::ui::widgets::{Scale, Unit};

pub(super) fn health_ui(ui: &mut Ui, part: &Part<'_>, health: &mut Health) {
    let Health { active, passive, ejection, breaker } = health;
    let default = Health::default();
    let mut on = active.is_some();
    let checks = part.group("Health checks", "asks each server now and then");
    if checks.switch_ui(ui, default.active.is_some(), &mut on) {
        *active = on.then(ActiveCheck::default);
    }
    if let Some(check) = active {
        active_ui(ui, &part.within("active"), check);
    }
    let hint = "failures in a row of real requests; 0 never ejects";
    part.field("passive.consecutive_failures", "Eject after", hint).count_ui(
        ui,
        Scale::count(0.0, 20.0),
        default.passive.consecutive_failures,
        &mut passive.consecutive_failures,
    );
    part.group("5xx are failures", "an answer such as 503 counts as a failed request").switch_ui(
        ui,
        default.passive.count_server_errors,
        &mut passive.count_server_errors,
    );
    part.field("ejection.base", "Ejected for", "times as often as it was ejected before")
        .period_ui(ui, 300.0, default.ejection.base, &mut ejection.base);
    let mut on = breaker.is_some();
    let field = part.group("Circuit breaker", "opens when too much fails, then lets a few try");
    if field.switch_ui(ui, default.breaker.is_some(), &mut on) {
        *breaker = on.then(Breaker::default);
    }
    if let Some(breaker) = breaker {
        let ways = (Scale::Linear { least: 1.0, most: 100.0, step: 1.0 }, Unit::Percent);
        let default = Breaker::default().failure_percent;
        part.field("breaker.failure_percent", "Opens at", "the part of requests that fails")
            .number_ui(ui, ways, default, &mut breaker.failure_percent);
    }
}

fn active_ui(ui: &mut Ui, part: &Part<'_>, check: &mut ActiveCheck) {
    let default = ActiveCheck::default();
    let field = part.choice("probe", "Asks by", "what a server has to answer to be well");
    let (fresh, current) = (place_of(&default.probe), place_of(&check.probe));
    if let Some(chosen) = field.choice_ui(ui, &["TCP", "HTTP", "gRPC"], Some(fresh), current) {
        check.probe = match chosen {
            1 => Probe::Http { path: ROOT.to_owned(), status: (200, 399), body: None, host: None },
            2 => Probe::Grpc { service: String::new() },
            _ => Probe::Tcp,
        };
    }
    if let Probe::Http { path, .. } = &mut check.probe {
        let field = part.field("probe.path", "Path", "what is asked for; 2xx and 3xx are good");
        field.text_ui(ui, Some(ROOT), path);
    }
    let every = part.field("interval", "Every", "from one check to the next");
    every.period_ui(ui, 60.0, default.interval, &mut check.interval);
    let within = part.field("timeout", "Within", "an answer that takes longer is a bad one");
    within.period_ui(ui, 10.0, default.timeout, &mut check.timeout);
    let few = Scale::count(1.0, 10.0);
    let fall = part.field("fall", "Down after", "bad answers in a row");
    fall.count_ui(ui, few, default.fall, &mut check.fall);
    let rise = part.field("rise", "Up after", "good answers in a row");
    rise.count_ui(ui, few, default.rise, &mut check.rise);
}

fn place_of(probe: &Probe) -> usize {
    match probe {
        Probe::Tcp => 0,
        Probe::Http { .. } => 1,
        Probe::Grpc { .. } => 2,
    }
}

const ROOT: &str = "/";
