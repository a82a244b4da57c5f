//! What goes wrong at a mock: the odds of each kind, as sliders.

use egui::Ui;

use super::fields::Field;
use crate::model::{FailureKind, FailureOdds, Failures};
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

pub(super) fn failures_ui(ui: &mut Ui, owner: &str, failures: &mut Failures) {
    for (label, kind, hint) in KINDS {
        let mut odds = failures.odds(kind);
        let before = odds;
        let field = Field::new(owner, label).hint(hint);
        field.number_ui(ui, (ODDS, Unit::Share), 0.0, &mut odds);
        if odds != before {
            failures.set(FailureOdds { kind, odds });
        }
    }
    if failures.slow_body > 0.0 {
        let field = Field::new(owner, "Slow for").hint("how long a slow body takes");
        field.period_ui(ui, 60.0, Period::from_secs(5), &mut failures.slow_body_lasts);
    }
}

/// All odds together, for the card that shows no more than that.
pub(super) fn total(failures: &Failures) -> f64 {
    let befalling = KINDS.iter().filter(|(_, kind, _)| *kind != FailureKind::WrongHealth);
    let others = failures.status.iter().filter(|(code, _)| **code != 500).map(|(_, odds)| odds);
    befalling.map(|(_, kind, _)| failures.odds(*kind)).sum::<f64>() + others.sum::<f64>()
}

const ODDS: Scale = Scale::Linear { least: 0.0, most: 1.0, step: 0.01 };
const KINDS: [(&str, FailureKind, &str); 7] = [
    ("Status 500", FailureKind::Status(500), "answers with an error"),
    ("Refuse", FailureKind::Refuse, "does not accept the connection"),
    ("Reset", FailureKind::Reset, "breaks the connection before the answer"),
    ("Hang", FailureKind::Hang, "never answers"),
    ("Cut body", FailureKind::CloseMidBody, "ends the connection in the middle of the body"),
    ("Slow body", FailureKind::SlowBody, "lets the body trickle"),
    ("False health", FailureKind::WrongHealth, "tells health checks that it is unwell"),
];
