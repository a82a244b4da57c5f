//! The settings of whatever algorithm a pool has, by what the algorithm itself says of them.

use egui::Ui;

use super::fields::Field;
use super::part::Part;
use crate::balance::Algorithm;
use crate::lab::{SettingSort, SettingValue, settings_of, with_setting};
use crate::period::Period;
use crate::ui::desk::Wrong;
use crate::ui::widgets::{Scale, Unit};

/// `path` is the algorithm's place in the lab.
pub(super) fn settings_ui(ui: &mut Ui, wrong: Wrong<'_>, path: &str, algorithm: &mut Algorithm) {
    let about = algorithm.about();
    let part = Part::new(about.title, wrong, path);
    // A table may be too large by several settings together.
    part.itself_ui(ui);
    let mut changed = None;
    for value in settings_of(algorithm) {
        let Some(setting) = about.settings.iter().find(|it| it.name == value.name) else {
            continue;
        };
        let label = sentence_case(value.name);
        let field = part.field(value.name, &label, setting.text);
        if let Some(text) = setting_ui(ui, field, &value, setting.range) {
            changed = Some((value.name, text));
        }
    }
    // A value that the setting does not take is not taken over: sliders and lists offer none.
    if let Some((name, text)) = changed
        && let Ok(next) = with_setting(algorithm, name, &text)
    {
        *algorithm = next;
    }
}

/// The text of the new value, if there is one.
fn setting_ui(
    ui: &mut Ui,
    field: Field<'_>,
    value: &SettingValue,
    range: Option<(f64, f64)>,
) -> Option<String> {
    let SettingValue { text, default, sort, optional, .. } = value;
    match sort {
        SettingSort::Flag => {
            let mut on = text.as_deref() == Some(TRUE);
            let field = match default {
                Some(_) => field,
                None => field.default_words(BY_ITSELF),
            };
            let default = default.as_deref() == Some(TRUE);
            field.switch_ui(ui, default, &mut on).then(|| on.to_string())
        }
        SettingSort::Word(options) => {
            let own: &[&str] = if *optional { &[BY_ITSELF] } else { &[] };
            let words: Vec<&str> = own.iter().chain(options.iter()).copied().collect();
            let place = |text: &Option<String>| {
                let text = text.as_deref().unwrap_or(BY_ITSELF);
                words.iter().position(|word| *word == text)
            };
            let current = place(text).unwrap_or(0);
            let chosen = field.choice_ui(ui, &words, place(default), current)?;
            Some(if words[chosen] == BY_ITSELF {
                "None".to_owned()
            } else {
                words[chosen].to_owned()
            })
        }
        SettingSort::Period => {
            let mut period: Period = text.as_deref()?.parse().ok()?;
            let before = period;
            let default = default.as_deref().and_then(|text| text.parse().ok());
            field.period_ui(ui, 120.0, default.unwrap_or(before), &mut period);
            (period != before).then(|| period.to_string())
        }
        SettingSort::Number => number_ui(ui, field, value, range?),
    }
}

fn number_ui(
    ui: &mut Ui,
    field: Field<'_>,
    value: &SettingValue,
    (least, most): (f64, f64),
) -> Option<String> {
    let SettingValue { text, default, optional, .. } = value;
    let default: Option<f64> = default.as_deref().and_then(|text| text.parse().ok());
    let fresh = default.unwrap_or_else(|| fresh_number(least, most));
    let mut row = field.clone();
    if *optional {
        row = field.number_of_row();
        let mut on = text.is_some();
        let mut switch = field.wrong(None);
        if default.is_none() {
            switch = switch.default_words(BY_ITSELF);
            row = row.default_words(format!("{BY_ITSELF}; {fresh} once it is on"));
        }
        if switch.switch_ui(ui, default.is_some(), &mut on) {
            return Some(if on { fresh.to_string() } else { "None".to_owned() });
        }
    }
    let before: f64 = text.as_deref()?.parse().ok()?;
    let mut number = before;
    let fractions = text.as_deref()?.contains('.') || takes_fractions(least, most);
    let (scale, unit) = match fractions {
        true => (Scale::Linear { least, most: most.min(10.0), step: 0.01 }, Unit::Factor),
        false if most - least > 200.0 => (Scale::Log { least, most: most.min(1e5) }, Unit::Count),
        false => (Scale::count(least, most), Unit::Count),
    };
    row.number_ui(ui, (scale, unit), fresh, &mut number);
    let written = if fractions { format!("{number:.2}") } else { format!("{number:.0}") };
    (number != before).then_some(written)
}

/// A number to begin with where the algorithm has none of its own.
fn fresh_number(least: f64, most: f64) -> f64 {
    let fresh = if (1.0..2.0).contains(&least) && most > 2.0 { 1.25 } else { least.max(1.0) };
    if takes_fractions(least, most) { fresh } else { fresh.ceil().max(16.0) }
}

/// Bounds of load are factors; everything else that has a range counts.
fn takes_fractions(least: f64, most: f64) -> bool {
    most <= 1.0 || least.fract() != 0.0
}

fn sentence_case(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The algorithm decides.
const BY_ITSELF: &str = "by itself";
const TRUE: &str = "true";
