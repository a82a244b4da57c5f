//! `X-Request-Id`: one name for a request in every log it leaves a line in.

use crate::proxy::fields::{Fields, Name};

/// Keeps the client's own if it is one short word; else sets the number that the dice gave.
pub(in crate::proxy) fn ensure_request_id(fields: &mut Fields, number: u128) {
    if is_given(fields) {
        return;
    }
    let mut digits = [0; 32];
    for (index, digit) in digits.iter_mut().enumerate() {
        *digit = HEX[(number >> (124 - 4 * index)) as usize & 15];
    }
    fields.set(Name::XRequestId, &digits);
}

fn is_given(fields: &Fields) -> bool {
    let mut given = fields.all(Name::XRequestId);
    given.next().is_some_and(is_fit) && given.next().is_none()
}

/// Nothing that a log or a shell would read as more than a word.
fn is_fit(text: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@~".contains(byte);
    (1..=BYTES_MAX).contains(&text.len()) && text.iter().all(fits)
}

const BYTES_MAX: usize = 128;
const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    fn id_after(given: &[&str]) -> String {
        let mut fields = Fields::default();
        for value in given {
            fields.add(Name::XRequestId, value.as_bytes());
        }
        ensure_request_id(&mut fields, 0xab << 120);
        assert_eq!(fields.len(), 1);
        fields.text_of(Name::XRequestId).unwrap().to_owned()
    }

    #[test]
    fn a_fit_id_is_kept_and_any_other_replaced() {
        let made = format!("ab{}", "0".repeat(30));
        assert_eq!(id_after(&["3f-A_1.b:c"]), "3f-A_1.b:c");
        for given in [&[][..], &[""], &["a b"], &["a", "b"], &["a;b"], &["a\"b"]] {
            assert_eq!(id_after(given), made, "{given:?}");
        }
        assert_eq!(id_after(&[&"a".repeat(129)]), made);
    }
}
