//! A distribution of times: its middle, its kind and its spread.

use egui::Ui;

use super::fields::{Field, period_of};
use crate::model::Latency;
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

/// The one time that tells most about it, as a slider.
pub(super) fn middle_ui(ui: &mut Ui, field: Field<'_>, latency: &mut Latency) {
    let hint = match latency {
        Latency::Constant(_) => "always the same",
        Latency::Uniform { .. } => "the middle; as long above as below",
        Latency::Normal { .. } | Latency::Exponential { .. } => "the mean",
        Latency::LogNormal { .. } => "the median",
        Latency::Pareto { .. } => "the least; a few take far longer",
        Latency::File { .. } => return,
    };
    let mut middle = middle_of(latency);
    let before = middle;
    field.hint(hint).period_ui(ui, SECS_MAX, Period::from_millis(20), &mut middle);
    if middle != before {
        set_middle(latency, middle);
    }
}

/// Which distribution it is, and how wide.
pub(super) fn spread_ui(ui: &mut Ui, owner: &str, latency: &mut Latency) {
    let place = place_of(latency);
    let kinds: &[&str] = if place == FILE { &KINDS } else { &KINDS[..FILE] };
    if let Some(chosen) = Field::new(owner, "Spread").choice_ui(ui, place, kinds) {
        *latency = made(chosen, middle_of(latency));
    }
    match latency {
        Latency::Constant(_) | Latency::Exponential { .. } | Latency::File { .. } => {}
        Latency::Uniform { low, high } => {
            let middle = f64::midpoint(low.secs(), high.secs());
            let mut part = if middle > 0.0 { (high.secs() - middle) / middle } else { 0.0 };
            let scale = Scale::Linear { least: 0.0, most: 1.0, step: 0.01 };
            let before = part;
            let field = Field::new(owner, "Width").hint("how far above and below the middle");
            field.number_ui(ui, (scale, Unit::Share), 0.5, &mut part);
            if part != before {
                (*low, *high) =
                    (period_of(middle * (1.0 - part)), period_of(middle * (1.0 + part)));
            }
        }
        Latency::Normal { deviation, .. } => {
            let field = Field::new(owner, "Deviation").hint("two thirds lie within it");
            field.period_ui(ui, SECS_MAX, Period::from_millis(5), deviation);
        }
        Latency::LogNormal { sigma, .. } => {
            let scale = Scale::Linear { least: 0.0, most: 3.0, step: 0.05 };
            let field = Field::new(owner, "Sigma").hint("0.4 is a steady server, 1 a ragged one");
            field.number_ui(ui, (scale, Unit::Factor), 0.4, sigma);
        }
        Latency::Pareto { shape, .. } => {
            let scale = Scale::Linear { least: 1.05, most: 5.0, step: 0.05 };
            let field = Field::new(owner, "Shape").hint("the smaller, the heavier the tail");
            field.number_ui(ui, (scale, Unit::Factor), 1.5, shape);
        }
    }
}

pub(super) fn middle_of(latency: &Latency) -> Period {
    match latency {
        Latency::Constant(middle)
        | Latency::Normal { mean: middle, .. }
        | Latency::LogNormal { median: middle, .. }
        | Latency::Exponential { mean: middle }
        | Latency::Pareto { least: middle, .. } => *middle,
        Latency::Uniform { low, high } => period_of(f64::midpoint(low.secs(), high.secs())),
        Latency::File { .. } => Period::from_millis(20),
    }
}

fn set_middle(latency: &mut Latency, new: Period) {
    match latency {
        Latency::Constant(middle)
        | Latency::LogNormal { median: middle, .. }
        | Latency::Exponential { mean: middle }
        | Latency::Pareto { least: middle, .. } => *middle = new,
        // The spread keeps its part of the mean.
        Latency::Normal { mean, deviation } => {
            let part = if mean.is_zero() { 0.25 } else { deviation.secs() / mean.secs() };
            (*mean, *deviation) = (new, period_of(new.secs() * part));
        }
        Latency::Uniform { low, high } => {
            let middle = f64::midpoint(low.secs(), high.secs());
            let part = if middle > 0.0 { (high.secs() - middle) / middle } else { 0.5 };
            *low = period_of(new.secs() * (1.0 - part));
            *high = period_of(new.secs() * (1.0 + part));
        }
        Latency::File { .. } => {}
    }
}

fn place_of(latency: &Latency) -> usize {
    match latency {
        Latency::Constant(_) => 0,
        Latency::Exponential { .. } => 1,
        Latency::LogNormal { .. } => 2,
        Latency::Normal { .. } => 3,
        Latency::Uniform { .. } => 4,
        Latency::Pareto { .. } => 5,
        Latency::File { .. } => FILE,
    }
}

/// A distribution of another kind with the same middle.
fn made(place: usize, middle: Period) -> Latency {
    let part = |part: f64| period_of(middle.secs() * part);
    match place {
        1 => Latency::Exponential { mean: middle },
        2 => Latency::LogNormal { median: middle, sigma: 0.4 },
        3 => Latency::Normal { mean: middle, deviation: part(0.25) },
        4 => Latency::Uniform { low: part(0.5), high: part(1.5) },
        5 => Latency::Pareto { least: middle, shape: 1.5 },
        _ => Latency::Constant(middle),
    }
}

const KINDS: [&str; 7] =
    ["Constant", "Exponential", "Log-normal", "Normal", "Uniform", "Pareto", "From a file"];
const FILE: usize = 6;
const SECS_MAX: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_the_middle_it_is_given() {
        for place in 0..FILE {
            let mut latency = made(place, Period::from_millis(40));
            assert_eq!(place_of(&latency), place);
            assert_eq!(middle_of(&latency), Period::from_millis(40), "{latency:?}");
            set_middle(&mut latency, Period::from_millis(300));
            assert_eq!(middle_of(&latency), Period::from_millis(300), "{latency:?}");
            assert_eq!(latency.flaws(), [], "{latency:?}");
        }
    }
}
