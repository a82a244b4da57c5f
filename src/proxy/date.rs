//! The time of day as HTTP writes it (RFC 9110 section 5.6.7), written once a second.

use std::fmt::Write as _;

#[derive(Debug, Default)]
pub(super) struct Date {
    secs: u64,
    text: String,
}

impl Date {
    /// The text of a time since 1970.
    pub(super) fn at(&mut self, secs: u64) -> &[u8] {
        if self.text.is_empty() || self.secs != secs {
            self.secs = secs;
            self.write();
        }
        self.text.as_bytes()
    }

    fn write(&mut self) {
        let (days, rest) = (self.secs / DAY_SECS, self.secs % DAY_SECS);
        let (year, month, day) = civil(days);
        let (weekday, month) = (WEEKDAYS[(days % 7) as usize], MONTHS[month]);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        self.text.clear();
        // A string always has room.
        let _written = write!(
            self.text,
            "{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT"
        );
    }
}

/// Year, month from 0, and day of a day since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: u64) -> (u64, usize, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Counted from March, so that the leap day comes last.
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400 + u64::from(month >= 10);
    (year, (month as usize + 2) % 12, day)
}

const DAY_SECS: u64 = 86_400;
/// The first of January 1970 was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_as_the_rfc_writes_it() {
        let mut date = Date::default();
        for (secs, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(std::str::from_utf8(date.at(secs)).unwrap(), expected);
        }
    }
}
