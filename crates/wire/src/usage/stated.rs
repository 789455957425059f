//! What an upstream says itself that an answer cost (U11).

use super::Usage;
use crate::scan;

/// Above this, ten thousand dollars in nano-dollars, what an upstream says that one answer cost is not believed (H10).
pub const MOST_STATED: u64 = 10_000 * 1_000_000_000;

/// The members of a usage object that speak of money.
#[derive(Default)]
pub(crate) struct Stated {
    cost: Option<u64>,
    /// OpenRouter: what the vendor billed. It is in `cost`, but for callers who brought a key of their own.
    vendors: Option<u64>,
    own_key: bool,
    /// xAI's, in nano-dollars.
    ticks: Option<u64>,
}

impl Stated {
    /// Reads one member.
    pub(crate) fn read(&mut self, key: &str, json: &str, impossible: &mut bool) {
        match key {
            "cost" => self.cost = cost(json, impossible),
            "cost_details" => {
                let _ = scan::object(json, |key, value| {
                    if key == "upstream_inference_cost" && value != "null" {
                        self.vendors = dollars(value, impossible);
                    }
                });
            }
            "is_byok" => self.own_key = json == "true",
            // Ticks of 10^-10 dollars. <https://docs.x.ai/developers/cost-tracking>
            "cost_in_usd_ticks" => self.ticks = amount(json, 1e-1, impossible),
            _ => {}
        }
    }

    /// Notes the cost, if one was said.
    pub(crate) fn settle(&self, usage: &mut Usage) {
        let cost = match (self.cost, self.vendors) {
            // Whose key it is pays the vendor too; a router that does not say how much has not said the cost.
            (Some(cost), vendors) if self.own_key => vendors.map(|vendors| cost.saturating_add(vendors)),
            (cost, _) => cost,
        };
        if let Some(cost) = cost.or(self.ticks) {
            let in_parts = self.own_key && self.vendors.is_some_and(|cost| cost > 0);
            let bill = usage.bill_mut();
            (bill.stated, bill.stated_in_parts) = (Some(cost), in_parts);
        }
    }
}

/// A number of dollars, or Perplexity's object of them.
fn cost(json: &str, impossible: &mut bool) -> Option<u64> {
    if !json.starts_with('{') {
        return dollars(json, impossible);
    }
    let mut total = None;
    scan::object(json, |key, value| {
        if key == "total_cost" {
            total = dollars(value, impossible);
        }
    })
    .ok()?;
    total
}

fn dollars(json: &str, impossible: &mut bool) -> Option<u64> {
    amount(json, 1e9, impossible)
}

/// An amount as nano-dollars, rounded half up. Beyond [`MOST_STATED`], or below zero, it is not believed (H10).
fn amount(json: &str, nanos: f64, impossible: &mut bool) -> Option<u64> {
    let amount: f64 = json.parse().ok()?;
    let nano = amount * nanos;
    if !(0.0..=MOST_STATED as f64).contains(&nano) {
        *impossible = true;
        return None;
    }
    // Exact to the nano-dollar: the bound is far below 2^53 of them.
    Some(nano.round() as u64)
}
