//! The program's window: opened, looked at by its accessible tree, clicked and typed into.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use egui::accesskit::{Node, NodeId, TreeUpdate};
use egui_inspection::protocol::{Request, Response, read_handshake, read_message, write_message};

use crate::screen::Screen;

pub(crate) struct Window {
    peer: TcpStream,
    program: Child,
    log: PathBuf,
    _screen: Screen,
}

impl Window {
    /// Opens the program on a lab file, in a home of its own.
    pub(crate) fn open(name: &str, lab: &str) -> Self {
        let screen = Screen::open();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screen").join(name);
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("lab.ron");
        std::fs::write(&file, lab).unwrap();
        let port = free_port();
        let log = folder.join("log.txt");
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command
            .arg(&file)
            .env("EGUI_INSPECTION", format!("127.0.0.1:{port}"))
            .envs(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA"].map(|it| (it, &folder)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap());
        screen.lend_to(&mut command);
        let program = command.spawn().unwrap();
        let mut peer = wait_for("the window", || TcpStream::connect(("127.0.0.1", port)).ok());
        peer.set_read_timeout(Some(DEADLINE)).unwrap();
        read_handshake(&mut peer).unwrap();
        Self { peer, program, log, _screen: screen }
    }

    fn ask(&mut self, request: &Request) -> Response {
        let answer =
            write_message(&mut self.peer, request).and_then(|()| read_message(&mut self.peer));
        answer.unwrap_or_else(|error| {
            let said = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("the window is gone: {error}\n{said}")
        })
    }

    pub(crate) fn tree(&mut self) -> Shown {
        match self.ask(&Request::GetTree) {
            Response::Tree { accesskit: Some(tree), .. } => Shown(tree),
            other => panic!("no tree: {other:?}"),
        }
    }

    pub(crate) fn send(&mut self, events: Vec<egui::Event>) {
        self.ask(&Request::ApplyEvents { events });
    }

    /// Waits until something with this text is shown, and returns the text in full.
    pub(crate) fn see(&mut self, text: &str) -> String {
        self.see_where(text, |shown| shown.contains(text))
    }

    /// Waits until something is shown whose text is as wanted.
    pub(crate) fn see_where(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut last = Vec::new();
        for _ in 0..STEPS {
            let shown = self.tree();
            if let Some(text) = shown.texts().find(|text| wanted(text)) {
                return text;
            }
            last = shown.texts().collect();
            std::thread::sleep(STEP);
        }
        panic!("{what} is not shown, only:\n{}", last.join("\n"));
    }

    /// Waits until nothing with this text is shown.
    pub(crate) fn miss(&mut self, text: &str) {
        let gone = (0..STEPS).any(|_| {
            let there = self.tree().texts().any(|shown| shown.contains(text));
            if there {
                std::thread::sleep(STEP);
            }
            !there
        });
        assert!(gone, "{text} is still shown");
    }

    /// Clicks what is called so.
    pub(crate) fn click(&mut self, name: &str) {
        self.see(name);
        let at = self.tree().middle(name).unwrap_or_else(|| panic!("{name} has no place"));
        let button = |pressed| egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::default(),
        };
        // One frame each, as a hand would.
        self.send(vec![egui::Event::PointerMoved(at)]);
        self.send(vec![button(true)]);
        self.send(vec![button(false)]);
    }

    pub(crate) fn press(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        for pressed in [true, false] {
            let physical_key = None;
            let event = egui::Event::Key { key, physical_key, pressed, repeat: false, modifiers };
            self.send(vec![event]);
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.program.kill().ok();
        self.program.wait().ok();
    }
}

/// What the window shows.
pub(crate) struct Shown(TreeUpdate);

impl Shown {
    /// Every name with its value: `Algorithm = Round robin`.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> + '_ {
        self.0.nodes.iter().map(|(_, node)| text_of(node)).filter(|text| !text.is_empty())
    }

    fn named(&self, name: &str) -> Option<&(NodeId, Node)> {
        let has_place = |node: &Node| node.bounds().is_some();
        let exactly = |(_, node): &&(NodeId, Node)| {
            has_place(node) && (node.label() == Some(name) || node.value() == Some(name))
        };
        let partly = |(_, node): &&(NodeId, Node)| has_place(node) && text_of(node).contains(name);
        let nodes = &self.0.nodes;
        nodes.iter().find(exactly).or_else(|| nodes.iter().find(partly))
    }

    fn middle(&self, name: &str) -> Option<egui::Pos2> {
        let bounds = self.named(name)?.1.bounds()?;
        let middle = |low: f64, high: f64| f64::midpoint(low, high) as f32;
        Some(egui::pos2(middle(bounds.x0, bounds.x1), middle(bounds.y0, bounds.y1)))
    }
}

fn text_of(node: &Node) -> String {
    let value = node.value().map(str::to_owned);
    let value = value.or_else(|| node.numeric_value().map(|value| value.to_string()));
    match (node.label(), value) {
        (Some(label), Some(value)) => format!("{label} = {value}"),
        (Some(label), None) => label.to_owned(),
        (None, value) => value.unwrap_or_default(),
    }
}

/// Until something is there.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..STEPS {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(STEP);
    }
    panic!("{what} did not come about in time");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const DEADLINE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(100);
const STEPS: u32 = 600;
