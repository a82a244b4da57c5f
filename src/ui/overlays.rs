//! What may lie over the regions: the palette, the sheet of keys, the gallery. One at a time.

use egui::Context;

use super::palette::Palette;
use super::verb::Overlay;
use super::workbench::Workbench;
use super::{commands, gallery, sheet};

#[derive(Default)]
pub(super) struct Overlays {
    open: Option<Overlay>,
    palette: Palette,
}

impl Overlays {
    /// Opens it, or closes it if it is open.
    pub(super) fn show(&mut self, overlay: Overlay) {
        self.palette = Palette::default();
        self.open = if self.open == Some(overlay) { None } else { Some(overlay) };
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// False if nothing was open.
    pub(super) fn close(&mut self) -> bool {
        self.open.take().is_some()
    }

    pub(super) fn ui(&mut self, ctx: &Context, workbench: &mut Workbench) {
        let done = match self.open {
            None => false,
            Some(Overlay::Sheet) => sheet::sheet_ui(ctx, workbench),
            Some(Overlay::Gallery) => gallery::gallery_ui(ctx, workbench),
            Some(Overlay::Palette) => match self.palette.ui(ctx, workbench) {
                Some(deed) => {
                    self.open = None;
                    commands::perform(ctx, workbench, &deed);
                    // What it asked of regions is taken by them in the next frame.
                    ctx.request_repaint();
                    return;
                }
                None => false,
            },
        };
        if done {
            self.open = None;
        }
    }
}
