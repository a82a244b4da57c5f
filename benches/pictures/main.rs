//! Renders the pictures of the README from presets, without a GPU or a screen: `cargo bench --bench pictures`.
//!
//! Every picture is a window on a story that is told from virtual time, so it shows what the program really shows, and
//! is the same wherever it is rendered, byte for byte. With a word as argument, only the pictures whose name has it.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::error::Error;
use std::path::Path;

use evenkeel::lab::{Checked, PRESETS};
use evenkeel::period::Period;
use evenkeel::ui::app::App;
use evenkeel::ui::camera::Camera;
use evenkeel::ui::selection::Selection;
use evenkeel::ui::story;
use evenkeel::ui::theme;
use evenkeel::ui::view::{Arrangement, Tab, ThemeChoice, View};

struct Shot {
    name: &'static str,
    preset: &'static str,
    theme: ThemeChoice,
    arrangement: Arrangement,
    tab: Tab,
    /// When it is taken, from the start of the lab.
    secs: u64,
    /// The newest request that this server answered is selected.
    select: Option<&'static str>,
}

const SHOTS: [Shot; 6] = [
    Shot {
        name: "learn-dark",
        preset: "starter.ron",
        theme: ThemeChoice::Dark,
        arrangement: Arrangement::Learn,
        tab: Tab::Flow,
        secs: 18,
        select: Some("b"),
    },
    Shot {
        name: "learn-light",
        preset: "starter.ron",
        theme: ThemeChoice::Light,
        arrangement: Arrangement::Learn,
        tab: Tab::Flow,
        secs: 18,
        select: None,
    },
    Shot {
        name: "keys",
        preset: "add-a-server.ron",
        theme: ThemeChoice::Dark,
        arrangement: Arrangement::Learn,
        tab: Tab::Keys,
        secs: 20,
        select: None,
    },
    Shot {
        name: "compare",
        preset: "slow-server.ron",
        theme: ThemeChoice::Light,
        arrangement: Arrangement::Learn,
        tab: Tab::Compare,
        secs: 18,
        select: None,
    },
    Shot {
        name: "requests",
        preset: "shop.ron",
        theme: ThemeChoice::Dark,
        arrangement: Arrangement::Serve,
        tab: Tab::Requests,
        secs: 15,
        select: None,
    },
    Shot {
        name: "present",
        preset: "starter.ron",
        theme: ThemeChoice::Dark,
        arrangement: Arrangement::Present,
        tab: Tab::Flow,
        secs: 18,
        select: None,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` itself adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    std::fs::create_dir_all(&folder)?;
    let is_wanted =
        |shot: &&Shot| wanted.is_empty() || wanted.iter().any(|it| shot.name.contains(it.as_str()));
    for shot in SHOTS.iter().filter(is_wanted) {
        let png = taken(shot)?;
        let file = folder.join(shot.name).with_extension("png");
        std::fs::write(&file, &png)?;
        println!("{} {} KiB", shot.name, png.len() / 1024);
    }
    Ok(())
}

fn taken(shot: &Shot) -> Result<Vec<u8>, Box<dyn Error>> {
    let preset = PRESETS.iter().find(|it| it.file == shot.preset).ok_or("no such preset")?;
    let lab = evenkeel::lab::load(preset.text.as_bytes())
        .map_err(|refused| format!("{:?}", refused.problems))?;
    let lab = Checked::into_lab(lab.lab);
    let dark = shot.theme == ThemeChoice::Dark;
    let theme = if dark { egui::Theme::Dark } else { egui::Theme::Light };
    let camera = || Camera::new(theme, egui::vec2(1280.0, 720.0), 1.0);
    let mut before = camera();
    let duration = Period::from_secs(shot.secs);
    let told = story::told(&lab, lab.seed, duration);
    let view = View {
        arrangement: shot.arrangement,
        tab: shot.tab,
        theme: shot.theme,
        welcome_closed: true,
        ..View::default()
    };
    let in_force = told.lab_at(duration.ns()).map_or(lab, |lab| (**lab).clone());
    let mut app = App::told(before.ctx(), in_force, view, told, duration.ns());
    if let Some(server) = shot.select {
        let answered = |record: &&std::sync::Arc<evenkeel::engine::Record>| {
            record.attempts.last().is_some_and(|attempt| &*attempt.server == server)
        };
        let newest = app.workbench.story.requests().iter().rev().find(answered).cloned();
        app.workbench.selection = newest.map_or(Selection::Nothing, Selection::Request);
    }
    compute(&mut app, &mut before);
    // What was written while it was computing would decide where letters lie in their atlas, and how they are rounded.
    let mut camera = camera();
    if shot.arrangement == Arrangement::Present {
        theme::set_projector(camera.ctx(), true);
    }
    // Until everything stands still.
    for _ in 0..60 {
        app.logic(camera.ctx());
        camera.frame(|ui| app.ui(ui));
    }
    Ok(camera.picture().png())
}

/// Shows the window until everything is there.
fn compute(app: &mut App, camera: &mut Camera) {
    for _ in 0..3 {
        app.logic(camera.ctx());
        camera.frame(|ui| app.ui(ui));
    }
    while app.is_computing() {
        app.logic(camera.ctx());
        camera.again(|ui| app.ui(ui));
        std::thread::yield_now();
    }
}
