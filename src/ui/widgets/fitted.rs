//! Names that fit into their room.

use egui::{Context, FontId};

/// What does not fit is left out of the middle: names that stand together differ at their ends.
pub(in crate::ui) fn fitted(ctx: &Context, text: &str, font: &FontId, width: f32) -> String {
    let letters: Vec<char> = text.chars().collect();
    let (widths, gap) = ctx.fonts_mut(|fonts| {
        let widths: Vec<f32> =
            letters.iter().map(|letter| fonts.glyph_width(font, *letter)).collect();
        (widths, fonts.glyph_width(font, '…'))
    });
    if widths.iter().sum::<f32>() <= width {
        return text.to_owned();
    }
    let room = width - gap;
    let (n_back, back) = fill(widths.iter().rev(), room * BACK);
    let (n_front, _) = fill(widths.iter(), room - back);
    let (front, back) = (&letters[..n_front], &letters[letters.len() - n_back..]);
    front.iter().chain(&['…']).chain(back).collect()
}

/// How many fit, and what they take.
fn fill<'a>(widths: impl Iterator<Item = &'a f32>, room: f32) -> (usize, f32) {
    let (mut n_taken, mut taken) = (0, 0.0);
    for width in widths {
        if taken + width > room {
            break;
        }
        (n_taken, taken) = (n_taken + 1, taken + width);
    }
    (n_taken, taken)
}

/// The part of the room that is for the end of the name.
const BACK: f32 = 0.6;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, part: f32) -> String {
        let ctx = Context::default();
        crate::ui::theme::apply(&ctx);
        let mut shown = String::new();
        // Fonts are there from the first frame on.
        let mut frame = ctx.run_ui(egui::RawInput::default(), |ui| {
            let font = FontId::proportional(13.0);
            let width = |text: &str| {
                ui.ctx().fonts_mut(|fonts| {
                    text.chars().map(|letter| fonts.glyph_width(&font, letter)).sum::<f32>()
                })
            };
            shown = fitted(ui.ctx(), text, &font, width(text) * part);
            assert!(width(&shown) <= (width(text) * part).max(width("…")) + 0.01);
        });
        frame.textures_delta.clear();
        shown
    }

    #[test]
    fn a_name_that_is_too_long_keeps_both_its_ends() {
        assert_eq!(shown("reserve-1", 1.0), "reserve-1");
        let cut = shown("a-rather-long-name-of-a-server-12", 0.5);
        assert!(cut.starts_with("a-") && cut.contains('…') && cut.ends_with("-12"), "{cut}");
        let address = shown("127.0.0.1:23202", 0.8);
        assert!(address.contains('…') && address.ends_with("23202"), "{address}");
    }

    #[test]
    fn next_to_no_room_is_no_reason_to_panic() {
        assert_eq!(shown("reserve-1", 0.05), "…");
    }
}
