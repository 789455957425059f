//! What routing and caches saved.

use super::found::{Found, named};
use crate::{
    doc::{Block, Table},
    money::{count, share, short, usd},
};

/// Routes of one table.
const MOST: usize = 15;

pub(super) fn blocks(found: &Found<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Section("What routing saved")];
    if found.routed.is_empty() {
        blocks.push(Block::Text(
            "No route used more than one model with a list price: routing had nothing to save.".into(),
        ));
    } else {
        let sum = |of: fn(&crate::methods::Routed) -> i128| found.routed.iter().map(of).sum::<i128>();
        let (list, main, dearest) = (sum(|it| it.list), sum(|it| it.main), sum(|it| it.dearest));
        let line = |it: &crate::methods::Routed| {
            vec![
                named(&it.route),
                named(&it.main_model),
                named(&it.dearest_model),
                usd(it.list),
                usd(it.main - it.list),
                usd(it.dearest - it.list),
            ]
        };
        let mut rows: Vec<Vec<String>> = found.routed.iter().take(MOST).map(line).collect();
        let all = format!("All {} routes", found.routed.len());
        rows.push(vec![all, String::new(), String::new(), usd(list), usd(main - list), usd(dearest - list)]);
        blocks.push(Block::Table(Table {
            words: 3,
            head: vec![
                "Route",
                "Main model",
                "Dearest model",
                "At list price",
                "Saved against main",
                "Saved against dearest",
            ],
            rows,
            summed: true,
        }));
    }
    blocks.push(Block::Note(
        "How: for each route that used more than one model, the same tokens at list price as they were served, all on the model that \
         served most requests (main), and all on the route's dearest model. The truth lies between: nobody knows which one model \
         would have been taken without routing. A minus says that the others cost more than the main model, which is what \
         failover and quality may be worth. Models without a list price are left out on both sides."
            .into(),
    ));
    let caching = &found.caching;
    blocks.push(Block::Section("What caches of providers saved"));
    blocks.push(Block::Table(Table {
        words: 1,
        head: vec!["", "Tokens", "Amount"],
        rows: vec![
            vec![
                format!("Read from a cache ({} of prompts)", share(caching.read, caching.input)),
                short(caching.read),
                usd(caching.read_nano),
            ],
            vec![
                "Writing to it cost more than plain tokens".into(),
                short(found.total.cache_write_5m + found.total.cache_write_1h),
                usd(-caching.write_nano),
            ],
            vec!["Saved".into(), String::new(), usd(caching.nano())],
        ],
        summed: true,
    }));
    blocks.push(Block::Note(format!(
        "How: tokens that were read or written, at list price, against the list price of a plain prompt token of the same model. \
         {} tokens were read from caches of models without a list price: what those saved is not known.",
        count(caching.read_unlisted)
    )));
    blocks
}
