//! Whatever a person can set is the same after saving and loading.

use std::collections::BTreeMap;

use evenkeel::balance::Algorithm;
use evenkeel::balance::pool::SlowStart;
use evenkeel::lab::{
    Action, Claim, Client, Command, Condition, Cue, Edit, Expectation, FieldCondition, HeaderEdit,
    Hedge, InsertedCookie, Key, Lab, Listener, PathCondition, Pool, Probe, Protocol, Question,
    RequestKind, Retries, RetryOn, Rewrite, Route, SameSite, Server, Split, SplitPart, Stickiness,
    TextCondition, Timeouts, Tls, Window, check, read, save,
};
use evenkeel::lab::{ActiveCheck, CertificateFiles, Certificates, Health};
use evenkeel::model::{Arrivals, Behaviour, Failures, Keys, Latency, SlowSpells, WarmUp};
use evenkeel::period::Period;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_lab_is_the_same_after_saving_and_loading(lab in lab()) {
        // The window checks labs that never were text.
        prop_assert!(!check(&lab).iter().any(|problem| problem.what.is_empty()));
        let text = save(&lab);
        let reading = read(text.as_bytes());
        prop_assert_eq!(reading.lab, Some(lab), "{}", text);
    }
}

fn lab() -> impl Strategy<Value = Lab> {
    let head = (text(), text(), option::of(question()), any::<u64>(), period(), any::<bool>());
    let parts = (
        vec(listener(), 0..3),
        vec(pool(), 0..3),
        vec(client(), 0..3),
        vec(cue(), 0..3),
        vec(expectation(), 0..3),
    );
    (head, parts).prop_map(|(head, parts)| {
        let (name, note, question, seed, duration, hold) = head;
        let (listeners, pools, clients, cues, expectations) = parts;
        let parts = Lab { listeners, pools, clients, cues, expectations, ..Lab::default() };
        Lab { name, note, question, seed, duration, hold, ..parts }
    })
}

fn question() -> impl Strategy<Value = Question> {
    (text(), vec(text(), 0..3), text()).prop_map(|(text, choices, answer)| Question {
        text,
        choices,
        answer,
    })
}

fn listener() -> impl Strategy<Value = Listener> {
    let protocol =
        select(vec![Protocol::Http, Protocol::Tcp, Protocol::Udp, Protocol::TlsPassthrough]);
    (text(), any::<bool>(), protocol, option::of(tls()), option::of(text()), vec(route(), 0..3))
        .prop_map(|(address, exposed, protocol, tls, pool, routes)| Listener {
            address,
            exposed,
            protocol,
            tls,
            pool,
            routes,
            ..Listener::default()
        })
}

fn tls() -> impl Strategy<Value = Tls> {
    let files = (text(), text(), vec(text(), 0..2))
        .prop_map(|(certificate, key, hosts)| CertificateFiles { certificate, key, hosts });
    let certificates = prop_oneof![
        vec(text(), 0..3).prop_map(|hosts| Certificates::Local { hosts }),
        vec(files, 0..3).prop_map(Certificates::Files),
    ];
    certificates.prop_map(|certificates| Tls { certificates, ..Tls::default() })
}

fn route() -> impl Strategy<Value = Route> {
    let rewrite = prop_oneof![text().prop_map(Rewrite::Path), text().prop_map(Rewrite::Prefix)];
    let edit = prop_oneof![
        (text(), text()).prop_map(|(name, value)| HeaderEdit::Set { name, value }),
        text().prop_map(|name| HeaderEdit::Remove { name }),
    ];
    (condition(), action(), option::of(rewrite), vec(edit, 0..3), option::of(period()), retries())
        .prop_map(|(when, to, rewrite, request_headers, idle, retries)| Route {
            when,
            to,
            rewrite,
            request_headers,
            timeouts: Timeouts { idle, ..Timeouts::default() },
            retries,
            ..Route::default()
        })
}

fn condition() -> impl Strategy<Value = Condition> {
    let path = prop_oneof![
        text().prop_map(PathCondition::Exact),
        text().prop_map(PathCondition::Prefix),
        text().prop_map(PathCondition::Pattern),
    ];
    let value = prop_oneof![
        Just(TextCondition::Present),
        Just(TextCondition::Absent),
        text().prop_map(TextCondition::Contains),
    ];
    let field = (text(), value).prop_map(|(name, value)| FieldCondition { name, value });
    (option::of(path), vec(field, 0..3), vec(text(), 0..3)).prop_map(|(path, headers, hosts)| {
        Condition { path, headers, hosts, ..Condition::default() }
    })
}

fn action() -> impl Strategy<Value = Action> {
    let part = (text(), any::<u32>()).prop_map(|(pool, weight)| SplitPart { pool, weight });
    prop_oneof![
        text().prop_map(Action::Pool),
        (vec(part, 0..3), option::of(cookie()))
            .prop_map(|(parts, sticky)| Action::Split(Split { parts, sticky })),
        (text(), any::<u16>()).prop_map(|(location, status)| Action::Redirect { location, status }),
        (any::<u16>(), text(), option::of(text())).prop_map(|(status, body, content_type)| {
            Action::Answer { status, body, content_type }
        }),
    ]
}

fn retries() -> impl Strategy<Value = Retries> {
    let on = prop_oneof![
        Just(RetryOn::Connect),
        Just(RetryOn::ServerError),
        any::<u16>().prop_map(RetryOn::Status),
    ];
    let hedge = period().prop_map(|after| Hedge { after, extra: 2 });
    (any::<u32>(), vec(on, 0..3), option::of(hedge)).prop_map(|(attempts, on, hedge)| Retries {
        attempts,
        on,
        hedge,
        ..Retries::default()
    })
}

fn cookie() -> impl Strategy<Value = InsertedCookie> {
    let same_site = select(vec![SameSite::None, SameSite::Lax, SameSite::Unset]);
    (text(), option::of(period()), same_site).prop_map(|(name, max_age, same_site)| {
        InsertedCookie { name, max_age, same_site, ..InsertedCookie::default() }
    })
}

fn pool() -> impl Strategy<Value = Pool> {
    let key = prop_oneof![Just(Key::Address), text().prop_map(Key::Header), Just(Key::Uri)];
    let stickiness = prop_oneof![
        Just(Stickiness::Off),
        cookie().prop_map(Stickiness::Inserted),
        Just(Stickiness::Source(Default::default())),
    ];
    let probe = prop_oneof![
        Just(Probe::Tcp),
        (text(), any::<(u16, u16)>(), option::of(text()))
            .prop_map(|(path, status, body)| { Probe::Http { path, status, body, host: None } }),
        text().prop_map(|service| Probe::Grpc { service }),
    ];
    let active = probe.prop_map(|probe| ActiveCheck { probe, ..ActiveCheck::default() });
    let slow_start = number().prop_map(|floor| SlowStart { floor, ..SlowStart::default() });
    let wrapping = (option::of(active), option::of(slow_start), option::of(any::<u32>()));
    (algorithm(), key, stickiness, wrapping, vec(server(), 0..4)).prop_map(
        |(algorithm, key, stickiness, (active, slow_start, over_provisioning), servers)| Pool {
            algorithm,
            key,
            stickiness,
            health: Health { active, ..Health::default() },
            slow_start,
            over_provisioning,
            servers,
            ..Pool::default()
        },
    )
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    select(Algorithm::all())
}

fn server() -> impl Strategy<Value = Server> {
    let command = (text(), any::<u32>(), btree_map(text(), text(), 0..3))
        .prop_map(|(line, copies, env)| Command { line, copies, env, ..Command::default() });
    (text(), any::<u32>(), option::of(text()), option::of(behaviour()), option::of(command))
        .prop_map(|(name, weight, address, mock, command)| Server {
            name,
            weight,
            address,
            mock,
            command,
            ..Server::default()
        })
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    let failures = (btree_map(any::<u16>(), number(), 0..3), number())
        .prop_map(|(status, refuse)| Failures { status, refuse, ..Failures::default() });
    let warm_up = (period(), number()).prop_map(|(over, factor)| WarmUp { over, factor });
    let spells = (period(), period(), number()).prop_map(|(every, lasting, factor)| SlowSpells {
        every,
        lasting,
        factor,
    });
    (latency(), failures, option::of(warm_up), option::of(spells)).prop_map(
        |(latency, failures, warm_up, slow_spells)| Behaviour {
            latency,
            failures,
            warm_up,
            slow_spells,
            ..Behaviour::default()
        },
    )
}

fn latency() -> impl Strategy<Value = Latency> {
    prop_oneof![
        period().prop_map(Latency::Constant),
        (period(), number()).prop_map(|(median, sigma)| Latency::LogNormal { median, sigma }),
        text().prop_map(|path| Latency::file(&path)),
    ]
}

fn client() -> impl Strategy<Value = Client> {
    let keys = prop_oneof![
        Just(Keys::PerClient),
        any::<u64>().prop_map(|count| Keys::Uniform { count }),
        text().prop_map(Keys::Single),
    ];
    let request = (text(), btree_map(text(), text(), 0..2))
        .prop_map(|(path, headers)| RequestKind { path, headers, ..RequestKind::default() });
    (text(), arrivals(), keys, vec(request, 0..3), any::<bool>()).prop_map(
        |(listener, arrivals, keys, requests, keep_alive)| Client {
            listener,
            arrivals,
            keys,
            requests,
            keep_alive,
            ..Client::default()
        },
    )
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    prop_oneof![
        number().prop_map(|per_second| Arrivals::Poisson { per_second }),
        (any::<u32>(), latency()).prop_map(|(users, think)| Arrivals::Closed { users, think }),
    ]
}

fn cue() -> impl Strategy<Value = Cue> {
    (period(), text(), vec(edit(), 0..4)).prop_map(|(at, caption, edits)| Cue {
        at,
        caption,
        edits,
        ..Cue::default()
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (text(), algorithm()).prop_map(|(pool, algorithm)| Edit::SetAlgorithm { pool, algorithm }),
        (text(), option::of(any::<u32>()))
            .prop_map(|(server, concurrency)| Edit::SetConcurrency { server, concurrency }),
        (text(), behaviour()).prop_map(|(server, mock)| Edit::SetBehaviour { server, mock }),
        (text(), server())
            .prop_map(|(pool, server)| Edit::AddServer { pool, server: Box::new(server) }),
        text().prop_map(|server| Edit::Kill { server }),
        Just(Edit::HoldTraffic),
    ]
}

fn expectation() -> impl Strategy<Value = Expectation> {
    let when = prop_oneof![Just(Window::Overall), text().prop_map(Window::Since)];
    let claim = prop_oneof![
        (text(), shares()).prop_map(|(pool, percent)| Claim::Shares {
            pool,
            percent,
            within_percent: 0.0
        }),
        (option::of(text()), number(), period()).prop_map(|(client, percentile, below)| {
            Claim::Percentile { client, percentile, below }
        }),
    ];
    (when, claim).prop_map(|(when, claim)| Expectation { when, claim, ..Expectation::default() })
}

fn shares() -> impl Strategy<Value = BTreeMap<String, f64>> {
    btree_map(text(), number(), 0..3)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z\"'\\\\/\n\t{} ]{0,8}", ".{0,6}", any::<String>()]
        .prop_map(|text| text.chars().take(12).collect())
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), 0.0..1.0, (0..1000).prop_map(f64::from)]
        .prop_filter("not a number equals nothing", |number| !number.is_nan())
}

/// Up to 26 days: the nanoseconds of longer periods are rounded when they are written.
fn period() -> impl Strategy<Value = Period> {
    prop_oneof![
        (0..1_u64 << 51).prop_map(Period::from_ns),
        (0..5000_u64).prop_map(Period::from_millis)
    ]
}
