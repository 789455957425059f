//! What a dashboard asks, and what it is answered: a document for the page that draws it.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use crate::monitoring::{ask, grafana::Dashboard, mode::Clock, server::Server};

/// What is shown, in seconds.
const RANGE: u64 = 300;
/// Between two samples of a line, in seconds: as often as rules are evaluated.
const STEP: u64 = 2;

/// The dashboard as the chart ships it, and Prometheus' answers by the panel's number and the query's letter.
pub(super) fn all(server: &Server, board: &Dashboard) -> Result<Value> {
    let to = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let from = to - RANGE;
    let json: Value = serde_json::from_str(&board.json())?;
    let mut answers = Map::new();
    for panel in json["panels"].as_array().context("panels")?.iter().filter(|panel| panel["type"] != "row") {
        let mut of_panel = Map::new();
        for target in panel["targets"].as_array().context("targets")? {
            let expression = target["expr"].as_str().context("an expression")?;
            let expression = ask::chosen(expression, Clock::DRAWN, &format!("{RANGE}s"));
            let said = match target["instant"] == true {
                true => server.said_at(&expression, to)?,
                false => server.said_over(&expression, (from, to), STEP)?,
            };
            of_panel.insert(target["refId"].as_str().context("a letter")?.to_owned(), said);
        }
        answers.insert(panel["id"].to_string(), of_panel.into());
    }
    Ok(json!({"board": json, "answers": answers, "from": from * 1000, "to": to * 1000}))
}
