//! The settings of whatever algorithm a pool has, by what the algorithm itself says of them.

use egui::Ui;

use super::fields::Field;
use crate::balance::Algorithm;
use crate::lab::{SettingSort, SettingValue, settings_of, with_setting};
use crate::period::Period;
use crate::ui::widgets::{Scale, Unit};

pub(super) fn settings_ui(ui: &mut Ui, algorithm: &mut Algorithm) {
    let about = algorithm.about();
    let mut changed = None;
    for value in settings_of(algorithm) {
        let Some(setting) = about.settings.iter().find(|it| it.name == value.name) else {
            continue;
        };
        let label = sentence_case(value.name);
        let field = Field::new(about.title, &label).hint(setting.text);
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
    let SettingValue { text, sort, optional, .. } = value;
    match sort {
        SettingSort::Flag => {
            let mut on = text.as_deref() == Some("true");
            field.switch_ui(ui, &mut on).then(|| on.to_string())
        }
        SettingSort::Word(options) => {
            let own: &[&str] = if *optional { &[BY_ITSELF] } else { &[] };
            let words: Vec<&str> = own.iter().chain(options.iter()).copied().collect();
            let current = text.as_deref().unwrap_or(BY_ITSELF);
            let place = words.iter().position(|word| *word == current).unwrap_or(0);
            let chosen = field.choice_ui(ui, place, &words)?;
            Some(if words[chosen] == BY_ITSELF {
                "None".to_owned()
            } else {
                words[chosen].to_owned()
            })
        }
        SettingSort::Period => {
            let mut period: Period = text.as_deref()?.parse().ok()?;
            let before = period;
            field.period_ui(ui, 120.0, before, &mut period);
            (period != before).then(|| period.to_string())
        }
        SettingSort::Number => number_ui(ui, field, text.as_deref(), *optional, range?),
    }
}

fn number_ui(
    ui: &mut Ui,
    field: Field<'_>,
    text: Option<&str>,
    optional: bool,
    (least, most): (f64, f64),
) -> Option<String> {
    if optional {
        let mut on = text.is_some();
        if field.clone().switch_ui(ui, &mut on) {
            let fresh =
                if least < 2.0 && most > 2.0 && least >= 1.0 { 1.25 } else { least.max(1.0) };
            let whole = if takes_fractions(least, most) { fresh } else { fresh.ceil().max(16.0) };
            return Some(if on { whole.to_string() } else { "None".to_owned() });
        }
    }
    let before: f64 = text?.parse().ok()?;
    let mut number = before;
    let fractions = text?.contains('.') || takes_fractions(least, most);
    let (scale, unit) = match fractions {
        true => (Scale::Linear { least, most: most.min(10.0), step: 0.01 }, Unit::Factor),
        false if most - least > 200.0 => (Scale::Log { least, most: most.min(1e5) }, Unit::Count),
        false => (Scale::count(least, most), Unit::Count),
    };
    let label = if optional { "" } else { field.label };
    Field { label, ..field }.number_ui(ui, (scale, unit), before, &mut number);
    let written = if fractions { format!("{number:.2}") } else { format!("{number:.0}") };
    (number != before).then_some(written)
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
