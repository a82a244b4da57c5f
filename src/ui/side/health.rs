//! How a pool notices that a server is not well.

use egui::Ui;

use super::fields::Field;
use crate::balance::health::Breaker;
use crate::lab::{ActiveCheck, Health, Probe};
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

pub(super) fn health_ui(ui: &mut Ui, owner: &str, health: &mut Health) {
    let Health { active, passive, ejection, breaker } = health;
    let mut on = active.is_some();
    if Field::new(owner, "Health checks")
        .hint("asks each server now and then")
        .switch_ui(ui, &mut on)
    {
        *active = on.then(ActiveCheck::default);
    }
    if let Some(check) = active {
        active_ui(ui, owner, check);
    }
    let scale = Scale::count(0.0, 20.0);
    Field::new(owner, "Eject after")
        .hint("failures in a row of real requests; 0 never ejects")
        .count_ui(ui, scale, 5, &mut passive.consecutive_failures);
    Field::new(owner, "5xx are failures").switch_ui(ui, &mut passive.count_server_errors);
    Field::new(owner, "Ejected for").hint("times as often as it was ejected before").period_ui(
        ui,
        300.0,
        Period::from_secs(30),
        &mut ejection.base,
    );
    let mut on = breaker.is_some();
    let field = Field::new(owner, "Circuit breaker");
    if field.hint("opens when too much fails, then lets a few try").switch_ui(ui, &mut on) {
        *breaker = on.then(Breaker::default);
    }
    if let Some(breaker) = breaker {
        let scale = Scale::Linear { least: 1.0, most: 100.0, step: 1.0 };
        let unit = Unit::Count;
        let field = Field::new(owner, "Opens at").hint("per cent of requests that fail");
        field.number_ui(ui, (scale, unit), 50.0, &mut breaker.failure_percent);
    }
}

fn active_ui(ui: &mut Ui, owner: &str, check: &mut ActiveCheck) {
    let place = match &check.probe {
        Probe::Tcp => 0,
        Probe::Http { .. } => 1,
        Probe::Grpc { .. } => 2,
    };
    if let Some(chosen) =
        Field::new(owner, "Asks by").choice_ui(ui, place, &["TCP", "HTTP", "gRPC"])
    {
        check.probe = match chosen {
            1 => Probe::Http { path: "/".to_owned(), status: (200, 399), body: None, host: None },
            2 => Probe::Grpc { service: String::new() },
            _ => Probe::Tcp,
        };
    }
    if let Probe::Http { path, .. } = &mut check.probe {
        Field::new(owner, "Path").text_ui(ui, path);
    }
    let defaults = ActiveCheck::default();
    Field::new(owner, "Every").period_ui(ui, 60.0, defaults.interval, &mut check.interval);
    Field::new(owner, "Within").period_ui(ui, 10.0, defaults.timeout, &mut check.timeout);
    let few = Scale::count(1.0, 10.0);
    let fall = Field::new(owner, "Down after").hint("bad answers in a row");
    fall.count_ui(ui, few, defaults.fall, &mut check.fall);
    let rise = Field::new(owner, "Up after").hint("good answers in a row");
    rise.count_ui(ui, few, defaults.rise, &mut check.rise);
}
