//! How servers look in this tab: their badges, loud where something is to be looked at and quiet elsewhere.

use egui::Color32;

use super::draw::Drawing;
use crate::balance::remap::NOBODY;
use crate::ui::badges::Badge;
use crate::ui::theme::Theme;
use crate::ui::workbench::Workbench;

/// The badges of a drawing's servers, by their numbers in it.
pub(super) struct Inks {
    pub(super) theme: &'static Theme,
    badges: Vec<Badge>,
    /// The server that is selected in the window, if it is one of these.
    pub(super) selected: Option<u32>,
}

impl Inks {
    pub(super) fn of(
        drawing: &Drawing,
        workbench: &Workbench,
        pool: &str,
        theme: &'static Theme,
    ) -> Self {
        let badges = drawing.names.iter().map(|name| workbench.badge(pool, name)).collect();
        let selected =
            drawing.names.iter().position(|name| workbench.selection.is_server(pool, name));
        Self { theme, badges, selected: selected.map(|place| place as u32) }
    }

    pub(super) fn badge(&self, owner: u32) -> Option<Badge> {
        self.badges.get(owner as usize).copied()
    }

    pub(super) fn letter(&self, owner: u32) -> String {
        self.badge(owner).map_or_else(|| "nobody".to_owned(), Badge::letter)
    }

    pub(super) fn loud(&self, owner: u32) -> Color32 {
        self.badge(owner).map_or(self.theme.line, |badge| badge.colour(self.theme))
    }

    pub(super) fn quiet(&self, owner: u32) -> Color32 {
        if owner == NOBODY { self.theme.line } else { self.theme.quiet(self.loud(owner)) }
    }

    pub(super) fn is_striped(&self, owner: u32) -> bool {
        self.badge(owner).is_some_and(Badge::is_striped)
    }
}
