//! Lab files: what cannot be loaded changes nothing, and edits are not lost without a question.

use evenkeel::engine::Settings;
use evenkeel::lab::{Checked, PRESETS, load};
use evenkeel::ui::app::App;
use evenkeel::ui::verb::Verb;
use evenkeel::ui::view::View;

use crate::driven::{Folder, Window};
use crate::kit;

const BROKEN: &str =
    "(\n    pools: [(name: \"web\", servers: [(name: \"a\", weight: 70000, mock: ())])],\n)";

#[test]
fn a_broken_file_shows_line_and_column_and_changes_nothing() {
    let folder = Folder::new("broken");
    let mut window = Window::told(0);
    let before = window.draft().clone();
    let file = folder.file("broken.ron", BROKEN);
    window.app().workbench.ask(Verb::OpenFile(file));
    window.wait_until("the problem", |it| it.shows("broken.ron cannot be loaded"));
    assert!(window.shows("line 2, column "));
    assert!(window.shows("weight: 70000, mock"), "the line is quoted");
    assert_eq!(*window.draft(), before);
    window.click("Close");
    assert!(!window.shows("cannot be loaded"));
}

#[test]
fn edits_are_not_lost_without_a_question() {
    let mut window = Window::told(0);
    window.draft().seed = 77;
    window.app().workbench.ask(Verb::OpenPreset(1));
    window.frames(3);
    assert!(window.shows("Save the changes to Starter?"));
    window.click("Cancel");
    assert_eq!((window.draft().seed, window.draft().name.as_str()), (77, "Starter"));
    window.app().workbench.ask(Verb::OpenPreset(1));
    window.frames(3);
    window.click("Do not save");
    assert_eq!(window.draft().name, "Slow server");
    window.app().workbench.ask(Verb::OpenPreset(0));
    window.frames(3);
    assert_eq!(window.draft().name, "Starter", "without edits nothing is asked");
}

#[test]
fn what_is_saved_is_what_was_edited_and_asking_goes_on_after_it() {
    let folder = Folder::new("saved");
    let file = folder.file("own.ron", PRESETS[0].text);
    let mut window = Window::told(1);
    window.app().workbench.ask(Verb::OpenFile(file.clone()));
    window.wait_until("the lab", |it| it.draft().name == "Starter");
    window.draft().seed = 77;
    window.app().workbench.ask(Verb::OpenPreset(2));
    window.frames(3);
    window.click("Save");
    window.wait_until("the next lab", |it| it.draft().name == "Weights");
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(load(text.as_bytes()).unwrap().lab.seed, 77);
    assert!(text.starts_with("// Three servers"), "its comment is kept: {text}");
}

#[test]
fn a_file_that_changes_on_disk_is_loaded_or_asked_about() {
    let folder = Folder::new("changed");
    let file = folder.file("own.ron", PRESETS[0].text);
    let mut window = Window::told(1);
    window.app().workbench.ask(Verb::OpenFile(file.clone()));
    window.wait_until("the lab", |it| it.draft().name == "Starter");
    let with_seed = |seed| {
        PRESETS[0].text.replace("name: \"Starter\",", &format!("name: \"Starter\", seed: {seed},"))
    };
    std::fs::write(&file, with_seed(5)).unwrap();
    window.wait_until("the change", |it| it.draft().seed == 5);
    window.draft().hold = true;
    window.frames(2);
    std::fs::write(&file, with_seed(6)).unwrap();
    window.wait_until("the question", |it| it.shows("own.ron has changed on disk"));
    assert_eq!(window.draft().seed, 5);
    window.click("Load what is on disk");
    window.frames(3);
    assert_eq!((window.draft().seed, window.draft().hold), (6, false));
    window.app().workbench.ask(Verb::Undo);
    window.frames(3);
    assert!(window.draft().hold, "undo brings the edits back");
}

#[test]
fn a_pasted_lab_is_opened() {
    let mut window = Window::told(0);
    let text = PRESETS[3].text.to_owned();
    window.harness.event(egui::Event::Paste(text));
    window.wait_until("the lab", |it| it.draft().name == PRESETS[3].name);
}

#[test]
fn of_a_window_on_a_file_nothing_runs_but_what_is_in_the_file() {
    let folder = Folder::new("asked-for");
    let text = r#"(name: "Asked for", listeners: [(name: "own", address: "127.0.0.1:0", pool: "web")],
        pools: [(name: "web", servers: [(name: "a", mock: ())])])"#;
    let files =
        [(folder.file("lab.ron", text), "Asked for"), (folder.file("no.ron", "("), "Starter")];
    for (file, expected) in files {
        let mut starter = load(PRESETS[0].text.as_bytes()).unwrap().lab.into_lab();
        starter.take_free_ports();
        let starter = Checked::new(starter).unwrap();
        let mut window = kit::made(move |ctx| {
            let app = App::on_file(ctx, file, starter, Settings::default(), View::default());
            assert!(app.engine().is_none());
            app
        });
        let runs = |window: &mut kit::Window| {
            kit::app(window).engine().map(|engine| engine.lab().name.clone())
        };
        kit::until(&mut window, "something that runs", |window| runs(window).is_some());
        assert_eq!(runs(&mut window).as_deref(), Some(expected), "the first that ran");
    }
}
