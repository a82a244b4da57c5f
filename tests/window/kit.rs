//! A window on a lab that really runs, driven frame by frame.

use std::path::PathBuf;

use egui_kittest::Harness;
use evenkeel::engine::Settings;
use evenkeel::lab::{self, Checked};
use evenkeel::ui::app::App;
use evenkeel::ui::theme;
use evenkeel::ui::view::View;

pub(crate) type Window = Harness<'static, Option<App>>;

/// Opens a window of 1280×720 on a lab, whose listeners take free ports.
pub(crate) fn open(text: &str, view: View) -> Window {
    let loaded = lab::load(text.as_bytes()).unwrap_or_else(|it| panic!("{:#?}", it.problems));
    let mut lab = loaded.lab.into_lab();
    lab.take_free_ports();
    let lab = Checked::new(lab).expect("free ports are right");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("window");
    // Commands run in it.
    std::fs::create_dir_all(&folder).expect("the build has a folder of its own");
    let settings = Settings {
        folder: folder.clone(),
        authority_folder: folder.join("authority"),
        ..Settings::default()
    };
    let mut window = made(move |ctx| App::new(ctx, lab, settings, view));
    until(&mut window, "an engine", |window| app(window).engine().is_some());
    window
}

/// Opens a window of 1280×720 on a program that is made with it.
pub(crate) fn made(make: impl FnOnce(&egui::Context) -> App + 'static) -> Window {
    let mut make = Some(make);
    let app = move |ui: &mut egui::Ui, app: &mut Option<App>| {
        let app = app.get_or_insert_with(|| {
            let make = make.take().expect("the window is made once");
            make(ui.ctx())
        });
        app.logic(ui.ctx());
        app.ui(ui);
    };
    let builder = Harness::builder().with_size([1280.0, 720.0]).with_max_steps(4);
    let mut window = builder.with_context_setup(theme::apply).build_ui_state(app, None);
    window.step();
    window
}

pub(crate) fn app(window: &mut Window) -> &mut App {
    window.state_mut().as_mut().expect("it was made in the first frame")
}

/// Shows frames until something is so.
pub(crate) fn until(window: &mut Window, what: &str, is_so: impl Fn(&mut Window) -> bool) {
    for _ in 0..STEPS {
        window.step();
        if is_so(window) {
            return;
        }
        std::thread::sleep(STEP);
    }
    panic!("{what} did not come about in time");
}

const STEP: std::time::Duration = std::time::Duration::from_millis(20);
const STEPS: u32 = 1_000;
