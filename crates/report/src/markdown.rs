//! A report as Markdown.

use std::fmt::Write as _;

use crate::{
    doc::{Block, Doc, Table},
    escape::markdown as text,
};

pub(crate) fn write(doc: &Doc) -> String {
    let mut out = format!("# {}\n\n{}\n", text(&doc.title), text(&doc.under));
    for block in &doc.blocks {
        out.push('\n');
        // Writing to a string cannot fail.
        let _ = match block {
            Block::Section(title) => writeln!(out, "## {}", text(title)),
            Block::Text(words) => writeln!(out, "{}", text(words)),
            Block::Note(words) => writeln!(out, "> {}", text(words)),
            Block::Chart(chart) => writeln!(out, "![{}]({}.svg)", text(&chart.title), chart.name),
            Block::Cards(cards) => {
                let rows = cards.iter().map(|card| vec![card.label.into(), card.figure.clone(), card.beside.clone()]);
                let table = Table { words: 1, head: vec!["", "", ""], rows: rows.collect(), summed: false };
                table_of(&mut out, &table)
            }
            Block::Table(table) => table_of(&mut out, table),
        };
    }
    out
}

fn table_of(out: &mut String, table: &Table) -> std::fmt::Result {
    let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |", cells.collect::<Vec<_>>().join(" | "));
    let rule = |at: usize| if at < table.words { "---" } else { "---:" }.to_owned();
    writeln!(out, "{}", line(&mut table.head.iter().map(|cell| text(cell))))?;
    writeln!(out, "{}", line(&mut (0..table.head.len()).map(rule)))?;
    for (at, row) in table.rows.iter().enumerate() {
        let sum = table.summed && at + 1 == table.rows.len();
        let cell = |cell: &String| match (sum, cell.is_empty()) {
            (true, false) => format!("**{}**", text(cell)),
            _ => text(cell),
        };
        writeln!(out, "{}", line(&mut row.iter().map(cell)))?;
    }
    Ok(())
}
