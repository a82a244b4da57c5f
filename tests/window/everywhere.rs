//! Every preset in every tab, arrangement and theme: nothing panics, overlaps or is cut off.

use egui::Rect;
use evenkeel::lab::PRESETS;
use evenkeel::ui::selection::Selection;
use evenkeel::ui::view::{Arrangement, Tab, ThemeChoice, View};

use crate::driven::texts;
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
                    nothing_is_cut_off(&mut window, &place);
                }
            }
        }
    }
}

/// Why is open beside every tab, on a server and on a request, and nothing is put away.
#[test]
fn all_controls_and_what_is_selected_fit_at_every_preset() {
    for preset in PRESETS {
        let mut window = open(preset.text, View { all_controls: true, ..View::default() });
        until(&mut window, "a first frame", |window| {
            !app(window).workbench.story.frames().is_empty()
        });
        for arrangement in [Arrangement::Learn, Arrangement::Serve] {
            for tab in Tab::ALL {
                for selection in selections(&mut window) {
                    let workbench = &mut app(&mut window).workbench;
                    (workbench.view.arrangement, workbench.view.tab) = (arrangement, tab);
                    let what = selected(&selection);
                    workbench.selection = selection;
                    window.run_steps(3);
                    let is_open = app(&mut window).regions().iter().any(|(name, _)| *name == "why");
                    let place = format!("{}, {arrangement:?}, {tab:?}, {what}", preset.name);
                    assert!(is_open, "{place}");
                    regions_are_apart(&mut window, &place);
                    nothing_is_cut_off(&mut window, &place);
                }
            }
        }
    }
}

/// The first server, and the newest request where there is one.
fn selections(window: &mut Window) -> Vec<Selection> {
    let workbench = &app(window).workbench;
    let pool = &workbench.desk.draft.pools[0];
    let (pool, server) = (pool.name.clone(), pool.servers[0].copy_names().remove(0));
    let server = Selection::Server { pool, server };
    let request = workbench.story.requests().back().cloned().map(Selection::Request);
    [server].into_iter().chain(request).collect()
}

fn selected(selection: &Selection) -> &'static str {
    match selection {
        Selection::Server { .. } => "a server",
        _ => "a request",
    }
}

fn regions_are_apart(window: &mut Window, place: &str) {
    let regions = app(window).regions().to_vec();
    assert!(!regions.is_empty(), "{place}");
    for (index, (name, area)) in regions.iter().enumerate() {
        assert!(SCREEN.expand(0.5).contains_rect(*area), "{place}: {name} is at {area:?}");
        for (other, taken) in &regions[..index] {
            let common = area.intersect(*taken);
            // Panels that were dragged or grew meet at fractions of a point.
            let apart = !common.is_positive() || common.size().min_elem() < 0.5;
            assert!(apart, "{place}: {name} {area:?} overlaps {other} {taken:?}");
        }
    }
}

/// No line of text that is in sight reaches beyond what it is drawn in, nor is half of it under a region's edge,
/// nor does it end early where it says something short.
fn nothing_is_cut_off(window: &mut Window, place: &str) {
    let regions: Vec<Rect> = app(window).regions().iter().map(|(_, area)| *area).collect();
    let clients = &app(window).workbench.desk.draft.clients;
    let names: Vec<String> = clients.iter().map(|group| group.name.clone()).collect();
    for clipped in &window.output().shapes {
        let clip = clipped.clip_rect;
        // What scrolls is cut at its own edges, which lie within its region.
        let is_fixed = regions.iter().any(|region| {
            let edges = [clip.top() - region.top(), clip.bottom() - region.bottom()];
            edges.iter().all(|apart| apart.abs() < 1.5)
        });
        texts(&clipped.shape, &mut |shape| {
            let (area, text) = (shape.visual_bounding_rect(), shape.galley.text());
            let in_sight = clip.y_range().contains(area.center().y) && clip.width() > 1.0;
            let is_whole =
                !is_fixed || area.top() >= clip.top() - 1.5 && area.bottom() <= clip.bottom() + 1.5;
            let fits = area.left() >= clip.left() - 1.5 && area.right() <= clip.right() + 1.5;
            assert!(
                !in_sight || fits && is_whole,
                "{place}: `{text}` at {area:?} is cut off by {clip:?}"
            );
            let may_end_early = is_sentence(text) || names.iter().any(|name| name == text);
            let is_said = !in_sight || !shape.galley.elided || may_end_early;
            assert!(is_said, "{place}: `{text}` ends early at {area:?}");
        });
    }
}

/// What somebody named, and what explains at length, may end with dots. A control, a number or a unit may not.
fn is_sentence(text: &str) -> bool {
    text.split_whitespace().count() >= 5
}

const SCREEN: Rect = Rect { min: egui::pos2(0.0, 0.0), max: egui::pos2(1280.0, 720.0) };
