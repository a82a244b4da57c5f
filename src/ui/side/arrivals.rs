//! When a client group sends: in a closed loop of users, or by the clock.

use egui::Ui;

use super::latency;
use super::part::Part;
use crate::model::{Arrivals, Latency};
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

/// The number that is dragged most: users of a closed loop, the rate of an open one. Alone it says whatever is wrong
/// with the arrivals; else the fields of [`kind_ui`] say what is wrong with them.
pub(super) fn rate_ui(ui: &mut Ui, part: &Part<'_>, arrivals: &mut Arrivals, alone: bool) {
    let place = |name| if alone { "" } else { name };
    let default = rate_of(&Arrivals::default());
    let (name, rate) = match arrivals {
        Arrivals::Closed { users, .. } => {
            let hint = "each sends, waits for the answer, thinks, and sends again";
            let field = part.field(place("users"), "Users", hint);
            return field.count_ui(ui, USERS, default as u32, users);
        }
        Arrivals::Steady { per_second }
        | Arrivals::Poisson { per_second }
        | Arrivals::Bursts { per_second, .. } => ("per_second", per_second),
        Arrivals::Ramp { to, .. } => ("to", to),
        Arrivals::Diurnal { high, .. } => ("high", high),
    };
    let field = part.field(place(name), "Rate", "requests a second");
    field.number_ui(ui, (RATE, Unit::PerSecond), default, rate);
}

/// Of which kind it is, and what else that kind has.
pub(super) fn kind_ui(ui: &mut Ui, part: &Part<'_>, arrivals: &mut Arrivals) {
    let place = place_of(arrivals);
    let field = part.choice("", "Arrivals", "when its requests come");
    let default = place_of(&Arrivals::default());
    if let Some(chosen) = field.choice_ui(ui, &KINDS, Some(default), place) {
        *arrivals = made(chosen, rate_of(arrivals));
    }
    match arrivals {
        Arrivals::Closed { think, .. } => {
            let field = part.field("think", "Think", "from an answer to the next request");
            latency::middle_ui(ui, field, THINK, think);
        }
        Arrivals::Bursts { size, .. } => {
            let field = part.field("size", "Burst", "requests at once");
            field.count_ui(ui, Scale::count(1.0, 100.0), BURST, size);
        }
        Arrivals::Ramp { from, over, .. } => {
            let field = part.field("from", "From", "requests a second at the start");
            field.number_ui(ui, (RATE, Unit::PerSecond), 0.0, from);
            let field = part.field("over", "Over", "how long it takes to get to the rate");
            field.period_ui(ui, 600.0, MINUTE, over);
        }
        Arrivals::Diurnal { low, high, period } => {
            let field = part.field("low", "Low", "requests a second in the deep of the night");
            field.number_ui(ui, (RATE, Unit::PerSecond), *high * NIGHT, low);
            let field = part.field("period", "Day", "from one night to the next");
            field.period_ui(ui, 600.0, MINUTE, period);
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
            think: Latency::Exponential { mean: THINK },
        },
        3 => Arrivals::Bursts { per_second, size: BURST },
        4 => Arrivals::Ramp { from: 0.0, to: per_second, over: MINUTE },
        5 => Arrivals::Diurnal { low: per_second * NIGHT, high: per_second, period: MINUTE },
        _ => Arrivals::Poisson { per_second },
    }
}

const KINDS: [&str; 6] = ["Poisson", "Steady", "Closed loop", "Bursts", "Ramp", "Day and night"];
const RATE: Scale = Scale::Log { least: 0.5, most: 5_000.0 };
const THINK: Period = Period::from_secs(1);
const BURST: u32 = 10;
const MINUTE: Period = Period::from_secs(60);
/// The night's part of the day's rate.
const NIGHT: f64 = 0.1;
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
