//! The first hour of a person with the window, in a minute.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use egui::{Key, Modifiers};

use crate::window::Window;

const LAB: &str = r#"(
    version: 1,
    name: "Story",
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
    pools: [(
        name: "web",
        servers: [
            (name: "a", mock: (latency: exponential(mean: "10ms"), concurrency_limit: 2)),
            (name: "b", mock: (latency: exponential(mean: "300ms"), concurrency_limit: 2)),
            (name: "c", mock: (latency: exponential(mean: "10ms"), concurrency_limit: 2)),
        ],
    )],
    clients: [(
        name: "visitors",
        listener: "front",
        arrivals: poisson(per_second: 30),
        identities: (count: 8),
    )],
)"#;

#[test]
fn a_person_sees_changes_and_undoes_all_of_it() {
    let mut window = Window::open("story", LAB);
    let address = address_of(&window.see("http://127.0.0.1:"));

    // Traffic, and everybody gets the same.
    share_of(&mut window, "b", |share| (28.0..39.0).contains(&share));

    // Another algorithm, and the slow one gets less.
    window.click("Algorithm");
    window.click("Least connections");
    window.see("Algorithm = Least connections");
    share_of(&mut window, "b", |share| share < 20.0);

    // A request of one's own, with its decision.
    ask(address, "/from-outside");
    window.click("Requests");
    window.click("/from-outside");
    window.see("Least connections sent it to");

    // A killed server gets nothing, and the others go on.
    window.click("Menu of a");
    window.click("Kill a");
    window.see("killed");
    share_of(&mut window, "a", |share| share == 0.0);

    // A new server takes keys, and no more than it must.
    window.click("Algorithm");
    window.click("Ring");
    window.click("Keys");
    window.click("Add a server");
    window.see("of keys moved");

    // And back to the beginning, step by step.
    for _ in 0..4 {
        window.press(Modifiers::COMMAND | Modifiers::CTRL, Key::Z);
    }
    window.see("Algorithm = Round robin");
    window.miss("Server d");
    window.miss("killed");
    share_of(&mut window, "a", |share| share > 20.0);
}

/// Waits until a server's share, in per cent, is as wanted.
fn share_of(window: &mut Window, server: &str, wanted: impl Fn(f64) -> bool) {
    let start = format!("{server} share ");
    window.see_where(&format!("the share of {server}"), |text| {
        let share = text.strip_prefix(&start).and_then(|rest| rest.strip_suffix(" %"));
        share.and_then(|share| share.parse().ok()).is_some_and(&wanted)
    });
}

fn address_of(text: &str) -> SocketAddr {
    let address = text.split("http://").nth(1).unwrap();
    address.trim().parse().unwrap_or_else(|_| panic!("{text} holds no address"))
}

fn ask(address: SocketAddr, path: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
