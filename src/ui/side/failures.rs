//! What goes wrong at a mock: the odds of each kind, as sliders.

use egui::Ui;

use super::part::Part;
use crate::model::{FailureKind, FailureOdds, Failures};
use crate::ui::widgets::{Scale, Unit};

pub(super) fn failures_ui(ui: &mut Ui, part: &Part<'_>, failures: &mut Failures) {
    let default = Failures::default();
    // Each may be right and all of them together still be too much.
    part.itself_ui(ui);
    for (label, name, kind, hint) in KINDS {
        let mut odds = failures.odds(kind);
        let before = odds;
        let field = part.field(name, label, hint);
        field.number_ui(ui, (ODDS, Unit::Share), default.odds(kind), &mut odds);
        if odds != before {
            failures.set(FailureOdds { kind, odds });
        }
    }
    if failures.slow_body > 0.0 {
        let field = part.field("slow_body_lasts", "Slow for", "how long a slow body takes");
        field.period_ui(ui, 60.0, default.slow_body_lasts, &mut failures.slow_body_lasts);
    }
}

/// All odds together, for the card that shows no more than that.
pub(super) fn total(failures: &Failures) -> f64 {
    let befalling = KINDS.iter().filter(|(_, _, kind, _)| *kind != FailureKind::WrongHealth);
    let others = failures.status.iter().filter(|(code, _)| **code != 500).map(|(_, odds)| odds);
    befalling.map(|(_, _, kind, _)| failures.odds(*kind)).sum::<f64>() + others.sum::<f64>()
}

const ODDS: Scale = Scale::Linear { least: 0.0, most: 1.0, step: 0.01 };
/// What each is called here and in the lab, and what it does.
const KINDS: [(&str, &str, FailureKind, &str); 7] = [
    ("Status 500", "status[500]", FailureKind::Status(500), "answers with an error"),
    ("Refuse", "refuse", FailureKind::Refuse, "does not accept the connection"),
    ("Reset", "reset", FailureKind::Reset, "breaks the connection before the answer"),
    ("Hang", "hang", FailureKind::Hang, "never answers"),
    (
        "Cut body",
        "close_mid_body",
        FailureKind::CloseMidBody,
        "ends the connection in the middle of the body",
    ),
    ("Slow body", "slow_body", FailureKind::SlowBody, "lets the body trickle"),
    (
        "False health",
        "wrong_health",
        FailureKind::WrongHealth,
        "tells health checks that it is unwell",
    ),
];
