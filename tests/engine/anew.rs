//! Beginning anew: what was learned from the traffic so far counts no more.

use evenkeel::balance::Health;

use crate::kit::{Running, wait_for};

/// Four users with cookies; whoever fails once is out for an hour.
const LAB: &str = r#"(
    version: 1,
    workers: 1,
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
    pools: [(
        name: "web",
        stickiness: inserted(),
        health: (passive: (consecutive_failures: 1), ejection: (base: "1h", max: "1h", max_percent: 50)),
        servers: [(name: "a", mock: ()), (name: "b", mock: ())],
    )],
    clients: [(
        name: "users",
        listener: "front",
        arrivals: steady(per_second: 200),
        cookies: true,
        identities: (count: 4),
    )],
)"#;

#[test]
fn nobody_is_ejected_and_no_client_is_bound_when_everything_begins_anew() {
    let running = Running::start("anew", LAB);
    let set_b = |enabled: bool| {
        running.change(|lab| lab.pools[0].servers[1].enabled = enabled);
    };
    let answers_of = |server: usize| {
        let seen = running.engine.observe();
        let (_, reading) = &seen.figures.pools[0].servers[server];
        reading.counters.finished()
    };
    wait_for("both are used", || answers_of(1) > 0);
    set_b(false);
    let health = || running.engine.observe().pools[0].servers[1].health;
    wait_for("b is ejected", || health() == Health::Ejected);
    let before = answers_of(0);
    wait_for("every user has moved to a", || answers_of(0) > before + 100);
    set_b(true);
    let before = answers_of(1);
    running.engine.begin_anew();
    wait_for("b has clients again", || answers_of(1) > before && health() == Health::Up);
}
