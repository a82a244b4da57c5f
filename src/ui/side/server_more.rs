//! The rest of a server's card: where it comes from, how much it can take, what goes wrong.

use egui::Ui;

use super::fields::Optional;
use super::part::Part;
use super::{failures, latency};
use crate::lab::{Command, Server};
use crate::model::{Behaviour, SlowSpells, WarmUp};
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit, hint};

pub(super) fn server_more_ui(ui: &mut Ui, part: &Part<'_>, server: &mut Server) {
    if let Some(address) = &mut server.address {
        let field = part.field("address", "Address", "where it listens, as 127.0.0.1:3000");
        field.text_ui(ui, None, address);
    }
    if let Some(command) = &mut server.command {
        command_ui(ui, &part.within("command"), command);
    }
    if let Some(mock) = &mut server.mock {
        mock_ui(ui, &part.within("mock"), mock);
    }
    taken_ui(ui, part, server);
    part.field("priority", "Priority", "0 serves first, 1 is in reserve").count_ui(
        ui,
        Scale::count(0.0, 4.0),
        Server::default().priority,
        &mut server.priority,
    );
}

fn command_ui(ui: &mut Ui, part: &Part<'_>, command: &mut Command) {
    let field = part.field("line", "Command", "program and arguments; {port} stands for its port");
    field.text_ui(ui, None, &mut command.line);
    part.field("copies", "Copies", "how many of it run side by side").count_ui(
        ui,
        Scale::count(1.0, 16.0),
        Command::default().copies,
        &mut command.copies,
    );
}

/// How much of the traffic it is sent.
pub(super) fn weight_ui(ui: &mut Ui, part: &Part<'_>, hint: &str, server: &mut Server) {
    let field = part.field("weight", "Weight", hint.to_owned());
    field.count_ui(ui, Scale::count(0.0, 10.0), Server::default().weight, &mut server.weight);
}

/// How much it is sent at once.
pub(super) fn taken_ui(ui: &mut Ui, part: &Part<'_>, server: &mut Server) {
    let hint = "requests at once that the proxy sends to it; others wait in the pool's line";
    let default = Server::default().concurrency;
    let field = part.field("concurrency", "Sent at most", hint);
    field.optional_count_ui(ui, limit(default), &mut server.concurrency);
}

fn mock_ui(ui: &mut Ui, part: &Part<'_>, mock: &mut Behaviour) {
    let default = Behaviour::default();
    latency::spread_ui(ui, &part.within("latency"), &mut mock.latency);
    let hint_text = "requests it works on at once; others wait in its own queue";
    part.field("concurrency_limit", "Capacity", hint_text).optional_count_ui(
        ui,
        limit(default.concurrency_limit),
        &mut mock.concurrency_limit,
    );
    if mock.concurrency_limit.is_some() {
        let hint = "requests that may wait in it; the next is refused";
        let scale = Scale::Log { least: 0.0, most: 10_000.0 };
        let field = part.field("queue_limit", "Queue", hint);
        field.count_ui(ui, scale, default.queue_limit, &mut mock.queue_limit);
    }
    warm_up_ui(ui, &part.within("warm_up"), &mut mock.warm_up);
    slow_spells_ui(ui, &part.within("slow_spells"), &mut mock.slow_spells);
    hint(ui, "What goes wrong");
    failures::failures_ui(ui, &part.within("failures"), &mut mock.failures);
}

fn warm_up_ui(ui: &mut Ui, part: &Part<'_>, warm_up: &mut Option<WarmUp>) {
    let mut on = warm_up.is_some();
    let field = part.group("Warm-up", "slow at first, after a start or a revival");
    if field.switch_ui(ui, Behaviour::default().warm_up.is_some(), &mut on) {
        *warm_up = on.then_some(WARM_UP);
    }
    if let Some(WarmUp { over, factor }) = warm_up {
        let field = part.field("over", "Warm after", "how long it takes to be as fast as ever");
        field.period_ui(ui, 120.0, WARM_UP.over, over);
        let field = part.field("factor", "Cold", "how many times as long it takes at the start");
        field.number_ui(ui, (FACTOR, Unit::Factor), WARM_UP.factor, factor);
    }
}

fn slow_spells_ui(ui: &mut Ui, part: &Part<'_>, spells: &mut Option<SlowSpells>) {
    let mut on = spells.is_some();
    let field = part.group("Slow spells", "slow times that come back");
    if field.switch_ui(ui, Behaviour::default().slow_spells.is_some(), &mut on) {
        *spells = on.then_some(SPELLS);
    }
    if let Some(SlowSpells { every, lasting, factor }) = spells {
        let field = part.field("every", "Every", "from one slow spell to the next");
        field.period_ui(ui, 120.0, SPELLS.every, every);
        let field = part.field("for", "Lasting", "how long a slow spell takes");
        field.period_ui(ui, 60.0, SPELLS.lasting, lasting);
        let field = part.field("factor", "Slower", "how many times as long it takes in a spell");
        field.number_ui(ui, (FACTOR, Unit::Factor), SPELLS.factor, factor);
    }
}

fn limit(default: Option<u32>) -> Optional<'static> {
    Optional { scale: Scale::count(1.0, 64.0), default, absent: "without a limit", fresh: 4 }
}

const FACTOR: Scale = Scale::Log { least: 0.1, most: 100.0 };
/// What they are when they are switched on; the lab knows none by default.
const WARM_UP: WarmUp = WarmUp { over: Period::from_secs(10), factor: 5.0 };
const SPELLS: SlowSpells =
    SlowSpells { every: Period::from_secs(20), lasting: Period::from_secs(5), factor: 10.0 };
