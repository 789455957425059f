//! What one looks at first.

use super::found::Found;
use crate::{
    doc::{Block, Card},
    methods::Concentration,
    money::{count, growth, share, short, usd, whole},
};

pub(super) fn blocks(found: &Found<'_>) -> Vec<Block> {
    let Found { figures, total, caching, concentration, routed, alone, .. } = found;
    let before = figures.before.sums();
    // By day, since a period that is not over would always be the cheaper one.
    let daily = growth(total.nano * found.days.1, before.nano * found.days.0);
    let card = |label, figure, beside| Card { label, figure, beside };
    let (dearest, list): (i128, i128) =
        routed.iter().fold((0, 0), |(dearest, list), it| (dearest + it.dearest, list + it.list));
    let main: i128 = routed.iter().map(|it| it.main).sum();
    let first = concentration.vendors.first();
    let mut cards = vec![
        card("Spent", usd(total.nano), format!("{daily} a day against {}", figures.before_period)),
        card("Requests", short(total.requests), format!("{} tokens", short(total.tokens()))),
        card("Saved from failures of providers", count(total.saved), "requests that another target then served".into()),
        card(
            "Saved by routing",
            usd((dearest - list).max(0)),
            format!("at most, at list price; {} against the main models", usd(main - list)),
        ),
        card(
            "Saved by caches of providers",
            usd(caching.nano()),
            format!("{} of prompt tokens were read from one", share(caching.read, caching.input)),
        ),
        card(
            "Largest vendor",
            first.map_or_else(|| "–".into(), |(_, sums)| share(sums.nano, total.nano)),
            format!(
                "of spend: {}; HHI {}",
                first.map_or("nobody", |(name, _)| name),
                Concentration::said(concentration.spend)
            ),
        ),
    ];
    if let (Some(cheap), Some(dear)) = (alone.first(), alone.last().filter(|_| alone.len() > 1)) {
        cards.push(card(
            "One vendor alone, at list price",
            format!("{} – {}", whole(cheap.nano), whole(dear.nano)),
            format!("{} – {}", cheap.vendor, dear.vendor),
        ));
    }
    cards.push(card(
        "Without a known price",
        share(figures.total.unpriced.tokens, total.tokens()),
        "of tokens: their cost is not in any sum".into(),
    ));
    cards.push(card("Rests on estimated tokens", share(total.nano_estimated, total.nano), "of spend".into()));
    let mut blocks = vec![Block::Cards(cards)];
    let missing = figures.missing;
    if missing.processes > 0 {
        let more = if missing.open > 0 { "at least " } else { "" };
        blocks.push(Block::Text(format!(
            "Not all is known: {more}{} entries of {} processes never came. See the last section.",
            count(missing.entries),
            count(missing.processes)
        )));
    }
    if !figures.steady {
        blocks.push(Block::Note(
            "The books grew while they were read: sums of one table may be of a moment later than those of another."
                .into(),
        ));
    }
    blocks
}
