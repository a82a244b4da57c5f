//! Rows that edit one field of the document: a period, a count, a choice, a text, something that may be off.

use egui::{ComboBox, TextEdit, Ui, WidgetInfo};

use crate::period::Period;
use crate::ui::theme::ROW_HEIGHT;
use crate::ui::widgets::{Scale, Slider, Unit, row_ui, switch_ui};

/// A row's name, whose it is, and what is wrong with its value.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) label: &'a str,
    pub(super) owner: &'a str,
    pub(super) hint: &'a str,
    pub(super) wrong: Option<String>,
}

impl<'a> Field<'a> {
    pub(super) fn new(owner: &'a str, label: &'a str) -> Self {
        Self { label, owner, hint: "", wrong: None }
    }

    pub(super) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn wrong(self, wrong: Option<String>) -> Self {
        Self { wrong, ..self }
    }

    fn name(&self) -> String {
        format!("{} {}", self.owner, self.label.to_lowercase())
    }

    fn slider(&self, scale: Scale, unit: Unit) -> Slider<'a> {
        Slider::new(self.label, scale, unit)
            .of(self.owner)
            .hint(self.hint)
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
        scale: Scale,
        fresh: u32,
        value: &mut Option<u32>,
    ) {
        let mut on = value.is_some();
        let hint = self.hint;
        let name = format!("{} limited", self.name());
        let changed = row_ui(ui, self.label, |ui| switch_ui(ui, &mut on, &name));
        if changed {
            *value = on.then_some(fresh);
        }
        if let Some(number) = value {
            let field = Field { label: "", owner: &self.name(), hint, wrong: self.wrong };
            field.count_ui(ui, scale, fresh, number);
        }
    }

    pub(super) fn switch_ui(self, ui: &mut Ui, on: &mut bool) -> bool {
        let name = self.name();
        let hint = self.hint;
        let row = ui.scope(|ui| row_ui(ui, self.label, |ui| switch_ui(ui, on, &name)));
        if !hint.is_empty() {
            row.response.on_hover_text(hint);
        }
        row.inner
    }

    /// One of several, by what they are called. The place of the one that was chosen now.
    pub(super) fn choice_ui(self, ui: &mut Ui, current: usize, options: &[&str]) -> Option<usize> {
        let name = self.name();
        let mut chosen = None;
        let shown = options.get(current).copied().unwrap_or("…");
        row_ui(ui, self.label, |ui| {
            let combo =
                ComboBox::from_id_salt(&name).width(110.0).selected_text(shown).show_ui(ui, |ui| {
                    for (place, option) in options.iter().enumerate() {
                        if ui.selectable_label(place == current, *option).clicked() {
                            chosen = Some(place);
                        }
                    }
                });
            combo.response.widget_info(|| {
                let mut info = WidgetInfo::labeled(egui::Role::ComboBox, true, &name);
                info.current_text_value = Some(shown.to_owned());
                info
            });
        });
        if let Some(why) = self.wrong {
            let colour = crate::ui::theme::Theme::of(ui).err;
            ui.colored_label(colour, egui::RichText::new(why).small());
        }
        chosen.filter(|&place| place != current)
    }

    pub(super) fn text_ui(self, ui: &mut Ui, value: &mut String) {
        let name = self.name();
        row_ui(ui, self.label, |ui| {
            let edit = TextEdit::singleline(value)
                .desired_width(112.0)
                .min_size(egui::vec2(0.0, ROW_HEIGHT - 2.0));
            let response = ui.add(edit);
            let shown = value.clone();
            response.widget_info(|| {
                let mut info = WidgetInfo::labeled(egui::Role::TextInput, true, &name);
                info.current_text_value = Some(shown.clone());
                info
            });
        });
        if let Some(why) = self.wrong {
            let colour = crate::ui::theme::Theme::of(ui).err;
            ui.colored_label(colour, egui::RichText::new(why).small());
        }
    }
}

pub(super) fn period_of(secs: f64) -> Period {
    Period::from_ns((secs.max(0.0) * 1e9).round() as u64)
}
