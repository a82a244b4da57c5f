//! What is left of a lab's commands when the program ends, in order or not.

use super::processes::members;
use super::*;

/// A lab with two copies of a command that has a child, and the groups that they lead.
struct Commanded {
    program: Program,
    groups: Vec<u32>,
}

impl Commanded {
    /// The script is what each copy does first; it may write to the file `{name}.said`.
    fn serve(name: &str, script: &str) -> Self {
        let said = file(&format!("{name}.said"), "");
        let script = format!("{script}; sleep 600 & echo process $$ >> {name}.said; wait");
        let lab = format!(
            r#"(
                version: 1,
                listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
                pools: [(name: "web", servers: [(name: "a", command: (line: "sh -c '{script}'", copies: 2))])],
            )"#
        );
        let lab = file(&format!("{name}.ron"), &lab);
        let (program, _, _) = Program::serve(&[lab.to_str().unwrap(), "--allow-commands"]);
        let mut groups: Vec<u32> = Vec::new();
        wait_for(|| {
            let said = std::fs::read_to_string(&said).unwrap();
            groups = said
                .lines()
                .filter_map(|line| line.strip_prefix("process ")?.parse().ok())
                .collect();
            groups.len() == 2
        });
        let commanded = Self { program, groups };
        // The program, its child, and the keeper that may come a moment later.
        wait_for(|| commanded.groups.iter().all(|&group| members(group).len() == 3));
        commanded
    }

    fn wait_for_nothing(&self) {
        wait_for(|| !self.groups.iter().any(|&group| is_alive(group)));
    }
}

#[test]
fn killed_it_leaves_nothing_that_its_commands_started() {
    for (name, script) in [("killed", "true"), ("killed-stubborn", r#"trap \"\" TERM"#)] {
        let commanded = Commanded::serve(name, script);
        commanded.program.signal("-KILL");
        commanded.wait_for_nothing();
    }
}

#[test]
fn killed_it_lets_its_commands_end_gently() {
    let script = r#"trap \"echo bye >> killed-gently.said; exit 0\" TERM"#;
    let commanded = Commanded::serve("killed-gently", script);
    commanded.program.signal("-KILL");
    commanded.wait_for_nothing();
    let said = std::fs::read_to_string(file_of("killed-gently.said")).unwrap();
    assert_eq!(said.lines().filter(|line| *line == "bye").count(), 2, "{said}");
}

#[test]
fn stopped_in_order_it_leaves_no_keeper() {
    let commanded = Commanded::serve("stopped", "true");
    commanded.program.interrupt();
    commanded.program.event("stopped");
    commanded.wait_for_nothing();
    assert_eq!(commanded.program.end(), (0, String::new()));
}

/// Whether anything runs there. A zombie does not, and where a container's first process collects nobody it stays
/// for ever.
fn is_alive(group: u32) -> bool {
    members(group).iter().any(|process| !process.is_zombie)
}
