//! `Via`: which proxies a message passed, and whether it goes in circles (RFC 9110 section 7.6.3).

use http::Version;

use crate::proxy::fields::{Fields, Name};

/// Adds ourselves as a field of its own, which says the same as one more entry in a list and copies nothing.
pub(in crate::proxy) fn append_via(fields: &mut Fields, received: Version) {
    let entry = match received {
        Version::HTTP_2 => "2 evenkeel",
        Version::HTTP_10 => "1.0 evenkeel",
        _ => "1.1 evenkeel",
    };
    fields.add(Name::Via, entry.as_bytes());
}

/// Whether a request has passed us so often that it must be going round: a 508 (RFC 5842). A lab whose server is its
/// own listener would otherwise multiply one request until all connections are used. A few passes are honest: one
/// balancer before another, each under this name. Where `via` is off, nothing is seen, and the limit on
/// connections is what ends it.
pub(in crate::proxy) fn goes_in_circles(fields: &Fields) -> bool {
    let entries = fields.all(Name::Via).flat_map(|value| value.split(|&byte| byte == b','));
    let ours = |entry: &&[u8]| {
        let mut words = entry.trim_ascii().split(u8::is_ascii_whitespace);
        words.nth(1).is_some_and(|name| name.eq_ignore_ascii_case(b"evenkeel"))
    };
    entries.filter(ours).nth(PASSES_MAX - 1).is_some()
}

const PASSES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteenth_pass_is_a_circle() {
        let mut fields = Fields::default();
        fields.add(Name::Via, b"1.1 evenkeel, 1.1 other (evenkeel)");
        for version in
            [Version::HTTP_11, Version::HTTP_2, Version::HTTP_10].into_iter().cycle().take(14)
        {
            append_via(&mut fields, version);
        }
        assert!(!goes_in_circles(&fields));
        append_via(&mut fields, Version::HTTP_2);
        assert!(goes_in_circles(&fields));
        assert_eq!(fields.all(Name::Via).nth(2).unwrap(), b"2 evenkeel");
    }
}
