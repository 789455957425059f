//! Prints a table of what people look up: `cargo xtask generate` puts them into `docs/reference.md`.

use std::io;

use outrigger_proxy::{
    metrics::FAMILIES,
    reference::{ASKED, CODES, Code, FIELDS, HEADERS},
};
use outrigger_telemetry::{out, registry::markdown};

fn main() -> io::Result<()> {
    let table = match std::env::args().nth(1).as_deref() {
        Some("metrics") => markdown(FAMILIES),
        Some("error-codes") => error_codes(),
        Some("headers") => pairs("header", HEADERS),
        Some("request-headers") => pairs("header", ASKED),
        Some("log-fields") => pairs("field", FIELDS),
        _ => return Err(io::Error::other("which one: metrics, error-codes, headers, request-headers or log-fields?")),
    };
    out::write(&table)
}

fn error_codes() -> String {
    let head =
        "| code | status | whose fault | what happened | what to do |\n| --- | --- | --- | --- | --- |\n".to_owned();
    CODES.iter().fold(head, |table, Code { code, status, fault, meaning, remedy }| {
        table + &format!("| `{code}` | {status} | {fault} | {meaning} | {remedy} |\n")
    })
}

fn pairs(what: &str, rows: &[(&str, &str)]) -> String {
    let head = format!("| {what} | meaning |\n| --- | --- |\n");
    rows.iter().fold(head, |table, (name, meaning)| table + &format!("| `{name}` | {meaning} |\n"))
}
