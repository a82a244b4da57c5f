//! The date in a cookie's `Expires`, read as leniently as RFC 6265 section 5.1.1 asks.

/// Seconds since 1970.
pub(super) fn read(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |c: char| !(c.is_ascii_alphanumeric() || c == ':' || !c.is_ascii());
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1..=2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2..=4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        year @ 0..=69 => year + 2_000,
        year @ 70..=99 => year + 1_900,
        year => year,
    };
    let day = day?;
    let valid = (1..=31).contains(&day) && year >= 1_601;
    valid.then_some(days_since_1970(year, month?, day) * 86_400 + time?)
}

fn time_of(token: &str) -> Option<i64> {
    let mut parts = token.split(':');
    let mut part = |max: i64| number(parts.next()?, 1..=2).filter(|&part| part <= max);
    let (hours, minutes, seconds) = (part(23)?, part(59)?, part(59)?);
    parts.next().is_none().then_some(hours * 3_600 + minutes * 60 + seconds)
}

fn month_of(token: &str) -> Option<i64> {
    let start = token.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().zip(1..).find(|(month, _)| **month == start).map(|(_, number)| number)
}

fn number(token: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let plain = digits.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| token.parse().ok()).flatten()
}

/// Days in the Gregorian calendar, counted from March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_http_dates_are_the_same_second() {
        // RFC 9110, 5.6.7: one instant in its three forms.
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(read(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn leap_days_and_nonsense_are_told_apart() {
        assert_eq!(read("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(read("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for text in
            ["", "tomorrow", "Thu, 32 Jan 1970 00:00:00", "1 Jan 1970", "é 1 Jan 1970 25:00:00"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
