//! Tables for people: pure.

/// Aligned, with two spaces between columns. What stands for nothing is a dash; what would break a line, or move the cursor
/// of whoever reads it, is a question mark: sidecars say some of it.
pub(crate) fn columns(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let plain = |text: String| match text.as_str() {
        "" => "-".to_owned(),
        _ => text.chars().map(|c| if c.is_control() { '?' } else { c }).collect(),
    };
    let mut table = vec![head.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()];
    table.extend(rows.map(|row| row.into_iter().map(plain).collect()));
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    table.iter().map(line).collect()
}
