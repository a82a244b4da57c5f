//! The window is not what runs: it can go and come back, and what does not run is said.

use evenkeel::engine::{ListenerState, Settings};
use evenkeel::ui::app::App;
use evenkeel::ui::verb::Verb;
use evenkeel::ui::view::View;

use crate::driven::{Folder, Window, lab};

#[test]
fn a_window_that_was_closed_comes_back_over_the_same_engine() {
    let mut window = Window::running(lab(0).into_lab());
    let address = window.app().workbench.status.as_ref().unwrap().address_of("front").unwrap();
    window.draft().pools[0].servers[0].weight = 7;
    window.wait_until("the edit", |it| {
        it.app().workbench.status.as_ref().unwrap().lab.pools[0].servers[0].weight == 7
    });
    let watch = window.harness.state_mut().take().unwrap().leave().unwrap();
    drop(window);
    let mut again =
        Window::with(move |ctx| App::over(ctx, watch, Settings::default(), View::default()));
    assert_eq!(again.draft().pools[0].servers[0].weight, 7);
    let status = again.app().workbench.status.clone().unwrap();
    assert_eq!(status.address_of("front"), Some(address), "the listener stayed open");
    again.wait_until("what happens", |it| it.app().workbench.story.frames().len() > 3);
}

#[test]
fn a_port_that_is_taken_is_said_with_a_remedy_that_works() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut starter = lab(0).into_lab();
    starter.listeners[0].address = taken.local_addr().unwrap().to_string();
    let starter = evenkeel::lab::Checked::new(starter).unwrap();
    let mut window =
        Window::with(move |ctx| App::new(ctx, starter, Settings::default(), View::default()));
    window.wait_until("the trouble", |it| it.shows("is in use"));
    window.click("Use a free port");
    window.wait_until("the open listener", |it| {
        let status = it.app().workbench.status.clone().unwrap();
        matches!(status.listeners[0].state, ListenerState::Open { .. })
    });
    window.wait_until("no trouble", |it| !it.shows("Use a free port"));
}

#[test]
fn of_labs_opened_in_quick_succession_the_last_one_runs_alone() {
    let folder = Folder::new("succession");
    let file = |name: &str| {
        let text = format!(
            r#"(name: "{name}", listeners: [(name: "own", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [(name: "a", mock: ())])])"#
        );
        folder.file(&format!("{name}.ron"), &text)
    };
    let (first, second) = (file("first"), file("second"));
    let mut window = Window::running(lab(0).into_lab());
    let before = window.app().workbench.status.as_ref().unwrap().address_of("front").unwrap();
    window.app().workbench.ask(Verb::OpenFile(first));
    window.wait_until("the first", |it| it.draft().name == "first");
    assert!(window.app().engine().is_none(), "this frame did not wait for it");
    window.draft().note = "edited while it starts".to_owned();
    window.app().workbench.ask(Verb::Anyway(Verb::OpenFile(second).into()));
    window.wait_until("the second", |it| it.draft().name == "second");
    window.draft().note = "edited while it starts".to_owned();
    window.wait_until("the edited second", |it| {
        it.app().engine().is_some_and(|engine| {
            let lab = engine.lab();
            (lab.name.as_str(), lab.note.as_str()) == ("second", "edited while it starts")
        })
    });
    assert!(std::net::TcpStream::connect(before).is_err(), "the one before has let go");
}
