//! The rest of a server's card: where it comes from, how much it can take, what goes wrong.

use egui::Ui;

use super::fields::Field;
use super::{failures, latency};
use crate::lab::Server;
use crate::model::{Behaviour, SlowSpells, WarmUp};
use crate::period::Period;
use crate::ui::desk::Wrong;
use crate::ui::widgets::{Scale, Unit, hint};

pub(super) fn server_more_ui(ui: &mut Ui, server: &mut Server, wrong: Wrong<'_>, path: &str) {
    let owner = server.name.clone();
    let at = |field: &str| wrong.words_at(&format!("{path}.{field}"));
    let Server { address, mock, command, concurrency, priority, .. } = server;
    if let Some(address) = address {
        Field::new(&owner, "Address").wrong(at("address")).text_ui(ui, address);
    }
    if let Some(command) = command {
        Field::new(&owner, "Command").wrong(at("command")).text_ui(ui, &mut command.line);
        let scale = Scale::count(1.0, 16.0);
        Field::new(&owner, "Copies").count_ui(ui, scale, 1, &mut command.copies);
    }
    if let Some(mock) = mock {
        mock_ui(ui, &owner, mock, wrong, &format!("{path}.mock"));
    }
    Field::new(&owner, "Sent at most")
        .hint("requests at once that the proxy sends to it; others wait in the pool's line")
        .wrong(at("concurrency"))
        .optional_count_ui(ui, Scale::count(1.0, 64.0), 4, concurrency);
    Field::new(&owner, "Priority")
        .hint("0 serves first, 1 is in reserve")
        .wrong(at("priority"))
        .count_ui(ui, Scale::count(0.0, 4.0), 0, priority);
}

fn mock_ui(ui: &mut Ui, owner: &str, mock: &mut Behaviour, wrong: Wrong<'_>, path: &str) {
    let at = |field: &str| wrong.words_at(&format!("{path}.{field}"));
    latency::spread_ui(ui, owner, &mut mock.latency);
    Field::new(owner, "Capacity")
        .hint("requests it works on at once; others wait in its own queue")
        .wrong(at("concurrency_limit"))
        .optional_count_ui(ui, Scale::count(1.0, 64.0), 4, &mut mock.concurrency_limit);
    if mock.concurrency_limit.is_some() {
        Field::new(owner, "Queue")
            .hint("requests that may wait in it; the next is refused")
            .wrong(at("queue_limit"))
            .count_ui(ui, Scale::Log { least: 0.0, most: 10_000.0 }, 1_000, &mut mock.queue_limit);
    }
    warm_up_ui(ui, owner, &mut mock.warm_up);
    slow_spells_ui(ui, owner, &mut mock.slow_spells);
    hint(ui, "What goes wrong");
    failures::failures_ui(ui, owner, &mut mock.failures);
}

fn warm_up_ui(ui: &mut Ui, owner: &str, warm_up: &mut Option<WarmUp>) {
    let mut on = warm_up.is_some();
    let field = Field::new(owner, "Warm-up").hint("slow at first, after a start or a revival");
    if field.switch_ui(ui, &mut on) {
        *warm_up = on.then_some(WarmUp { over: Period::from_secs(10), factor: 5.0 });
    }
    if let Some(WarmUp { over, factor }) = warm_up {
        Field::new(owner, "Warm after").period_ui(ui, 120.0, Period::from_secs(10), over);
        Field::new(owner, "Cold").number_ui(ui, (FACTOR, Unit::Factor), 5.0, factor);
    }
}

fn slow_spells_ui(ui: &mut Ui, owner: &str, spells: &mut Option<SlowSpells>) {
    let mut on = spells.is_some();
    if Field::new(owner, "Slow spells").hint("slow times that come back").switch_ui(ui, &mut on) {
        *spells = on.then_some(SlowSpells {
            every: Period::from_secs(20),
            lasting: Period::from_secs(5),
            factor: 10.0,
        });
    }
    if let Some(SlowSpells { every, lasting, factor }) = spells {
        Field::new(owner, "Every").period_ui(ui, 120.0, Period::from_secs(20), every);
        Field::new(owner, "Lasting").period_ui(ui, 60.0, Period::from_secs(5), lasting);
        Field::new(owner, "Slower").number_ui(ui, (FACTOR, Unit::Factor), 10.0, factor);
    }
}

const FACTOR: Scale = Scale::Log { least: 0.1, most: 100.0 };
