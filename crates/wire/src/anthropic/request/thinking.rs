//! How much to think, in Anthropic's terms, and when it cannot be asked to.

use crate::{
    hub::{Effort, Losses, Part, Reasoning, Request, Role, Thought, ToolChoice},
    profile::{Claude, Profile},
};

/// What to write as `thinking` and `output_config.effort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Nothing: no thinking.
    Off,
    /// `{"type": "enabled", "budget_tokens": ...}`
    Budget(u64),
    /// `{"type": "adaptive"}`, and an effort if one was named.
    Adaptive(Option<Effort>),
}

/// Anthropic's least budget.
const LEAST: u64 = 1024;

/// Decides; `max_tokens` is what the request will say.
pub(super) fn decide(request: &Request<'_>, to: &Profile<'_>, max_tokens: u64, losses: &mut Losses) -> Thinking {
    let wanted = match request.reasoning {
        None | Some(Reasoning::Off) => return Thinking::Off,
        Some(wanted) => wanted,
    };
    // With thinking on, no tool can be forced; with a budget, a turn that called tools must begin with its thinking.
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    let claude = Claude::of(to.model);
    let adaptive = claude.is_some_and(|claude| claude.adaptive);
    // What is begun for the model leaves it no place to think in.
    let begun = request.turns.last().is_some_and(|turn| turn.role == Role::Assistant);
    if !to.reasoning || forced || (!adaptive && (begun || thoughtless_tool_turn(request, to))) {
        losses.parameter("reasoning");
        return Thinking::Off;
    }
    if let Some(Claude { adaptive: true, xhigh, .. }) = claude {
        return Thinking::Adaptive(match wanted {
            Reasoning::Effort(Effort::Minimal) => Some(Effort::Low),
            Reasoning::Effort(Effort::XHigh) if !xhigh => Some(Effort::High),
            Reasoning::Effort(effort) => Some(effort),
            Reasoning::Budget(budget) => Some(Effort::of_budget(budget, Some(max_tokens)).max(Effort::Low)),
            Reasoning::Adaptive | Reasoning::Off => None,
        });
    }
    let budget = match wanted {
        Reasoning::Effort(effort) => effort.budget(max_tokens),
        Reasoning::Budget(budget) => budget.max(LEAST),
        Reasoning::Adaptive | Reasoning::Off => Effort::Medium.budget(max_tokens),
    };
    // The answer needs room behind the thinking.
    let most = max_tokens.saturating_sub(1);
    if most < LEAST {
        losses.parameter("reasoning");
        return Thinking::Off;
    }
    Thinking::Budget(budget.min(most))
}

/// Whether the conversation waits for the model behind tool results, and the turn that called the tools has no thinking
/// that this target can verify.
fn thoughtless_tool_turn(request: &Request<'_>, to: &Profile<'_>) -> bool {
    let returned = |parts: &[Part<'_>]| parts.iter().any(|part| matches!(part, Part::Result(_)));
    let waits = request.turns.last().is_some_and(|turn| turn.role == Role::User && returned(&turn.parts));
    let caller = request.turns.iter().rev().find(|turn| turn.role == Role::Assistant);
    waits
        && caller.is_some_and(|turn| {
            !turn.parts.iter().any(|part| matches!(part, Part::Thought(thought) if verifies(to, thought)))
        })
}

/// Whether `to` can verify the seal of `thought` (R3).
pub(super) fn verifies(to: &Profile<'_>, thought: &Thought<'_>) -> bool {
    thought.seal.is_some() && thought.format.as_deref() == Some(to.seal_format())
}
