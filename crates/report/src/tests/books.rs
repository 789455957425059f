//! Books to report of: cells, and the answers that a ledger would give about them.

use std::collections::BTreeMap;

use outrigger_catalog::Catalog;

use super::super::{Apart, Closed, Dear, Figures, Group, Missing, Sums, Tried};

/// A few rows of the price list, which stay as they are.
pub(crate) fn prices() -> Catalog {
    Catalog::parse(include_bytes!("prices.json")).unwrap()
}

/// What a ledger has under one set of names.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Day, team, workload, route, provider, vendor, model, source, outcome.
    pub(crate) names: [String; 9],
    /// It came after its month was closed.
    pub(crate) late: bool,
    pub(crate) sums: Sums,
}

fn group(into: &mut Group, cell: &Cell) {
    if cell.late {
        into.adjusted.add(&cell.sums)
    } else {
        into.booked.add(&cell.sums)
    };
    let apart = match cell.names[7].as_str() {
        "unpriced" => &mut into.unpriced,
        "unknown" => &mut into.unknown,
        _ => return,
    };
    let Apart { requests, attempts, tokens } = *apart;
    *apart = Apart {
        requests: requests + cell.sums.requests,
        attempts: attempts + cell.sums.attempts,
        tokens: tokens + cell.sums.tokens(),
    };
}

fn by(cells: &[Cell], names: impl Fn(&Cell) -> Vec<String>) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<String>, Group> = BTreeMap::new();
    for cell in cells {
        let names = names(cell);
        let into = groups.entry(names.clone()).or_insert_with(|| Group { names, ..Group::default() });
        group(into, cell);
    }
    groups.into_values().collect()
}

/// The answers of a ledger about the last quarter of 2026.
pub(crate) fn figures(cells: &[Cell]) -> Figures {
    let pick = |places: &'static [usize]| by(cells, |cell| places.iter().map(|at| cell.names[*at].clone()).collect());
    let mut total = Group::default();
    cells.iter().for_each(|cell| group(&mut total, cell));
    Figures {
        period: "2026-Q4".into(),
        before_period: "2026-Q3".into(),
        before_day: "2026-07-01".into(),
        first_day: "2026-10-01".into(),
        end_day: "2027-01-01".into(),
        asked_at: "2027-01-04T09:00:00Z".into(),
        steady: true,
        total,
        days: pick(&[0, 5]),
        months: by(cells, |cell| vec![cell.names[0][..7].to_owned()]),
        teams: pick(&[1]),
        offers: pick(&[3, 5, 6, 7]),
        workloads: pick(&[2]),
        providers: pick(&[4, 5, 8]),
        ..Figures::default()
    }
}

/// A quarter of three teams on four vendors, with an outage of two days.
pub(crate) fn quarter() -> Figures {
    let catalog = prices();
    let mut cells = Vec::new();
    let mut seed = 7_u64;
    let mut about = |mean: i128| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        mean * (80 + i128::from((seed >> 33) % 41)) / 100
    };
    // Team, workload, route, provider, vendor, model; requests of a day; tokens of a prompt and an answer; cached percent.
    let flows: [(_, _, _, _, _, _, i128, i128, i128, i128); 9] = [
        ("search", "answers", "chat", "openai", "openai", "gpt-5", 4_000, 2_600, 420, 45),
        ("search", "answers", "chat", "anthropic", "anthropic", "claude-sonnet-4-5", 1_500, 2_600, 430, 60),
        ("search", "indexer", "summaries", "openai", "openai", "gpt-5-mini", 22_000, 1_800, 160, 20),
        ("search", "indexer", "summaries", "mistral", "mistral", "mistral-large-2512", 9_000, 1_800, 170, 0),
        ("support", "triage", "triage", "openai", "openai", "gpt-5-mini", 12_000, 900, 90, 30),
        ("support", "agent", "agent", "anthropic", "anthropic", "claude-opus-4-5", 650, 9_000, 1_100, 75),
        ("support", "agent", "agent", "azure", "azure", "gpt-5", 420, 9_000, 1_000, 50),
        ("billing & contracts", "extract", "", "openai", "openai", "gpt-5", 380, 14_000, 700, 0),
        ("research", "notebook", "", "own-gpus", "own-gpus", "llama-next", 300, 3_000, 900, 0),
    ];
    for month in 10..=12 {
        for day in 1..=if month == 11 { 30 } else { 31 } {
            let (number, date) = ((month - 10) * 30 + day, format!("2026-{month}-{day:02}"));
            for (team, workload, route, provider, vendor, model, requests, input, output, cached) in flows {
                let outage = provider == "openai" && month == 11 && (17..=18).contains(&day);
                let requests = about(requests) * (70 + number) / 100 / if day % 7 < 2 { 3 } else { 1 };
                let attempts = requests + if outage { requests / 3 } else { requests / 400 };
                let input = about(input) * requests;
                let mut sums = Sums {
                    requests,
                    attempts,
                    saved: if outage { requests / 4 } else { requests / 500 },
                    estimated: requests / 150,
                    input,
                    cache_read: input * cached / 100,
                    cache_write_5m: if vendor == "anthropic" { input * cached / 900 } else { 0 },
                    output: about(output) * requests,
                    reasoning: if model == "gpt-5" { about(output) * requests / 4 } else { 0 },
                    ..Sums::default()
                };
                let offer = catalog.offer(vendor, model).and_then(|offer| offer.prices.as_ref());
                sums.nano = offer.map_or(0, |prices| crate::methods::list_cost(prices, &sums));
                sums.nano_estimated = sums.nano / 150;
                let source = if offer.is_some() { "catalog" } else { "unpriced" };
                let names = [&date, team, workload, route, provider, vendor, model, source, "ok"].map(str::to_owned);
                // What one team's sidecars told late of a day.
                let late = month == 10 && day == 31 && team == "support";
                cells.push(Cell { names: names.clone(), late, sums });
                // Some fail, some of them are late.
                let failed = Sums { requests: requests / 300, attempts: requests / 300, ..Sums::default() };
                let mut names = names;
                (names[7], names[8]) = (if day == 9 { "unknown" } else { "unbilled" }.into(), "error".into());
                cells.push(Cell { names, late, sums: failed });
            }
        }
    }
    let before = Sums { nano: 9_300_000_000_000, requests: 3_900_000, input: 7_000_000_000, ..Sums::default() };
    let tried = |vendor: &str, model: &str, code: &str, nano, input, cache_read, output, reasoning| Tried {
        vendor: vendor.into(),
        model: model.into(),
        code: code.into(),
        nano,
        input,
        cache_read,
        output,
        reasoning,
    };
    let dear = |at: &str, id: &str, team: &str, route: &str, attempts: Vec<Tried>| Dear {
        id: id.into(),
        at: at.into(),
        namespace: "prod".into(),
        team: team.into(),
        route: route.into(),
        nano: attempts.iter().filter_map(|tried| tried.nano).sum(),
        attempts,
    };
    Figures {
        before: Group { booked: before, ..Group::default() },
        closed: Some(vec![Closed { month: "2026-10".into() }]),
        missing: Missing { entries: 214, processes: 3, open: 1 },
        dear: vec![
            dear(
                "2026-12-09T10:12:00Z",
                "gen-1795-01",
                "support",
                "agent",
                vec![
                    tried("anthropic", "claude-opus-4-5", "stream_broken", Some(1_410_000_000), 182_000, 0, 20_000, 0),
                    tried("azure", "gpt-5", "ok", Some(327_500_000), 182_000, 0, 10_000, 6_000),
                ],
            ),
            dear(
                "2026-11-20T16:40:00Z",
                "gen-1795-02",
                "billing & contracts",
                "",
                vec![tried("openai", "gpt-5", "ok", Some(900_000_000), 240_000, 0, 60_000, 52_000)],
            ),
            dear(
                "2026-10-14T08:01:00Z",
                "gen-1795-03",
                "support",
                "agent",
                vec![tried("anthropic", "claude-opus-4-5", "ok", Some(612_000_000), 150_000, 120_000, 16_000, 0)],
            ),
        ],
        ..figures(&cells)
    }
}
