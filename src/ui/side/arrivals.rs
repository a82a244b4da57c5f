//! When a client group sends: in a closed loop of users, or by the clock.

use egui::Ui;

use super::fields::Field;
use super::latency;
use crate::model::{Arrivals, Latency};
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

/// The number that is dragged most: users of a closed loop, the rate of an open one.
pub(super) fn rate_ui(ui: &mut Ui, field: Field<'_>, arrivals: &mut Arrivals) {
    let rate = match arrivals {
        Arrivals::Closed { users, .. } => {
            let field = Field { label: "Users", ..field };
            let hint = "each sends, waits for the answer, thinks, and sends again";
            return field.hint(hint).count_ui(ui, USERS, 10, users);
        }
        Arrivals::Steady { per_second }
        | Arrivals::Poisson { per_second }
        | Arrivals::Bursts { per_second, .. } => per_second,
        Arrivals::Ramp { to, .. } => to,
        Arrivals::Diurnal { high, .. } => high,
    };
    field.hint("requests a second").number_ui(ui, (RATE, Unit::PerSecond), 100.0, rate);
}

/// Of which kind it is, and what else that kind has.
pub(super) fn kind_ui(ui: &mut Ui, owner: &str, arrivals: &mut Arrivals) {
    let place = place_of(arrivals);
    if let Some(chosen) = Field::new(owner, "Arrivals").choice_ui(ui, place, &KINDS) {
        *arrivals = made(chosen, rate_of(arrivals));
    }
    match arrivals {
        Arrivals::Closed { think, .. } => {
            latency::middle_ui(ui, Field::new(owner, "Think"), think);
        }
        Arrivals::Bursts { size, .. } => {
            let field = Field::new(owner, "Burst").hint("requests at once");
            field.count_ui(ui, Scale::count(1.0, 100.0), 10, size);
        }
        Arrivals::Ramp { from, over, .. } => {
            Field::new(owner, "From").number_ui(ui, (RATE, Unit::PerSecond), 0.0, from);
            Field::new(owner, "Over").period_ui(ui, 600.0, Period::from_secs(60), over);
        }
        Arrivals::Diurnal { low, period, .. } => {
            Field::new(owner, "Low").number_ui(ui, (RATE, Unit::PerSecond), 0.0, low);
            Field::new(owner, "Day").period_ui(ui, 600.0, Period::from_secs(60), period);
        }
        Arrivals::Steady { .. } | Arrivals::Poisson { .. } => {}
    }
}

fn place_of(arrivals: &Arrivals) -> usize {
    match arrivals {
        Arrivals::Poisson { .. } => 0,
        Arrivals::Steady { .. } => 1,
        Arrivals::Closed { .. } => 2,
        Arrivals::Bursts { .. } => 3,
        Arrivals::Ramp { .. } => 4,
        Arrivals::Diurnal { .. } => 5,
    }
}

/// About how many a second; of a closed loop that is an outcome, so a user counts for one.
fn rate_of(arrivals: &Arrivals) -> f64 {
    match *arrivals {
        Arrivals::Closed { users, .. } => f64::from(users),
        Arrivals::Steady { per_second }
        | Arrivals::Poisson { per_second }
        | Arrivals::Bursts { per_second, .. } => per_second,
        Arrivals::Ramp { to, .. } => to,
        Arrivals::Diurnal { high, .. } => high,
    }
}

fn made(place: usize, per_second: f64) -> Arrivals {
    match place {
        1 => Arrivals::Steady { per_second },
        2 => Arrivals::Closed {
            users: per_second.clamp(1.0, 1_000.0) as u32,
            think: Latency::Exponential { mean: Period::from_secs(1) },
        },
        3 => Arrivals::Bursts { per_second, size: 10 },
        4 => Arrivals::Ramp { from: 0.0, to: per_second, over: Period::from_secs(60) },
        5 => Arrivals::Diurnal {
            low: per_second / 10.0,
            high: per_second,
            period: Period::from_secs(60),
        },
        _ => Arrivals::Poisson { per_second },
    }
}

const KINDS: [&str; 6] = ["Poisson", "Steady", "Closed loop", "Bursts", "Ramp", "Day and night"];
const RATE: Scale = Scale::Log { least: 0.5, most: 5_000.0 };
const USERS: Scale = Scale::Log { least: 1.0, most: 1_000.0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_right_and_keeps_the_rate() {
        for place in 0..KINDS.len() {
            let arrivals = made(place, 40.0);
            assert_eq!((place_of(&arrivals), rate_of(&arrivals)), (place, 40.0));
            assert_eq!(arrivals.flaws(), [], "{arrivals:?}");
        }
    }
}
