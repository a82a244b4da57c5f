//! Clients stay with their servers: by the proxy's cookie, the application's cookie, the source address.

use evenkeel::proxy::Unstuck;

use crate::bench::Bench;
use crate::origin::{Answer, Client, Origin, Reply, get, lab, lab_with_route, wait_until};

const INSERTED: &str = "stickiness: inserted()";

fn ask(bench: &Bench, cookie: &str) -> Answer {
    let field = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    Client::connect(bench.address("front")).get(&field)
}

fn lost(bench: &Bench, cause: Unstuck) -> u64 {
    bench.pool("web").state.unstuck()[cause as usize].1
}

#[test]
fn a_cookie_brings_a_client_back_and_stays_between_it_and_the_proxy() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let servers = [("a", &a, ""), ("b", &b, "")];
    let bench = Bench::run(&lab(&servers, INSERTED, ""));
    let first = ask(&bench, "");
    let cookie = first.cookie().unwrap().to_owned();
    assert!(first.header("set-cookie").unwrap().contains("; Path=/; HttpOnly; SameSite=Lax"));
    assert!(!cookie.contains("127.0.0.1"));
    for _ in 0..5 {
        let again = ask(&bench, &format!("theme=dark; {cookie}; lang=en"));
        assert_eq!(again.body, first.body);
        assert_eq!(again.cookie(), None, "a cookie that holds is not given again");
    }
    let seen = [a.asked(), b.asked()].concat();
    assert!(seen.iter().all(|asked| !asked.head.contains("evenkeel=")));
    assert!(seen.iter().any(|asked| asked.head.contains("cookie: theme=dark; lang=en\r\n")));
    let restarted = Bench::run(&lab(&servers, INSERTED, ""));
    assert!((0..3).all(|_| ask(&restarted, &cookie).body == first.body), "the key is the same");
}

#[test]
fn a_forged_cookie_binds_nobody() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], INSERTED, ""));
    let cookie = ask(&bench, "").cookie().unwrap().to_owned();
    let last = if cookie.ends_with('A') { "B" } else { "A" };
    let changed = format!("{}{last}", &cookie[..cookie.len() - 1]);
    for forged in [&changed, "evenkeel=", "evenkeel=127.0.0.1:80", "evenkeel=\"x"] {
        let answers: Vec<Answer> = (0..2).map(|_| ask(&bench, forged)).collect();
        assert!(answers.iter().all(|answer| answer.cookie().is_some()), "{forged}");
        assert_ne!(answers[0].body, answers[1].body, "{forged}");
    }
    assert_eq!(lost(&bench, Unstuck::BondForged), 8);
}

#[test]
fn a_drained_server_keeps_its_clients_and_a_removed_one_loses_them() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], INSERTED, ""));
    let cookie = ask(&bench, "").cookie().unwrap().to_owned();
    assert_eq!(ask(&bench, &cookie).body, "a");
    bench.lab.pools[0].servers[0].drain = true;
    bench.publish();
    assert!((0..3).all(|_| get(bench.address("front")).body == "b"));
    assert_eq!(ask(&bench, &cookie).body, "a");
    let removed = bench.lab.pools[0].servers.remove(0);
    bench.publish();
    let moved = ask(&bench, &cookie);
    assert_eq!((&*moved.body, lost(&bench, Unstuck::ServerRemoved)), ("b", 1));
    assert_ne!(moved.cookie().unwrap(), cookie);
    assert_eq!(removed.name, "a");
}

#[test]
fn a_client_whose_server_is_gone_gets_another_unless_the_bond_is_strict() {
    for strict in [false, true] {
        let (a, b) = (Origin::start("a"), Origin::start("b"));
        let sticky = format!("stickiness: inserted(strict: {strict})");
        let health =
            "health: (passive: (consecutive_failures: 1), ejection: (max: \"1h\", base: \"1h\"))";
        let pool = format!("{sticky}, {health}");
        let route = "retries: (attempts: 2, on: [connect, reset])";
        let bench = Bench::run(&lab_with_route(&[("a", &a, ""), ("b", &b, "")], &pool, route));
        let cookie = ask(&bench, "").cookie().unwrap().to_owned();
        a.die();
        let first = ask(&bench, &cookie);
        let second = ask(&bench, &cookie);
        if strict {
            assert_eq!((first.status, second.status), (503, 503));
        } else {
            assert_eq!((&*first.body, &*second.body), ("b", "b"));
            assert_eq!(lost(&bench, Unstuck::Failover), 1);
        }
        assert!(lost(&bench, Unstuck::ServerDown) >= 1);
    }
}

#[test]
fn an_idle_cookie_is_given_again_before_it_ends_and_ends_without_use() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let sticky = "stickiness: inserted(idle: \"2s\", max_age: \"1h\")";
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], sticky, ""));
    let first = ask(&bench, "").cookie().unwrap().to_owned();
    let mut renewed = None;
    wait_until("the cookie is given again", || {
        let answer = ask(&bench, &first);
        assert_eq!(answer.body, "a");
        renewed = answer.cookie().map(str::to_owned);
        renewed.is_some()
    });
    assert_ne!(renewed.unwrap(), first);
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    ask(&bench, &first);
    assert_eq!(lost(&bench, Unstuck::BondExpired), 1);
}

#[test]
fn the_applications_own_cookie_is_learned_and_forgotten() {
    let start = |name: &'static str| {
        Origin::answering(name, move |asked| {
            let field = match asked.head.split(' ').nth(1).unwrap() {
                "/login" => format!("set-cookie: sid=of-{name}; Path=/\r\n"),
                "/logout" => "set-cookie: sid=; Max-Age=0\r\n".to_owned(),
                _ => String::new(),
            };
            Reply::Raw(format!("HTTP/1.1 200 OK\r\n{field}content-length: 1\r\n\r\n{name}"))
        })
    };
    let (a, b) = (start("a"), start("b"));
    let sticky = "stickiness: application(name: \"sid\")";
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], sticky, ""));
    let to = |path: &str, cookie: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{cookie}\r\n");
        Client::connect(bench.address("front")).ask(&request)
    };
    let home = to("/login", "").body;
    let cookie = format!("cookie: sid=of-{home}\r\n");
    assert!((0..5).all(|_| to("/", &cookie).body == home));
    assert_eq!(to("/logout", &cookie).body, home);
    let bodies: Vec<String> = (0..2).map(|_| to("/logout", &cookie).body).collect();
    assert_ne!(bodies[0], bodies[1], "the session has ended");
}

#[test]
fn a_source_address_keeps_its_server() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let sticky = "stickiness: source()";
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], sticky, ""));
    let home = get(bench.address("front")).body;
    assert!((0..6).all(|_| get(bench.address("front")).body == home));
}

#[test]
fn a_split_keeps_a_client_on_its_side_and_others_by_weight() {
    let (a, b) = (Origin::start("old"), Origin::start("new"));
    let text = format!(
        "(version: 1, pools: [\
         (name: \"old\", {INSERTED}, servers: [(name: \"a\", address: \"{}\")]), \
         (name: \"new\", {INSERTED}, servers: [(name: \"b\", address: \"{}\")])], \
         listeners: [(name: \"front\", address: \"127.0.0.1:0\", routes: [(to: split(parts: [\
         (pool: \"old\", weight: 3), (pool: \"new\", weight: 1)], sticky: ()))])])",
        a.address, b.address
    );
    let bench = Bench::run(&text);
    let n_new = (0..200).filter(|_| ask(&bench, "").body == "new").count();
    // 200 draws at one in four: four standard deviations are 24.5.
    assert!((25..=75).contains(&n_new), "{n_new} of 200");
    for _ in 0..4 {
        let first = ask(&bench, "");
        let fields = first.head.lines().filter(|line| line.starts_with("set-cookie: "));
        let cookies: Vec<&str> =
            fields.map(|line| line["set-cookie: ".len()..].split(';').next().unwrap()).collect();
        assert_eq!(cookies.len(), 2, "one for the side, one for the server");
        assert!((0..8).all(|_| ask(&bench, &cookies.join("; ")).body == first.body));
    }
}
