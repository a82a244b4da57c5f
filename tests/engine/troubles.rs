//! What is not as it should be is said, and mended as soon as it can be.

use std::net::{SocketAddr, TcpListener};

use evenkeel::engine::{AdminSettings, ListenerState, ServerState};

use crate::kit::{DEADLINE, Running, checked, get, settings, wait_for};

#[test]
fn a_taken_port_is_named_with_its_owner_and_opened_when_it_is_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = format!(
        r#"(
            version: 1,
            listeners: [(name: "front", address: "{address}", pool: "web")],
            pools: [(name: "web", servers: [(name: "a", mock: (latency: constant("1ms")))])],
            clients: [(name: "all", listener: "front", arrivals: steady(per_second: 100))],
        )"#
    );
    let running = Running::start_with(settings("taken"), &text);
    let status = running.engine.status();
    let state = &status.listener("front").unwrap().state;
    let ListenerState::Trouble { still_at: None, trouble } = state else { panic!("{state:?}") };
    assert!(trouble.what.contains(&format!("port {} is in use", address.port())), "{trouble}");
    if cfg!(target_os = "linux") {
        assert!(trouble.what.contains(&format!("process {}", std::process::id())), "{trouble}");
    }
    let waiting = "clients all wait for listener front";
    assert!(status.all_troubles().iter().any(|it| it.starts_with(waiting)), "{status:?}");
    let told = running.engine.observe().events;
    assert!(told.iter().any(|event| event.text.starts_with(waiting)), "{told:?}");
    drop(taken);
    // Whoever asks for something all the time must not keep it from looking.
    wait_for("an open listener", || {
        running.engine.course().unwrap();
        running.engine.status().all_troubles().is_empty()
    });
    assert_eq!(get(address, "/").0, 200);
    wait_for("traffic", || {
        running.engine.observe().figures.clients_together().counters.finished() > 10
    });
}

#[test]
fn a_move_to_a_taken_port_stays_where_it_was() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let running = Running::start("stays", ANSWERING);
    let before = running.address("front");
    let to = taken.local_addr().unwrap();
    running.change(|lab| lab.listeners[0].address = to.to_string());
    let state = running.engine.status().listener("front").unwrap().state.clone();
    assert!(
        matches!(state, ListenerState::Trouble { still_at: Some(still), .. } if still == before)
    );
    assert_eq!(get(before, "/").0, 200);
    drop(taken);
    wait_for("the move", || running.address("front") == to);
    assert_eq!(get(to, "/").0, 200);
}

#[test]
fn of_two_hundred_labs_in_a_burst_the_last_is_in_force() {
    let running = Running::start(
        "storm",
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [(name: "a", mock: (latency: constant("1ms"))), (name: "b", mock: (latency: constant("1ms")))])],
            clients: [(name: "all", listener: "front", arrivals: steady(per_second: 200))],
        )"#,
    );
    let mut lab = (*running.engine.lab()).clone();
    let mut revision = 0;
    for weight in 1..=200 {
        lab.pools[0].servers[0].weight = weight;
        revision = running.engine.apply(checked(&lab));
    }
    assert!(running.engine.wait_for(revision, DEADLINE));
    let status = running.engine.status();
    assert_eq!((status.revision, status.lab.pools[0].servers[0].weight), (201, 200));
    let finished = || running.engine.observe().figures.clients_together().counters;
    let before = finished().finished();
    wait_for("traffic after the storm", || finished().finished() > before + 20);
    assert_eq!(finished().errors(), 0);
}

#[test]
fn a_command_starts_after_a_yes_and_never_before() {
    let settings = settings("commands");
    let mark = settings.folder.join("started");
    let text = format!(
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [(
                name: "a",
                command: (line: "sh -c 'touch started; exec {} mock --listen 127.0.0.1:$PORT --latency 1ms'"),
            )])],
        )"#,
        env!("CARGO_BIN_EXE_evenkeel")
    );
    let running = Running::start_with(settings, &text);
    let state = || running.engine.status().servers[0].state.clone();
    assert!(matches!(state(), ServerState::AwaitsConsent(_)), "{:?}", state());
    assert_eq!(running.engine.status().commands_waiting().len(), 1);
    assert!(get(running.address("front"), "/").0 >= 500);
    running.change(|lab| lab.pools[0].servers[0].weight = 2);
    running.change(|lab| lab.pools[0].servers[0].enabled = false);
    assert_eq!(state(), ServerState::Dead);
    assert!(running.engine.status().commands_waiting().is_empty());
    running.change(|lab| lab.pools[0].servers[0].enabled = true);
    assert!(matches!(state(), ServerState::AwaitsConsent(_)), "{:?}", state());
    assert!(!mark.exists());
    let agreed = vec![running.engine.lab().pools[0].servers[0].command.clone().unwrap()];
    running.engine.allow_commands(agreed);
    wait_for("a program that answers", || get(running.address("front"), "/").0 == 200);
    assert!(mark.exists());
    wait_for("a word that it runs", || state() == ServerState::Known);
    running.change(|lab| {
        let command = lab.pools[0].servers[0].command.as_mut().unwrap();
        command.line = command.line.replace("started", "started-later");
    });
    assert!(matches!(state(), ServerState::AwaitsConsent(_)), "{:?}", state());
    running.change(|lab| {
        let command = lab.pools[0].servers[0].command.as_mut().unwrap();
        command.line = command.line.replace("started-later", "started");
        command.copies = 2;
    });
    wait_for("what was agreed to, in more copies", || {
        running.engine.status().servers.iter().all(|it| it.state == ServerState::Known)
    });
    assert!(!mark.with_file_name("started-later").exists());
}

#[test]
fn what_is_wrong_with_a_server_that_was_switched_off_troubles_nobody() {
    let text = r#"(
        version: 1,
        listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
        pools: [(name: "web", servers: [(name: "a", command: (line: "no-such-program {port}"))])],
    )"#;
    let running = Running::start("switched-off", text);
    let command = running.engine.lab().pools[0].servers[0].command.clone().unwrap();
    running.engine.allow_commands(vec![command]);
    let state = || running.engine.status().servers[0].state.clone();
    wait_for("a program that cannot start", || matches!(state(), ServerState::Trouble(_)));
    running.change(|lab| lab.pools[0].servers[0].enabled = false);
    assert_eq!(state(), ServerState::Dead);
    assert_eq!(running.engine.status().all_troubles(), Vec::<String>::new());
}

#[test]
fn settings_can_be_shown_without_their_token() {
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let admin = AdminSettings { address, token: Some("a secret".to_owned()) };
    assert!(!format!("{admin:?}").contains("a secret"));
}

#[test]
fn a_lab_that_is_put_gets_its_measured_latencies() {
    let settings = settings("samples");
    std::fs::write(settings.folder.join("times.txt"), "250ms\n250ms\n").unwrap();
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let settings = evenkeel::engine::Settings {
        admin: Some(AdminSettings { address, token: None }),
        ..settings
    };
    let running = Running::start_with(settings, ANSWERING);
    let admin = running.engine.status().admin.unwrap();
    let text = |file: &str| {
        format!(
            r#"(
                version: 1,
                listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
                pools: [(name: "web", servers: [(name: "a", mock: (latency: file(path: "{file}")))])],
            )"#
        )
    };
    let put = |text: &str| {
        use std::io::{Read as _, Write as _};
        let mut stream = crate::kit::connect(admin);
        let n = text.len();
        let head = "PUT /lab HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length";
        write!(stream, "{head}: {n}\r\n\r\n{text}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let refused = put(&text("no-such-file.txt"));
    assert!(refused.contains(" 422 ") && refused.contains("no-such-file.txt"), "{refused}");
    let taken = put(&text("times.txt"));
    assert!(taken.contains(" 200 "), "{taken}");
    assert_eq!(get(running.address("front"), "/").0, 200);
    // The client may have its answer before it is counted.
    wait_for("a measured latency of a quarter of a second", || {
        let figures = running.engine.observe().figures;
        let latency = &figures.pool("web").unwrap().servers[0].1.latency;
        latency.quantile(0.5).is_some_and(|ns| ns >= 200_000_000)
    });
}

const ANSWERING: &str = r#"(
    version: 1,
    listeners: [(
        name: "front",
        address: "127.0.0.1:0",
        routes: [(to: answer(status: 200, body: "here"))],
    )],
)"#;
