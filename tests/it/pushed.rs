//! Policy that a control plane pushes to sidecars: both real, each with folders of its own.
//!
//! | module | what belongs there |
//! | --- | --- |
//! | `edits` | what an edit of the folder does to sidecars that serve |
//! | `broken` | edits that cannot be meant, and what goes on meanwhile |
//! | `counted` | what sidecars count, added up by the control plane |
//! | `folder` | folders that are emptied, vanish, or hold what is no YAML |
//! | `fleet` | who is connected and holds what, as a page and as `outrigger fleet` |
//! | `keys` | provider keys: changed under load, taken back, and never shown |
//! | `away` | a control plane that is gone, and starts without one |
//! | `bootstrap` | what a pod starts with that never had a control plane |
//! | `kept` | what is wrong with the last good policy on disk |
//! | `identity` | tokens and certificates: whose policy it is, and who says so |
//! | `workloads` | who may call what, by labels and by policy |
//! | `kills` | both sides killed in the middle of updates |
//! | `wire` | connections that are slow, or moved |
//! | `scale` | many sidecars, large policies |

mod away;
mod bootstrap;
mod broken;
mod counted;
mod edits;
mod fleet;
mod folder;
mod identity;
mod kept;
mod keys;
mod kills;
mod scale;
mod wire;
mod workloads;

use std::time::{Duration, Instant};

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

/// What a caller is told who asks for `name`: what the model says, or the code of the refusal.
async fn told(client: &Client, name: &str) -> String {
    let answer = client.post(CHAT, chat(name)).await;
    match answer.header("x-outrigger-error") {
        Some(code) => code.to_owned(),
        None => answer.said(),
    }
}

/// Asks for `name` until it is answered as `wanted`; answers how long that took.
async fn becomes(client: &Client, name: &str, wanted: &str, within: Duration) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = told(client, name).await;
        if answer == wanted {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < within, "{name} is {answer} and not {wanted} within {within:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Looks until it is so.
async fn until(wanted: &str, within: Duration, look: impl AsyncFn() -> bool) -> Duration {
    let begun = Instant::now();
    while !look().await {
        assert!(begun.elapsed() < within, "waited {within:?} for {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}
