//! Every preset in every tab, arrangement and theme: nothing panics, overlaps or is cut off.

use egui::{Rect, Shape};
use evenkeel::lab::PRESETS;
use evenkeel::ui::view::{Arrangement, Tab, ThemeChoice, View};

use crate::kit::{Window, app, open, until};

#[test]
fn every_preset_fits_everywhere() {
    for preset in PRESETS {
        let mut window = open(preset.text, View::default());
        until(&mut window, "a first frame", |window| {
            !app(window).workbench.story.frames().is_empty()
        });
        for arrangement in Arrangement::ALL {
            for tab in Tab::ALL {
                for theme in [ThemeChoice::Dark, ThemeChoice::Light] {
                    let view = &mut app(&mut window).workbench.view;
                    (view.arrangement, view.tab, view.theme) = (arrangement, tab, theme);
                    // What depends on a size is in place in the second frame.
                    window.run_steps(3);
                    let place = format!("{}, {arrangement:?}, {tab:?}, {theme:?}", preset.name);
                    regions_are_apart(&mut window, &place);
                    nothing_is_cut_off(&window, &place);
                }
            }
        }
    }
}

#[test]
fn all_controls_fit_at_every_preset() {
    for preset in PRESETS {
        let mut window = open(preset.text, View { all_controls: true, ..View::default() });
        window.run_steps(3);
        regions_are_apart(&mut window, preset.name);
        nothing_is_cut_off(&window, preset.name);
    }
}

fn regions_are_apart(window: &mut Window, place: &str) {
    let regions = app(window).regions().to_vec();
    assert!(!regions.is_empty(), "{place}");
    for (index, (name, area)) in regions.iter().enumerate() {
        assert!(SCREEN.expand(0.5).contains_rect(*area), "{place}: {name} is at {area:?}");
        for (other, taken) in &regions[..index] {
            let common = area.intersect(*taken);
            let apart = !common.is_positive() || common.area() < 1.0;
            assert!(apart, "{place}: {name} {area:?} overlaps {other} {taken:?}");
        }
    }
}

/// No line of text that is in sight reaches beyond what it is drawn in.
fn nothing_is_cut_off(window: &Window, place: &str) {
    for clipped in &window.output().shapes {
        texts(&clipped.shape, &mut |area, text| {
            let clip = clipped.clip_rect;
            let in_sight = clip.y_range().contains(area.center().y) && clip.width() > 1.0;
            let fits = area.left() >= clip.left() - 1.5 && area.right() <= clip.right() + 1.5;
            assert!(!in_sight || fits, "{place}: `{text}` at {area:?} is cut off by {clip:?}");
        });
    }
}

fn texts(shape: &Shape, look: &mut dyn FnMut(Rect, &str)) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, look)),
        Shape::Text(text) => look(text.visual_bounding_rect(), text.galley.text()),
        _ => {}
    }
}

const SCREEN: Rect = Rect { min: egui::pos2(0.0, 0.0), max: egui::pos2(1280.0, 720.0) };
