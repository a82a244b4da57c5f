//! `X-Request-Id`: one name for a request in every log it leaves a line in.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Keeps the client's own if it is one short word; else sets the number that the dice gave.
pub(in crate::proxy) fn ensure_request_id(headers: &mut HeaderMap, number: u128) {
    let mut given = headers.get_all(REQUEST_ID).iter();
    if let (Some(only), None) = (given.next(), given.next())
        && is_fit(only.as_bytes())
    {
        return;
    }
    let mut digits = [0; 32];
    for (index, digit) in digits.iter_mut().enumerate() {
        *digit = HEX[(number >> (124 - 4 * index)) as usize & 15];
    }
    if let Ok(value) = HeaderValue::from_bytes(&digits) {
        headers.insert(REQUEST_ID, value);
    }
}

/// Nothing that a log or a shell would read as more than a word.
fn is_fit(text: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@~".contains(byte);
    (1..=BYTES_MAX).contains(&text.len()) && text.iter().all(fits)
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const BYTES_MAX: usize = 128;
const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    fn id_after(given: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(REQUEST_ID, HeaderValue::from_static(value));
        }
        ensure_request_id(&mut headers, 0xab << 120);
        assert_eq!(headers.len(), 1);
        headers[REQUEST_ID].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_fit_id_is_kept_and_any_other_replaced() {
        let made = format!("ab{}", "0".repeat(30));
        assert_eq!(id_after(&["3f-A_1.b:c"]), "3f-A_1.b:c");
        for given in [&[][..], &[""], &["a b"], &["a", "b"], &["a;b"], &["a\"b"]] {
            assert_eq!(id_after(given), made, "{given:?}");
        }
        assert_eq!(id_after(&["a".repeat(129).leak()]), made);
    }
}
