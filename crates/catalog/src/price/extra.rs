//! What is priced beside the plain rates: other tiers of service, and tools that vendors run.

use serde::{Deserialize, Serialize};

use super::{money::NanoUsd, tier::Tier};

/// What a model costs at another tier of service (U9).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// One of [`Service::NAMES`].
    pub name: String,
    /// As [`Prices::source`](super::Prices::source).
    pub source: String,
    /// ISO date of the source.
    pub as_of: String,
    /// The rates, ascending by [`Tier::above`]; the first is above 0 and means every prompt. A special rate that is absent
    /// is the base price's, in the proportion of the two `input` or `output` rates.
    pub tiers: Vec<Tier>,
}

impl Service {
    /// The tiers that a price may name.
    pub const NAMES: [&str; 5] = ["flex", "priority", "batch", "fast", "ultrafast"];
}

/// What one call of a tool costs that the vendor runs itself (U10).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// One of [`Fee::TOOLS`].
    pub tool: String,
    /// One call; where a vendor bills containers, one of those.
    pub each: NanoUsd,
    /// As [`Prices::source`](super::Prices::source), or `docs` for the vendor's own manual.
    pub source: String,
    /// ISO date of the source.
    pub as_of: String,
}

impl Fee {
    /// One call is dearer than this, one dollar, nowhere: a price above it is that of a thousand calls.
    pub const CAP: NanoUsd = NanoUsd(1_000_000_000);

    /// The tools that a price may name.
    pub const TOOLS: [&str; 9] = [
        "web_search",
        "web_search_low",
        "web_search_medium",
        "web_search_high",
        "x_search",
        "file_search",
        "attachment_search",
        "code_interpreter",
        "image_generation",
    ];
}
