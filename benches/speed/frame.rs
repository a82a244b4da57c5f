//! The cost of one frame of the window: everything that is shown is laid out and turned into triangles. A window on
//! 64 servers at 2,000 requests a second with four charts plays its record, so that every frame shows another moment.

use divan::Bencher;
use evenkeel::lab;
use evenkeel::period::Period;
use evenkeel::ui::app::App;
use evenkeel::ui::camera::Camera;
use evenkeel::ui::playhead::Playhead;
use evenkeel::ui::selection::Selection;
use evenkeel::ui::story;
use evenkeel::ui::view::{Tab, View};

#[divan::bench(args = ["Flow", "Keys", "Compare", "Requests"], sample_count = 300, sample_size = 1)]
fn with_64_servers(bencher: Bencher<'_, '_>, tab: &str) {
    let tab = Tab::ALL.into_iter().find(|it| it.title() == tab).expect("it is a tab");
    let mut stage = Stage::open(tab);
    bencher.bench_local(|| stage.frame());
}

struct Stage {
    app: App,
    camera: Camera,
}

impl Stage {
    fn open(tab: Tab) -> Self {
        let lab = lab::load(text().as_bytes()).map(|loaded| loaded.lab.into_lab());
        let lab = lab.unwrap_or_else(|refused| panic!("{:#?}", refused.problems));
        let mut camera = Camera::new(egui::Theme::Dark, egui::vec2(2560.0, 1440.0), 1.0);
        let told = story::told(&lab, 1, Period::from_secs(SECS));
        let view = View { tab, welcome_closed: true, ..View::default() };
        let now_ns = Period::from_secs(SECS).ns();
        let mut app = App::told(camera.ctx(), lab, view, told, now_ns);
        let newest = app.workbench.story.requests().back().cloned();
        app.workbench.selection = newest.map_or(Selection::Nothing, Selection::Request);
        while {
            app.logic(camera.ctx());
            camera.frame(|ui| app.ui(ui));
            app.is_computing()
        } {}
        app.workbench.playhead =
            Playhead::Playback { from_ns: now_ns / 2, began_ns: now_ns, speed: 1.0 };
        Self { app, camera }
    }

    /// How many shapes it had, so that nothing is left out as unused.
    fn frame(&mut self) -> usize {
        let Self { app, camera } = self;
        app.workbench.now_ns += FRAME_NS;
        app.logic(camera.ctx());
        camera.frame(|ui| app.ui(ui));
        camera.meshes().len()
    }
}

fn text() -> String {
    let server =
        |index| format!(r#"(name: "s{index}", mock: (latency: exponential(mean: "20ms")))"#);
    let servers = (0..64).map(server).collect::<Vec<String>>().join(", ");
    format!(
        r#"(
            listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", algorithm: "ring", key: path, servers: [{servers}])],
            clients: [(
                name: "all", listener: "web", arrivals: poisson(per_second: 2000), identities: (count: 32),
                keys: uniform(count: 10000), key_in: path, requests: [(path: "/item/{{key}}")],
            )],
        )"#
    )
}

const SECS: u64 = 20;
const FRAME_NS: u64 = 16_666_667;
