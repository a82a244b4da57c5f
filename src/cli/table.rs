//! Numbers and tables as people read them: aligned, with units, thousands apart.

/// A table whose first column is text and whose others are numbers.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|&title| title.to_owned()).collect()], notes: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// A line below the table.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The lines of the table, columns two blanks apart, and the notes.
    pub(super) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width_of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        let rows = self.rows.iter().map(|row| line(row, &widths));
        rows.chain(self.notes.iter().cloned()).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cell = |(column, (text, &width)): (usize, (&String, &usize))| match column {
        0 => format!("{text:<width$}"),
        _ => format!("{text:>width$}"),
    };
    let cells: Vec<String> = row.iter().zip(widths).enumerate().map(cell).collect();
    cells.join("  ").trim_end().to_owned()
}

/// 1234567 as 1,234,567.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// 0.1234 as 12.3 %.
pub(super) fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Nanoseconds as milliseconds with three figures or more.
pub(super) fn milliseconds(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        _ => format!("{} ms", grouped((ns + 500_000) / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_aligned_to_the_right_and_names_to_the_left() {
        let mut table = Table::new(&["server", "share"]);
        table.row(vec!["a".to_owned(), "5.0 %".to_owned()]);
        table.row(vec!["longer name".to_owned(), "95.0 %".to_owned()]);
        assert_eq!(
            table.lines(),
            ["server        share", "a             5.0 %", "longer name  95.0 %"]
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1), "1");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn times_keep_three_figures() {
        assert_eq!(milliseconds(1_234_000), "1.23 ms");
        assert_eq!(milliseconds(12_340_000), "12.3 ms");
        assert_eq!(milliseconds(1_234_500_000), "1,235 ms");
    }
}
