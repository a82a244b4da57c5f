//! A distribution of times: its middle, its kind and its spread.

use egui::Ui;

use super::fields::{Field, period_of};
use super::part::Part;
use crate::model::Latency;
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

/// The one time that tells most about it, as a slider.
pub(super) fn middle_ui(ui: &mut Ui, field: Field<'_>, default: Period, latency: &mut Latency) {
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
    field.and(hint).period_ui(ui, SECS_MAX, default, &mut middle);
    if middle != before {
        set_middle(latency, middle);
    }
}

/// The middle of the service times of a mock. Alone it says whatever is wrong with them.
pub(super) fn service_ui(ui: &mut Ui, part: &Part<'_>, latency: &mut Latency, alone: bool) {
    let (label, hint) = ("Latency", "how long a request is in service");
    let field =
        if alone { part.field("", label, hint) } else { part.choice("middle", label, hint) };
    middle_ui(ui, field, middle_of(&Latency::default()), latency);
}

/// Which distribution it is, and how wide.
pub(super) fn spread_ui(ui: &mut Ui, part: &Part<'_>, latency: &mut Latency) {
    let place = place_of(latency);
    let kinds: &[&str] = if place == FILE { &KINDS } else { &KINDS[..FILE] };
    let field = part.choice("", "Spread", "how service times lie around the middle");
    let default = place_of(&Latency::default());
    if let Some(chosen) = field.choice_ui(ui, kinds, Some(default), place) {
        *latency = made(chosen, middle_of(latency));
    }
    match latency {
        Latency::Constant(_) | Latency::Exponential { .. } | Latency::File { .. } => {}
        Latency::Uniform { low, high } => width_ui(ui, part, (low, high)),
        Latency::Normal { mean, deviation } => {
            let field = part.field("deviation", "Deviation", "two thirds lie within it");
            field.period_ui(ui, SECS_MAX, part_of(*mean, DEVIATION), deviation);
        }
        Latency::LogNormal { sigma, .. } => {
            let scale = Scale::Linear { least: 0.0, most: 3.0, step: 0.05 };
            let field = part.field("sigma", "Sigma", "0.4 is a steady server, 1 a ragged one");
            field.number_ui(ui, (scale, Unit::Factor), SIGMA, sigma);
        }
        Latency::Pareto { shape, .. } => {
            let scale = Scale::Linear { least: 1.05, most: 5.0, step: 0.05 };
            let field = part.field("shape", "Shape", "the smaller, the heavier the tail");
            field.number_ui(ui, (scale, Unit::Factor), SHAPE, shape);
        }
    }
}

/// How far the ends are from the middle, as a part of it.
fn width_ui(ui: &mut Ui, part: &Part<'_>, (low, high): (&mut Period, &mut Period)) {
    let middle = f64::midpoint(low.secs(), high.secs());
    let mut width = if middle > 0.0 { (high.secs() - middle) / middle } else { 0.0 };
    let scale = Scale::Linear { least: 0.0, most: 1.0, step: 0.01 };
    let before = width;
    let field = part.field("low", "Width", "how far above and below the middle");
    field.number_ui(ui, (scale, Unit::Share), WIDTH, &mut width);
    if width != before {
        (*low, *high) = (period_of(middle * (1.0 - width)), period_of(middle * (1.0 + width)));
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
            let part = if mean.is_zero() { DEVIATION } else { deviation.secs() / mean.secs() };
            (*mean, *deviation) = (new, period_of(new.secs() * part));
        }
        Latency::Uniform { low, high } => {
            let middle = f64::midpoint(low.secs(), high.secs());
            let part = if middle > 0.0 { (high.secs() - middle) / middle } else { WIDTH };
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
    match place {
        1 => Latency::Exponential { mean: middle },
        2 => Latency::LogNormal { median: middle, sigma: SIGMA },
        3 => Latency::Normal { mean: middle, deviation: part_of(middle, DEVIATION) },
        4 => Latency::Uniform {
            low: part_of(middle, 1.0 - WIDTH),
            high: part_of(middle, 1.0 + WIDTH),
        },
        5 => Latency::Pareto { least: middle, shape: SHAPE },
        _ => Latency::Constant(middle),
    }
}

fn part_of(period: Period, part: f64) -> Period {
    period_of(period.secs() * part)
}

const KINDS: [&str; 7] =
    ["Constant", "Exponential", "Log-normal", "Normal", "Uniform", "Pareto", "From a file"];
const FILE: usize = 6;
const SECS_MAX: f64 = 10.0;
const SIGMA: f64 = 0.4;
const SHAPE: f64 = 1.5;
/// Parts of the middle.
const DEVIATION: f64 = 0.25;
const WIDTH: f64 = 0.5;

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
