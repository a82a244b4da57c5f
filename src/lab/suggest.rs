//! What somebody probably meant who wrote a name that is not there.

/// The nearest of the names as a remedy, if one is near enough to be what was meant.
pub(super) fn nearest<S: AsRef<str>>(written: &str, names: &[S]) -> Option<String> {
    let written: String = written.chars().take(CHARS_MAX).collect::<String>().to_lowercase();
    let score = |name: &str| {
        let name = name.to_lowercase();
        let slips = strsim::osa_distance(&written, &name);
        // A slip of the finger in a short name is far off by likeness, so slips count as well.
        let few = slips <= 1.max(written.chars().count() / 3) && name.chars().count() > 1;
        let alike = strsim::jaro_winkler(&written, &name);
        (few || alike >= NEAR).then_some(alike)
    };
    names
        .iter()
        .filter_map(|name| Some((score(name.as_ref())?, name.as_ref())))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// All names as a remedy, each once, or the first few where there are many.
pub fn among<S: AsRef<str>>(names: &[S]) -> String {
    let mut list: Vec<&str> = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        // Names that are there twice are another problem.
        if list.contains(&name) {
            continue;
        }
        if list.len() == SHOWN_MAX {
            list.push("…");
            break;
        }
        list.push(name);
    }
    match list.as_slice() {
        [] => "there is none to choose from".to_owned(),
        [only] => format!("write {only}"),
        _ => format!("write one of {}", list.join(", ")),
    }
}

const NEAR: f64 = 0.85;
const CHARS_MAX: usize = 64;
const SHOWN_MAX: usize = 20;
