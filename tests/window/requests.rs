//! The Requests tab and the Why panel: a request of one's own is found, explained and sent again.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use evenkeel::ui::selection::Selection;
use evenkeel::ui::view::{Tab, View};

use super::kit::{self, Window, until};

/// Two mocks, and nobody built in sends.
const LAB: &str = r#"(
    version: 1,
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
    pools: [(
        name: "web",
        algorithm: "least-connections",
        servers: [(name: "left", mock: (latency: constant("1ms"))), (name: "right", mock: (latency: constant("1ms")))],
    )],
)"#;

fn open() -> Window {
    kit::open(LAB, View { tab: Tab::Requests, ..View::default() })
}

fn address(window: &mut Window) -> SocketAddr {
    until(window, "an open listener", |window| {
        let status = kit::app(window).workbench.status.clone();
        status.is_some_and(|status| status.address_of("front").is_some())
    });
    let status = kit::app(window).workbench.status.clone().expect("it was there");
    status.address_of("front").expect("it was open")
}

fn send(to: SocketAddr, target: &str) {
    let mut stream = TcpStream::connect(to).expect("the listener is open");
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: shop\r\ncookie: sid=hush\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn n_recorded(window: &mut Window) -> usize {
    kit::app(window).workbench.story.requests().len()
}

#[test]
fn a_request_of_ones_own_is_found_explained_and_sent_again() {
    let mut window = open();
    let to = address(&mut window);
    send(to, "/cart?id=7");
    until(&mut window, "a row", |window| {
        window.query_by_label_contains("GET /cart?id=7 200").is_some()
    });
    let row = window.get_by_label_contains("GET /cart?id=7 200");
    assert!(row.accesskit_node().label().is_some_and(|label| label.ends_with(", yours")));
    row.click();
    until(&mut window, "a decision", |window| {
        window.query_by_label_contains("Least connections sent it to").is_some()
            && window.query_by_label("Round robin:").is_some()
            && window.query_by_label("Rendezvous:").is_some()
    });
    window.set_size(egui::vec2(1280.0, 1440.0));
    window.run_steps(2);
    let [last, more] = ["Rendezvous:", "More algorithms"].map(|it| window.get_by_label(it).rect());
    assert!(more.top() - last.bottom() < 80.0, "{more} is not right below {last}");
    window.set_size(egui::vec2(1280.0, 720.0));
    window.get_by_label_contains("Request headers").scroll_to_me();
    window.run_steps(3);
    window.get_by_label_contains("Request headers").click();
    until(&mut window, "headers", |window| {
        window.query_by_label("Show the value of cookie").is_some()
    });
    assert!(window.query_by_label("sid=hush").is_none(), "a secret is shown only when asked for");
    window.get_by_label("Show the value of cookie").scroll_to_me();
    window.run_steps(20);
    window.get_by_label("Show the value of cookie").click();
    until(&mut window, "the cookie", |window| window.query_by_label("sid=hush").is_some());
    window.get_by_label("Send again").click();
    until(&mut window, "another record", |window| n_recorded(window) == 2);
    let story = &kit::app(&mut window).workbench.story;
    assert!(story.requests().iter().all(|it| it.target == "/cart?id=7" && it.is_yours()));
}

#[test]
fn a_filter_and_arrows_lead_to_a_request() {
    let mut window = open();
    let to = address(&mut window);
    (0..6).for_each(|number| send(to, &format!("/item/{number}")));
    until(&mut window, "six records", |window| n_recorded(window) == 6);
    window.key_press(egui::Key::ArrowUp);
    window.step();
    window.key_press(egui::Key::ArrowUp);
    until(&mut window, "a selection", |window| {
        let selection = &kit::app(window).workbench.selection;
        matches!(selection, Selection::Request(record) if record.target == "/item/4")
    });
    let field = window.get_by_label("Filter requests");
    field.focus();
    window.step();
    window.get_by_label("Filter requests").type_text("item/2");
    until(&mut window, "one row", |window| {
        window.query_by_label_contains("GET /item/2 200").is_some()
            && window.query_by_label_contains("GET /item/3 200").is_none()
    });
}
