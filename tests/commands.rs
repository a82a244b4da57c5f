//! The commands as a person or a script meets them: the real program, its output and its exit code.

#![expect(clippy::unwrap_used, reason = "a program that cannot be run has failed")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a command printed, and how it ended.
struct Ended {
    out: String,
    err: String,
    code: i32,
}

fn evenkeel(arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ended {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// What a command that succeeds prints as JSON.
fn json_of(arguments: &[&str]) -> Value {
    let ended = evenkeel(arguments);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}");
    serde_json::from_str(&ended.out).unwrap()
}

/// A file of the test's own, in the folder that Cargo keeps for tests.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_window_opens_every_command_that_needs_none_is_named() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    for screen in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        program.env_remove(screen);
    }
    let output = program.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    let help = evenkeel(&["help"]).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.map_while(|line| line.split_whitespace().next());
    let mut n_listed = 0;
    for command in listed.filter(|name| *name != "help") {
        let is_named = told.split([' ', ',', '\n']).any(|word| word == command);
        assert!(is_named, "{command}: {told}");
        n_listed += 1;
    }
    assert!(n_listed > 5, "{help}");
}

#[test]
fn order_prints_one_line_or_json() {
    let arguments =
        ["order", "--algorithm", "smooth-weighted", "--servers", "a=5,b=1,c=1", "--picks", "7"];
    assert_eq!(evenkeel(&arguments).out, "a a b a c a a\n");
    let picks = json_of(&[&arguments[..], &["--json"]].concat());
    assert_eq!(picks, json!({"picks": ["a", "a", "b", "a", "c", "a", "a"]}));
}

#[test]
fn order_takes_addresses_for_names() {
    let servers = "127.0.0.1:3000=2,[::1]:3001";
    let picks = json_of(&["order", "--servers", servers, "--picks", "3", "--json"]);
    assert_eq!(picks, json!({"picks": ["127.0.0.1:3000", "[::1]:3001", "127.0.0.1:3000"]}));
}

#[test]
fn order_shows_that_nobody_can_be_picked() {
    assert_eq!(evenkeel(&["order", "--servers", "a=0", "--picks", "2"]).out, "- -\n");
    let picks = json_of(&["order", "--servers", "a=0", "--picks", "2", "--json"]);
    assert_eq!(picks, json!({"picks": [null, null]}));
}

#[test]
fn every_algorithm_orders_and_explains() {
    let listed = json_of(&["algorithms", "--json"]);
    let algorithms = listed["algorithms"].as_array().unwrap();
    assert_eq!(algorithms.len(), 17);
    for algorithm in algorithms {
        let name = algorithm["name"].as_str().unwrap();
        let base =
            ["order", "--algorithm", name, "--servers", "a,b,c", "--key", "k", "--picks", "5"];
        let picks = json_of(&[&base[..], &["--json"]].concat());
        assert_eq!(picks["picks"].as_array().unwrap().len(), 5, "{name}");
        let explained = evenkeel(&[&base[..], &["--explain"]].concat());
        assert_eq!(explained.out.lines().count(), 5, "{name}");
        assert!(!explained.out.contains('?'), "{name}: {}", explained.out);
        let told = evenkeel(&["algorithms", name]).out;
        for setting in algorithm["parameters"].as_object().unwrap().keys() {
            assert!(told.contains(&format!("  {setting} ")), "{name} does not tell of {setting}");
        }
        assert!(!algorithm["summary"].as_str().unwrap().is_empty(), "{name}");
        assert!(!algorithm["weights"].as_str().unwrap().is_empty(), "{name}");
        assert!(!algorithm["text"].as_str().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn a_lab_that_nobody_sends_anything_is_said_to_be_one() {
    let lab = file("empty.ron", "(version: 1)");
    let lab = lab.to_str().unwrap();
    let checked = evenkeel(&["check", lab]);
    assert!(checked.code == 0 && checked.out.contains("no listener"), "{}", checked.out);
    for command in ["sim", "run"] {
        let ended = evenkeel(&[command, lab, "--for", "10ms"]);
        assert!(ended.code == 0 && ended.err.contains("no clients of its own"), "{}", ended.err);
    }
}

#[test]
fn keys_counts_shares_and_moves() {
    let base =
        ["keys", "--algorithm", "maglev", "--servers", "a,b,c,d", "--keys", "10000", "--json"];
    let still = json_of(&base);
    assert_eq!(still["before"]["shares"].as_object().unwrap().len(), 4);
    assert!(still.get("after").is_none() && still.get("moved").is_none());
    let moved = json_of(&[&base[..], &["--add", "e"]].concat());
    assert_eq!(moved["after"]["shares"].as_object().unwrap().len(), 5);
    let number = |field: &str| moved["moved"][field].as_f64().unwrap();
    assert_eq!(number("keys") / 10_000.0, number("share"));
    assert_eq!(number("unavoidable"), 0.2);
    assert!(number("needless") < 0.01 && number("share") < 0.23);
}

#[test]
fn keys_says_when_no_server_takes_any() {
    let base = ["keys", "--keys", "100", "--servers"];
    for (rest, when) in [
        (&["a=0,b=0"][..], "weight 0, so"),
        (&["a=0", "--weight", "a=1"], "weight 0 before the change, so"),
        (&["a", "--weight", "a=0"], "weight 0 after the change, so"),
    ] {
        let ended = evenkeel(&[&base[..], rest].concat());
        assert!(ended.code == 0 && ended.err.contains(when), "{}", ended.err);
    }
    assert_eq!(evenkeel(&[&base[..], &["a=0,b=1"]].concat()).err, "");
}

#[test]
fn keys_assigns_those_of_a_file_in_their_order() {
    let keys = file("keys.txt", "one\ntwo\none\n");
    let keys = keys.to_str().unwrap();
    let base =
        ["keys", "--algorithm", "ring", "--servers", "a,b,c", "--keys-file", keys, "--assign"];
    let assigned = json_of(&[&base[..], &["--json"]].concat())["assigned"].clone();
    let assigned = assigned.as_array().unwrap();
    assert_eq!((assigned.len(), &assigned[0]), (3, &assigned[2]));
    assert_eq!(evenkeel(&base).out.lines().count(), 3);
    let without: Vec<&str> =
        ["a", "b", "c"].into_iter().filter(|name| assigned[0] != *name).collect();
    let after =
        json_of(&[&base[..], &["--remove", assigned[0].as_str().unwrap(), "--json"]].concat());
    assert!(without.contains(&after["assigned"][0].as_str().unwrap()), "the key has moved");
}

#[test]
fn keys_takes_addresses_for_ip_hash() {
    let keys = file("addresses.txt", "10.1.2.3\n10.1.2.200\n10.1.3.3\n");
    let keys = keys.to_str().unwrap();
    let base =
        ["keys", "--algorithm", "ip-hash", "--servers", "a,b,c", "--keys-file", keys, "--assign"];
    let ended = evenkeel(&base);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], lines[1], "a /24 lands on one server");
}

#[test]
fn keys_says_which_keys_are_no_addresses() {
    let keys = file("no-addresses.txt", "10.1.2.3\nfoo\nbar\n");
    let base = ["keys", "--algorithm", "ip-hash", "--servers", "a,b,c", "--keys-file"];
    let ended = evenkeel(&[&base[..], &[keys.to_str().unwrap()]].concat());
    assert_eq!(ended.code, 0);
    assert!(
        ended.err.contains("2 of 3 keys") && ended.err.contains("`foo` on line 2"),
        "{}",
        ended.err
    );
}

#[test]
fn keys_reads_files_as_editors_write_them() {
    let assigned = |name: &str, text: &str| {
        let keys = file(name, text);
        let base = ["keys", "--servers", "a,b,c", "--assign", "--keys-file"];
        evenkeel(&[&base[..], &[keys.to_str().unwrap()]].concat()).out
    };
    let plain = assigned("plain.txt", "one\ntwo\nthree\n");
    assert_eq!(assigned("marked.txt", "\u{feff}one\r\ntwo\r\nthree"), plain);
}

#[test]
fn several_servers_join_and_leave_in_one_list() {
    let base = ["keys", "--servers", "a,b,c", "--json"];
    let lists = json_of(&[&base[..], &["--add", "d=2,e", "--remove", "a,b"]].concat());
    let each = ["--add", "d=2", "--add", "e", "--remove", "a", "--remove", "b"];
    assert_eq!(lists, json_of(&[&base[..], &each].concat()));
    assert_eq!(lists["after"]["shares"].as_object().unwrap().len(), 3);
}

#[test]
fn what_is_odd_about_an_algorithm_is_said_beside_the_answer() {
    let ended = evenkeel(&["order", "--servers", "a,b", "--algorithm", "maglev(slots: 100)"]);
    assert_eq!(ended.code, 0);
    assert!(ended.err.contains("slots 100 is not prime"), "{}", ended.err);
    let base = ["keys", "--servers", "a,b", "--algorithm", "maglev(slots: 100)", "--add", "c"];
    assert_eq!(evenkeel(&base).err.lines().count(), 1);
}

#[test]
fn a_changed_weight_moves_what_it_must() {
    let moved = json_of(&[
        "keys",
        "--algorithm",
        "rendezvous",
        "--servers",
        "a,b,c,d",
        "--weight",
        "a=3",
        "--json",
    ]);
    assert_eq!(moved["moved"]["unavoidable"].as_f64().unwrap(), 0.25);
    assert_eq!(moved["moved"]["needless"].as_f64().unwrap(), 0.0);
}

#[test]
fn what_cannot_be_asked_ends_with_2_and_a_sentence() {
    for (arguments, part) in [
        (&["order", "--servers", "a,a"][..], "twice"),
        (&["order", "--servers", "a=x"], "whole number"),
        (&["order", "--servers", "a", "--algorithm", "rong-robin"], "round-robin"),
        (&["order", "--servers", "a", "--algorithm", "ring(dialekt: nginx)"], "dialect"),
        (&["order", "--servers", "a", "--picks", "0"], "picks"),
        (&["keys", "--servers", "a,b", "--algorithm", "random"], "does not choose by key"),
        (&["keys", "--servers", "a,b", "--remove", "z"], "no server is called `z`"),
        (&["keys", "--servers", "a,b", "--add", "a"], "there already"),
        (&["keys", "--servers", "a=65535,b", "--algorithm", "ring"], "points"),
        (&["keys", "--servers", "a", "--keys-file", "no-such-file"], "no-such-file"),
        (&["sim", "no-such-lab.ron"], "no-such-lab.ron"),
        (&["sim", "tests/bad-labs/several.ron"], "did you mean"),
        (&["compare", "presets/starter.ron", "--for", "5"], "unit"),
        (&["frobnicate"], "frobnicate"),
        (&["algorithms", "rings"], "evenkeel: NAME: there is no algorithm `rings`"),
        (&["order", "--servers", "a b"], "without blanks"),
        (&["order", "--servers", "a", "--picks", "-1"], "-1 is not in 1"),
        (&["keys", "--servers", "a,b", "--weight", "a"], "write NAME=WEIGHT"),
        (
            &["keys", "--servers", "a,b,c", "--remove", "a,a"],
            "no server is called `a`: write one of b, c",
        ),
        (&["keys", "--servers", "a,b", "--remove", "a,b"], "no server would be left"),
        (&["keys", "--servers", "a", "--keys-file", "."], "."),
        (&["keys", "--servers", "a", "--keys-file", "tests/bad-labs/empty.ron"], "it is empty"),
        (&["sim", "presets/starter.ron", "--for", "0s"], "write 1ms or more"),
        (&["sim", "presets/starter.ron", "--for", "-1s"], "write a number and a unit"),
    ] {
        let ended = evenkeel(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(part), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn check_ends_with_1_where_there_are_errors() {
    let good = evenkeel(&["check", "presets/starter.ron"]);
    assert_eq!((good.code, good.out.as_str()), (0, "presets/starter.ron: no problems\n"));
    let bad = evenkeel(&["check", "tests/bad-labs/several.ron"]);
    assert_eq!((bad.code, bad.out.as_str()), (1, ""));
    assert!(bad.err.contains("--> tests/bad-labs/several.ron:4:34"), "{}", bad.err);
    let ended = evenkeel(&["check", "tests/bad-labs/several.ron", "--json"]);
    let problems: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(ended.code, 1);
    assert_eq!(problems["problems"][0]["line"], 4);
    assert_eq!(problems["problems"][0]["severity"], "error");
}

#[test]
fn check_names_each_thing_once_and_with_its_article() {
    let text = r#"(
        version: 1,
        listeners: [(name: "front", address: "127.0.0.1:0", pool: "elsewhere")],
        pools: [
            (name: "web", servers: [(name: "a", mock: ())]),
            (name: "web", servers: [(name: "a", mock: ())]),
        ],
        expectations: [(claim: errors(max_percent: 1))],
    )"#;
    let path = file("twice.ron", text);
    let ended = evenkeel(&["check", path.to_str().unwrap()]);
    assert!(ended.err.contains("^ write web\n"), "{}", ended.err);
    assert!(ended.err.contains("an expectation has no name"), "{}", ended.err);
}

#[test]
fn sim_reports_and_repeats_itself() {
    let base = ["sim", "presets/sticky-and-drain.ron", "--seed", "7", "--json"];
    let report = json_of(&base);
    for field in ["requests", "shares", "errors", "latency_us", "broken_sessions", "moved_keys"] {
        assert!(report.get(field).is_some(), "{field}");
    }
    for field in ["mean", "p50", "p90", "p99", "p99.9"] {
        assert!(report["latency_us"][field].as_f64().unwrap() > 0.0, "{field}");
    }
    assert_eq!(evenkeel(&base).out, evenkeel(&base).out);
}

#[test]
fn an_expectation_about_a_cue_that_never_came_does_not_hold() {
    let ended = evenkeel(&["sim", "presets/slow-server.ron", "--for", "5s"]);
    assert_eq!(ended.code, 1);
    let sentence = "FAILS  most-are-fast-again: the run ended before the cue count-in-flight";
    assert!(ended.out.contains(sentence), "{}", ended.out);
}

#[test]
fn sim_ends_with_1_where_an_expectation_fails() {
    let lab = r#"(
        listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
        pools: [(name: "web", servers: [(name: "a", mock: ()), (name: "b", mock: ())])],
        clients: [(name: "all", listener: "web")],
        expectations: [(name: "all-to-a", claim: shares(pool: "web", percent: {"a": 100}))],
    )"#;
    let lab = file("fails.ron", lab);
    let ended = evenkeel(&["sim", lab.to_str().unwrap(), "--for", "5s"]);
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.out.contains("FAILS  all-to-a: a 50.0 %"), "{}", ended.out);
}

#[test]
fn sim_takes_measured_times_from_a_file_beside_the_lab() {
    let lab = |name: &str, samples: &str| {
        let lab = format!(
            r#"(
                listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
                pools: [(name: "web", servers: [(name: "a", mock: (latency: file(path: "{samples}")))])],
                clients: [(name: "all", listener: "web")],
            )"#
        );
        file(name, &lab).to_str().unwrap().to_owned()
    };
    file("measured.txt", "# three\n30ms\n30ms\n30ms\n");
    let report = json_of(&["sim", &lab("measured.ron", "measured.txt"), "--for", "5s", "--json"]);
    assert_eq!(report["latency_us"]["p50"].as_f64().unwrap().round(), 30_000.0);
    file("unmeasured.txt", "30ms\nsoon\n");
    for (name, part) in
        [("unmeasured", "line 2: `soon` is not a period"), ("missing", "cannot read")]
    {
        let ended = evenkeel(&["sim", &lab(&format!("{name}.ron"), &format!("{name}.txt"))]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{name}");
        assert!(ended.err.contains(part), "{name}: {}", ended.err);
    }
}

#[test]
fn every_preset_keeps_its_promises_in_virtual_time() {
    for preset in evenkeel::lab::PRESETS {
        let ended = evenkeel(&["sim", &format!("presets/{}", preset.file)]);
        assert_eq!(ended.code, 0, "{}: {}{}", preset.file, ended.out, ended.err);
    }
}

#[test]
fn compare_has_a_row_for_every_algorithm() {
    let table = json_of(&["compare", "presets/add-a-server.ron", "--for", "25s", "--json"]);
    let rows = table["algorithms"].as_array().unwrap();
    assert_eq!(rows.len(), 17);
    let row = |name: &str| rows.iter().find(|row| row["algorithm"] == name).unwrap();
    let moved = |name: &str| row(name)["moved_keys"]["share"].as_f64().unwrap();
    assert!(moved("modulo") > 0.7 && moved("ring") < 0.3 && moved("rendezvous") < 0.2);
    assert!(row("round-robin")["moved_keys"].is_null());
    assert!(rows.iter().all(|row| row["requests"] == rows[0]["requests"]));
}

#[test]
fn compare_says_which_algorithm_cannot_work_in_a_lab() {
    let lab = r#"(
        listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
        pools: [(name: "web", servers: [(name: "a", weight: 65535, mock: ()), (name: "b", mock: ())])],
        clients: [(name: "all", listener: "web")],
    )"#;
    let lab = file("heavy.ron", lab);
    let arguments = ["compare", lab.to_str().unwrap(), "--for", "1s"];
    let ended = evenkeel(&arguments);
    assert!(ended.out.contains("ring: this ring would have 10485760 points"), "{}", ended.out);
    let table = json_of(&[&arguments[..], &["--json"]].concat());
    let ring =
        table["algorithms"].as_array().unwrap().iter().find(|row| row["algorithm"] == "ring");
    assert!(ring.unwrap()["refused"].as_str().unwrap().contains("points"));
}

#[test]
fn a_pipe_that_closes_is_no_error() {
    let base = ["order", "--servers", "a,b", "--picks", "1000000"];
    for arguments in [&base[..], &[&base[..], &["--json"]].concat(), &["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), err.as_ref()), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_ends_with_2() {
    for arguments in [&["--help"][..], &["algorithms"], &["algorithms", "--json"]] {
        let full = fs::File::create("/dev/full").unwrap();
        let program = env!("CARGO_BIN_EXE_evenkeel");
        let output = Command::new(program).args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
