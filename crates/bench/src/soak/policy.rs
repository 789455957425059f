//! The policy of a soak, and its edits.

use std::{fmt::Write as _, net::SocketAddr};

use crate::bench::{answers::Shape, policy};

/// Routes whose primary refuses connections: several, since one that was tried five times in a row cools.
pub(super) const REFUSING: u64 = 8;
/// Edits after which everything but addresses is as it was.
const CYCLE: u64 = 4;

/// How a route treats what goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Another target answers.
    Safe,
    /// One target, one call.
    Alone,
    /// Another target answers, and soon.
    Hasty,
    /// Another target goes on.
    Continued,
}

/// The route to upstreams of this dialect.
pub(super) fn route(way: Way, upstream: Shape) -> &'static str {
    match (way, upstream) {
        (Way::Safe, Shape::Chat) => "safe-openai",
        (Way::Safe, Shape::Messages) => "safe-anthropic",
        (Way::Alone, Shape::Chat) => "alone-openai",
        (Way::Alone, Shape::Messages) => "alone-anthropic",
        (Way::Hasty, Shape::Chat) => "hasty-openai",
        (Way::Hasty, Shape::Messages) => "hasty-anthropic",
        // Only an upstream of Anthropic's dialect goes on with an answer.
        (Way::Continued, _) => "continued-anthropic",
    }
}

/// The policy after so many edits. Each has addresses of its own for the primaries, so that none cools for long and what a
/// sidecar keeps of former policy would pile up, and one of four further routes to a provider of its own.
pub(super) fn text(upstream: SocketAddr, closed: SocketAddr, edits: u64) -> String {
    let mut text = policy::secret();
    for (dialect, shape) in [("openai", Shape::Chat), ("anthropic", Shape::Messages)] {
        let (moody, spare) = (format!("moody-{dialect}"), format!("spare-{dialect}"));
        policy::provider(&mut text, &moody, dialect, &format!("http://{upstream}/moody/{edits}/v1"));
        policy::provider(&mut text, &spare, dialect, &format!("http://{upstream}/v1"));
        policy::route(&mut text, route(Way::Safe, shape), &[&moody, &spare]);
        policy::route(&mut text, route(Way::Alone, shape), &[&moody]);
        text.push_str("  failover: {attempts: 1, maxWait: 1ms}\n");
        policy::route(&mut text, route(Way::Hasty, shape), &[&moody, &spare]);
        text.push_str("  timeouts: {firstToken: 500ms}\n");
    }
    policy::route(&mut text, route(Way::Continued, Shape::Messages), &["moody-anthropic", "spare-anthropic"]);
    text.push_str("  failover: {continueOnBreak: TextOnly}\n");
    for n in 0..REFUSING {
        let name = format!("refusing-{n}");
        policy::provider(&mut text, &name, "openai", &format!("http://{closed}/{edits}/{n}/v1"));
        policy::route(&mut text, &name, &[&name, "spare-openai"]);
    }
    let mut further = String::new();
    let _ = write!(further, "further-{}", edits % CYCLE);
    policy::provider(&mut text, &further, "openai", &format!("http://{upstream}/{further}/v1"));
    policy::route(&mut text, &further, &[&further]);
    text
}
