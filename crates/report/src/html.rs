//! A report as one file of HTML: nothing is fetched, nothing runs.

use std::fmt::Write as _;

use crate::{
    doc::{Block, Doc, Table},
    escape::html as text,
};

const STYLE: &str = include_str!("style.css");
/// Rows of a table that is kept on one page.
const SHORT: usize = 16;

pub(crate) fn write(doc: &Doc) -> String {
    let title = text(&doc.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n<main>\n",
        text(&doc.under)
    );
    let mut open = false;
    for block in &doc.blocks {
        // Writing to a string cannot fail.
        let _ = match block {
            Block::Section(title) => {
                let end = if std::mem::replace(&mut open, true) { "</section>\n" } else { "" };
                writeln!(out, "{end}<section>\n<h2>{}</h2>", text(title))
            }
            Block::Text(words) => writeln!(out, "<p>{}</p>", text(words)),
            Block::Note(words) => writeln!(out, "<p class=\"note\">{}</p>", text(words)),
            Block::Chart(chart) => {
                let title = text(&chart.title);
                writeln!(
                    out,
                    "<figure role=\"img\" aria-label=\"{title}\">\n<figcaption>{title}</figcaption>\n{}</figure>",
                    chart.svg
                )
            }
            Block::Cards(cards) => {
                let card = |it: &crate::doc::Card| {
                    let (label, figure, beside) = (text(it.label), text(&it.figure), text(&it.beside));
                    format!("<div><span>{label}</span><strong>{figure}</strong><small>{beside}</small></div>\n")
                };
                writeln!(out, "<div class=\"cards\">\n{}</div>", cards.iter().map(card).collect::<String>())
            }
            Block::Table(table) => table_of(&mut out, table),
        };
    }
    out.push_str(if open { "</section>\n</main>\n</body>\n</html>\n" } else { "</main>\n</body>\n</html>\n" });
    out
}

fn table_of(out: &mut String, table: &Table) -> std::fmt::Result {
    let class = |at: usize| if at < table.words { "" } else { " class=\"n\"" };
    let line = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cell = |(at, cell): (usize, &str)| format!("<{tag}{}>{}</{tag}>", class(at), text(cell));
        cells.enumerate().map(cell).collect::<String>()
    };
    // On paper, what fits below a heading is not torn apart.
    let short = if table.rows.len() <= SHORT { " class=\"short\"" } else { "" };
    writeln!(out, "<table{short}>\n<thead><tr>{}</tr></thead>\n<tbody>", line("th", &mut table.head.iter().copied()))?;
    for (at, row) in table.rows.iter().enumerate() {
        let sum = if table.summed && at + 1 == table.rows.len() { " class=\"sum\"" } else { "" };
        writeln!(out, "<tr{sum}>{}</tr>", line("td", &mut row.iter().map(String::as_str)))?;
    }
    out.write_str("</tbody>\n</table>\n")
}
