//! Numbers of several servers in one breath.

use super::diagnosis::Row;

/// `33 / 33 / 34 %`, which adds up to 100; of many servers the range they lie in.
pub(super) fn shares(rows: &[Row]) -> String {
    let shares: Vec<f64> = rows.iter().map(|row| row.share).collect();
    let whole = whole_percents(&shares);
    if whole.len() > LISTED_MAX {
        let (least, most) = (whole.iter().min(), whole.iter().max());
        return format!("{} to {} %", least.unwrap_or(&0), most.unwrap_or(&0));
    }
    let parts: Vec<String> = whole.iter().map(u32::to_string).collect();
    format!("{} %", parts.join(" / "))
}

pub(super) fn weights(rows: &[Row]) -> String {
    let parts: Vec<String> = rows.iter().map(|row| row.weight.to_string()).collect();
    if parts.len() > LISTED_MAX { "in force".to_owned() } else { parts.join(" : ") }
}

/// `1 / 9 / 0`.
pub(super) fn in_flight(rows: &[Row]) -> String {
    let parts: Vec<String> = rows.iter().map(|row| format!("{:.0}", row.in_flight)).collect();
    if parts.len() > LISTED_MAX {
        let of = |row: &Row| row.in_flight.round() as u32;
        let (least, most) = (rows.iter().map(of).min(), rows.iter().map(of).max());
        return format!("{} to {}", least.unwrap_or(0), most.unwrap_or(0));
    }
    parts.join(" / ")
}

/// `1 request`, `2 requests`.
pub(super) fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Whole per cents that add up to 100: what rounding leaves over goes to those who lost most by it.
pub(in crate::ui) fn whole_percents(shares: &[f64]) -> Vec<u32> {
    let exact: Vec<f64> = shares.iter().map(|share| share * 100.0).collect();
    let mut whole: Vec<u32> = exact.iter().map(|percent| percent.floor() as u32).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    let lost = |index: usize| exact[index] - exact[index].floor();
    order.sort_by(|&a, &b| lost(b).total_cmp(&lost(a)));
    let sum: f64 = exact.iter().sum();
    let missing = (sum.round() as u32).saturating_sub(whole.iter().sum());
    for &index in order.iter().take(missing as usize) {
        whole[index] += 1;
    }
    whole
}

/// More servers than these are told as a range.
const LISTED_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_percents_add_up() {
        assert_eq!(whole_percents(&[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]), [34, 33, 33]);
        assert_eq!(whole_percents(&[0.996, 0.004]), [100, 0]);
        assert_eq!(whole_percents(&[0.0, 0.0]), [0, 0], "nothing has no shares");
    }
}
