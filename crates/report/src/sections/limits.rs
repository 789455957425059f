//! What the figures cannot know.

use super::found::Found;
use crate::{
    doc::{Block, Table},
    money::{count, share, short, usd},
};

pub(super) fn blocks(found: &Found<'_>) -> Vec<Block> {
    let (group, total, missing) = (&found.figures.total, &found.total, &found.figures.missing);
    let row = |what: &str, much: String, part: String, why: &str| vec![what.into(), why.into(), much, part];
    let at_least = if missing.open > 0 { "at least " } else { "" };
    vec![
        Block::Section("What these figures cannot know"),
        Block::Table(Table {
            words: 2,
            head: vec!["What", "What that means", "How much", "Share"],
            rows: vec![
                row(
                    "Unpriced",
                    format!("{} tokens", short(group.unpriced.tokens)),
                    format!("{} of tokens", share(group.unpriced.tokens, total.tokens())),
                    "It was answered and nobody knows a price: it is in no sum of money, and true spend is higher",
                ),
                row(
                    "Unknown",
                    format!("{} attempts", count(group.unknown.attempts)),
                    format!("{} of attempts", share(group.unknown.attempts, total.attempts)),
                    "It was sent, its process ended, and nobody knows what became of it: it may have been billed",
                ),
                row(
                    "Estimated",
                    usd(total.nano_estimated),
                    format!("{} of spend", share(total.nano_estimated, total.nano)),
                    "The provider never said how many tokens: they were counted here",
                ),
                row(
                    "Priced in part",
                    format!("{} attempts", count(total.partial)),
                    format!("{} of attempts", share(total.partial, total.attempts)),
                    "The price list had no price for a part, such as a tool: the true cost is higher",
                ),
                row(
                    "Missing",
                    format!("{at_least}{} entries", count(missing.entries)),
                    format!("{} processes", count(missing.processes)),
                    "A pod or its node was lost before it had told all: what is not here cost something too",
                ),
            ],
            summed: false,
        }),
        Block::Note(
            "Costs are those of calls that went through a sidecar, in US dollars, without tax, discounts, commitments and credits of a \
             contract: the vendor's bill is what is owed. outrigger usage reconcile holds one against the other; \
             outrigger usage gaps lists what is missing, process by process."
                .into(),
        ),
    ]
}
