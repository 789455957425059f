//! Numbers add up, whatever is in the books.

use outrigger_catalog::{Prices, Rate};
use proptest::prelude::*;

use super::books::{Cell, figures, prices};
use crate::{
    Sums,
    methods::{alone, caching, concentration, list_cost, routing, used},
    report,
};

fn cell() -> impl Strategy<Value = Cell> {
    let offer = prop_oneof![
        Just(("openai", "gpt-5")),
        Just(("openai", "gpt-5-mini")),
        Just(("anthropic", "claude-opus-4-5")),
        Just(("azure", "gpt-5")),
        Just(("nobody", "<model>")),
    ];
    let source = prop_oneof![Just("catalog"), Just("upstream"), Just("unpriced"), Just("unknown"), Just("unbilled")];
    let counts = (0..50_i128, 0..1_000_000_i128, 0..100_i128, 0..100_000_i128, 0..1_000_000_000_000_i128);
    (10..=12_u32, 1..=30_u32, 0..30_u8, 0..4_u8, offer, source, any::<bool>(), counts).prop_map(
        |(month, day, team, route, (vendor, model), source, late, (requests, input, cached, output, nano))| Cell {
            names: [
                format!("2026-{month}-{day:02}"),
                format!("team {team}"),
                format!("workload {team}"),
                if route == 0 { String::new() } else { format!("route {route}") },
                format!("{vendor}-1"),
                vendor.into(),
                model.into(),
                source.into(),
                if requests % 7 == 0 { "error" } else { "ok" }.into(),
            ],
            late,
            sums: Sums {
                requests,
                attempts: requests + 1,
                saved: requests / 3,
                input,
                cache_read: input * cached / 100,
                output,
                nano: if matches!(source, "catalog" | "upstream") { nano } else { 0 },
                ..Sums::default()
            },
        },
    )
}

/// Every number of dollars in the last row of the table below this heading.
fn sums_below(markdown: &str, heading: &str) -> Vec<String> {
    let section = markdown.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let last = section.lines().rfind(|line| line.starts_with("| **")).unwrap();
    last.split(" | ").map(|cell| cell.trim_matches(['|', '*', ' ']).replace("&#60;", "<")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever it is told apart by, all of it together is the same.
    #[test]
    fn every_table_has_the_same_sum(cells in prop::collection::vec(cell(), 1..80)) {
        let figures = figures(&cells);
        let total = figures.total.sums();
        let markdown = report(&figures, &prices()).unwrap().markdown;
        let spent = crate::money::usd(total.nano);
        let shown = if total.nano == 0 && figures.total.unpriced.tokens > 0 { "not known" } else { spent.as_str() };
        for (heading, at) in [("Spend by week", 3), ("By team", 4), ("By route and workload", 4), ("By model", 4)] {
            prop_assert_eq!(&sums_below(&markdown, heading)[at], if at == 4 { shown } else { &spent }, "{}", heading);
        }
        let months = sums_below(&markdown, "Booked, and adjusted since");
        prop_assert_eq!(&months[4], &spent);
        prop_assert_eq!(&months[2], &crate::money::usd(figures.total.booked.nano));
    }

    /// What is compared is the same tokens on both sides: a vendor that served all of it costs alone what it cost.
    #[test]
    fn one_vendor_alone_that_was_alone_costs_the_same(cells in prop::collection::vec(cell(), 1..80)) {
        let catalog = prices();
        let azure: Vec<Cell> = cells.iter().filter(|cell| cell.names[5] == "azure").cloned().collect();
        let of_azure = used(&figures(&azure).offers, &catalog);
        let list: i128 = of_azure.iter().filter_map(|used| used.list).sum();
        for one in alone(&of_azure, &catalog) {
            prop_assert_eq!((one.nano, one.same_nano), (list, list));
        }
        let all = figures(&cells);
        let of_all = used(&all.offers, &catalog);
        // The same model at the same price elsewhere is the same.
        let list: i128 = of_all.iter().filter_map(|used| used.list).sum();
        for routed in routing(&of_all, &catalog) {
            prop_assert!(routed.dearest >= routed.main && routed.list <= list, "{:?}", routed);
        }
        let cached = caching(&of_all, &catalog);
        prop_assert!(cached.read_nano >= 0 && cached.write_nano == 0 && cached.read_unlisted <= cached.read);
        let shares = concentration(&all.offers);
        let parts: i128 = shares.vendors.iter().map(|(_, sums)| sums.nano).sum();
        prop_assert_eq!(parts, all.total.sums().nano);
        prop_assert!(shares.spend.is_none_or(|index| (10_000 / 4 - 1..=10_000).contains(&index)), "{:?}", shares.spend);
    }

    /// The price of a sum is the sum of the prices, to the rounding of each.
    #[test]
    fn a_list_price_is_linear(parts in prop::collection::vec((1..1_000_i128, 0..1_000_000_i128, 0..10_000_i128), 1..20)) {
        let prices = Prices::flat(Rate(1_250_000_000), Rate(10_000_000_000), "policy", "2026-01-01");
        let (mut all, mut sum) = (Sums::default(), 0);
        for (attempts, input, output) in &parts {
            let part = Sums { attempts: *attempts, input: *input, output: *output, ..Sums::default() };
            sum += list_cost(&prices, &part);
            all.add(&part);
        }
        prop_assert!((list_cost(&prices, &all) - sum).abs() <= 2 * parts.len() as i128);
    }
}
