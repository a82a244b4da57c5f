//! Rows that edit one field of the document: a period, a count, a choice, a text, something that may be off.

use std::borrow::Cow;

use egui::{ComboBox, Response, RichText, Sense, TextEdit, Ui, WidgetInfo};

use crate::period::Period;
use crate::ui::theme::{ROW_HEIGHT, Theme};
use crate::ui::widgets::{Scale, Slider, Unit, describe, row_ui, switch_ui, tip};

/// A row's name, whose it is, what it does, and what is wrong with its value.
#[derive(Clone)]
pub(super) struct Field<'a> {
    label: &'a str,
    owner: Cow<'a, str>,
    /// What its name ends with, beside the label.
    suffix: &'a str,
    hint: Cow<'a, str>,
    /// The default in words, where the value does not say it.
    default_words: Option<String>,
    wrong: Option<String>,
}

/// A count that may be left out.
#[derive(Clone, Copy)]
pub(super) struct Optional<'a> {
    pub(super) scale: Scale,
    pub(super) default: Option<u32>,
    /// What it means to leave it out.
    pub(super) absent: &'a str,
    /// The count to begin with.
    pub(super) fresh: u32,
}

impl<'a> Field<'a> {
    /// The hint is a fragment in lower case; a field without one would be a control that nobody explains.
    pub(super) fn new(
        owner: impl Into<Cow<'a, str>>,
        label: &'a str,
        hint: impl Into<Cow<'a, str>>,
    ) -> Self {
        let (owner, hint) = (owner.into(), hint.into());
        Self { label, owner, suffix: "", hint, default_words: None, wrong: None }
    }

    pub(super) fn wrong(self, wrong: Option<String>) -> Self {
        Self { wrong, ..self }
    }

    pub(super) fn default_words(self, words: impl Into<String>) -> Self {
        Self { default_words: Some(words.into()), ..self }
    }

    /// Says more of what it does.
    pub(super) fn and(self, more: &str) -> Self {
        let hint = Cow::Owned(format!("{}; {more}", self.hint));
        Self { hint, ..self }
    }

    /// The number of a field whose row above says whether there is one.
    pub(super) fn number_of_row(&self) -> Self {
        Self { label: "", owner: self.name().into(), ..self.clone() }
    }

    fn name(&self) -> String {
        let name = format!("{} {}", self.owner, self.label.to_lowercase());
        format!("{}{}", name.trim_end(), self.suffix)
    }

    fn slider(&self, scale: Scale, unit: Unit) -> Slider<'_> {
        Slider::new(self.label, scale, unit)
            .named(self.name())
            .hint(&self.hint)
            .default_words(self.default_words.clone())
            .wrong(self.wrong.clone())
    }

    pub(super) fn period_ui(
        self,
        ui: &mut Ui,
        most_secs: f64,
        default: Period,
        value: &mut Period,
    ) {
        let mut secs = value.secs();
        let scale = Scale::Log { least: 0.0, most: most_secs };
        let slider = self.slider(scale, Unit::Time).default_value(default.secs());
        if slider.ui(ui, &mut secs) {
            *value = period_of(secs);
        }
    }

    pub(super) fn count_ui(self, ui: &mut Ui, scale: Scale, default: u32, value: &mut u32) {
        let mut number = f64::from(*value);
        let slider = self.slider(scale, Unit::Count).default_value(f64::from(default));
        if slider.ui(ui, &mut number) {
            *value = number.round() as u32;
        }
    }

    /// A number of another kind.
    pub(super) fn number_ui(
        self,
        ui: &mut Ui,
        (scale, unit): (Scale, Unit),
        default: f64,
        value: &mut f64,
    ) {
        self.slider(scale, unit).default_value(default).ui(ui, value);
    }

    /// A count that may be left out, which the end of the row switches.
    pub(super) fn optional_count_ui(
        self,
        ui: &mut Ui,
        count: Optional<'_>,
        value: &mut Option<u32>,
    ) {
        let Optional { scale, default, absent, fresh } = count;
        let words = default.map_or_else(|| absent.to_owned(), |count| count.to_string());
        let number = self.number_of_row().default_words(format!("{words}; {fresh} once it is on"));
        let mut on = value.is_some();
        let row = Self { suffix: " limited", ..self.default_words(words).wrong(None) };
        if row.switch_ui(ui, default.is_some(), &mut on) {
            *value = on.then_some(fresh);
        }
        if let Some(count) = value {
            number.count_ui(ui, scale, fresh, count);
        }
    }

    /// On or off. True if it was changed.
    pub(super) fn switch_ui(self, ui: &mut Ui, default: bool, on: &mut bool) -> bool {
        let default = self.default_words.clone().unwrap_or_else(|| on_or_off(default).to_owned());
        self.row_ui(ui, Some(&default), |ui, name| {
            let response = switch_ui(ui, on, name);
            let changed = response.changed();
            (response, changed)
        })
    }

    /// One of several, by what they are called. The place of the one that was chosen now.
    pub(super) fn choice_ui(
        self,
        ui: &mut Ui,
        options: &[&str],
        default: Option<usize>,
        current: usize,
    ) -> Option<usize> {
        let mut chosen = None;
        let shown = options.get(current).copied().unwrap_or("…");
        let default = default.and_then(|place| options.get(place)).copied();
        self.row_ui(ui, default, |ui, name| {
            let combo =
                ComboBox::from_id_salt(name).width(110.0).selected_text(shown).show_ui(ui, |ui| {
                    for (place, option) in options.iter().enumerate() {
                        if ui.selectable_label(place == current, *option).clicked() {
                            chosen = Some(place);
                        }
                    }
                });
            name_of_field(&combo.response, egui::Role::ComboBox, name, shown);
            (combo.response, ())
        });
        chosen.filter(|&place| place != current)
    }

    pub(super) fn text_ui(self, ui: &mut Ui, default: Option<&str>, value: &mut String) {
        self.row_ui(ui, default, |ui, name| {
            let edit = TextEdit::singleline(value)
                .desired_width(112.0)
                .min_size(egui::vec2(0.0, ROW_HEIGHT - 2.0));
            let response = ui.add(edit);
            name_of_field(&response, egui::Role::TextInput, name, value);
            (response, ())
        });
    }

    /// A name at the left and a control at the right, what it does for those who point anywhere at it, and beneath
    /// what is wrong.
    fn row_ui<R>(
        self,
        ui: &mut Ui,
        default: Option<&str>,
        control: impl FnOnce(&mut Ui, &str) -> (Response, R),
    ) -> R {
        let Self { label, hint, wrong, .. } = &self;
        let (name, tip) = (self.name(), tip(hint, default));
        let row = ui.scope(|ui| row_ui(ui, label, |ui| control(ui, &name)));
        let (response, done) = row.inner;
        describe(ui, &response, || tip.clone());
        // The row is no control, so that a screen reader meets nothing else than the control in it.
        let area = ui.interact(row.response.rect, response.id.with("row"), Sense::hover());
        area.on_hover_text(tip);
        wrong_ui(ui, wrong.clone());
        done
    }
}

/// Why a value is not allowed, beneath its control.
pub(super) fn wrong_ui(ui: &mut Ui, why: Option<String>) {
    if let Some(why) = why {
        ui.colored_label(Theme::of(ui).err, RichText::new(why).small());
    }
}

pub(super) fn period_of(secs: f64) -> Period {
    Period::from_ns((secs.max(0.0) * 1e9).round() as u64)
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// What a field is called and what is in it, for whom it is read.
fn name_of_field(response: &Response, role: egui::Role, name: &str, value: &str) {
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(role, true, name);
        info.current_text_value = Some(value.to_owned());
        info
    });
}
