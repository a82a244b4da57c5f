//! A window without a screen, on a story told beforehand or on a real engine with free ports.

#![expect(clippy::unwrap_used, reason = "a window that cannot be made has failed its test")]

use std::path::PathBuf;
use std::time::Duration;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use evenkeel::engine::Settings;
use evenkeel::lab::{Checked, Lab, PRESETS, load};
use evenkeel::ui::app::App;
use evenkeel::ui::story::Story;
use evenkeel::ui::view::View;

pub(crate) struct Window {
    pub(crate) harness: Harness<'static, Option<App>>,
}

impl Window {
    /// On a preset that does not run.
    pub(crate) fn told(preset: usize) -> Self {
        let lab = lab(preset);
        Self::with(move |ctx| App::told(ctx, lab.into_lab(), View::default(), Story::default(), 0))
    }

    /// On a lab that runs, with free ports.
    pub(crate) fn running(lab: Lab) -> Self {
        let mut lab = lab;
        lab.take_free_ports();
        let lab = Checked::new(lab).unwrap();
        let mut window =
            Self::with(move |ctx| App::new(ctx, lab, Settings::default(), View::default()));
        window.wait_until("an engine", |window| window.app().engine().is_some());
        window
    }

    pub(crate) fn with(make: impl FnOnce(&egui::Context) -> App + 'static) -> Self {
        let mut make = Some(make);
        let harness = Harness::builder()
            .with_size(egui::vec2(1280.0, 720.0))
            .with_max_steps(64)
            .with_context_setup(evenkeel::ui::theme::apply)
            .build_ui_state(
                move |ui, app: &mut Option<App>| {
                    if let Some(make) = make.take() {
                        *app = Some(make(ui.ctx()));
                    }
                    if let Some(app) = app {
                        app.logic(&ui.ctx().clone());
                        app.ui(ui);
                    }
                },
                None,
            );
        let mut window = Self { harness };
        window.frames(3);
        window
    }

    pub(crate) fn app(&mut self) -> &mut App {
        self.harness.state_mut().as_mut().unwrap()
    }

    pub(crate) fn draft(&mut self) -> &mut Lab {
        &mut self.app().workbench.desk.draft
    }

    pub(crate) fn frames(&mut self, count: usize) {
        self.harness.run_steps(count);
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.frames(3);
    }

    pub(crate) fn press(&mut self, key: egui::Key) {
        self.harness.key_press(key);
        self.frames(3);
    }

    pub(crate) fn press_with(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.frames(3);
    }

    /// Whether anything on the screen is called, or says, something with these words in it.
    pub(crate) fn shows(&self, words: &str) -> bool {
        let says = |text: Option<String>| text.is_some_and(|text| text.contains(words));
        self.harness
            .root()
            .children_recursive()
            .any(|node| says(node.accesskit_node().label()) || says(node.accesskit_node().value()))
    }

    /// Whether a text with these words in it is painted, read out or not.
    pub(crate) fn paints(&self, words: &str) -> bool {
        self.font_size_of(words).is_some()
    }

    /// How large the first text with these words in it is.
    pub(crate) fn font_size_of(&self, words: &str) -> Option<f32> {
        let mut size = None;
        for clipped in &self.harness.output().shapes {
            texts(&clipped.shape, &mut |text| {
                if size.is_none() && text.galley.text().contains(words) {
                    size = text.galley.job.sections.first().map(|it| it.format.font_id.size);
                }
            });
        }
        size
    }

    /// Draws until it is so. Panics after a while, with what is shown.
    pub(crate) fn wait_until(&mut self, what: &str, is_so: impl Fn(&mut Self) -> bool) {
        for _ in 0..1_000 {
            if is_so(self) {
                return;
            }
            self.frames(1);
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("{what} never came about: {:#?}", self.harness);
    }
}

/// Every text of a shape.
pub(crate) fn texts(shape: &egui::Shape, look: &mut dyn FnMut(&egui::epaint::TextShape)) {
    match shape {
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, look)),
        egui::Shape::Text(text) => look(text),
        _ => {}
    }
}

pub(crate) fn lab(preset: usize) -> Checked {
    load(PRESETS[preset].text.as_bytes()).unwrap().lab
}

/// A folder of this test's own, gone when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("evenkeel-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
