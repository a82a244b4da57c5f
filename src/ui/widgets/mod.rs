//! Small widgets that several regions use.

mod fitted;
mod modal;
mod plain;
mod scale;
mod slider;
mod star;
mod tip;
mod told;

pub(in crate::ui) use fitted::fitted;
pub(in crate::ui) use modal::{modal_ui, overlay_ui};
pub(in crate::ui) use plain::{
    caption_ui, card_ui, check_ui, grouped, hint, icon_button, note, number, row_ui, switch_ui,
};
pub(in crate::ui) use scale::{Scale, Unit, time_text};
pub(in crate::ui) use slider::Slider;
pub(in crate::ui) use star::paint_star;
pub(in crate::ui) use tip::{describe, tip};
pub(in crate::ui) use told::{Keeps, Told, keep, kept_by, told};
