//! Requests that leave in another dialect than they came in: what is known of the target, which targets cannot be told
//! what the request says, and whose seals a target can verify.

use std::{sync::Arc, time::Duration};

use memchr::memmem;
use outrigger_route::{
    Ask, NoRoute, Plan, Reason, Signals, Snapshot, Target, plan,
    reason::Removed,
    words::{Parameter, Parameters},
};
use outrigger_wire::{Dialect, Head, Operation, profile::Profile, translate};

use crate::intake::Reading;

/// What the wire format for `target` depends on.
pub(crate) fn profile<'a>(target: &'a Target, ask: &Ask<'_>, body: usize) -> Profile<'a> {
    let has = |parameter| Parameters::contains(target.parameters, parameter);
    Profile {
        dialect: target.provider.dialect,
        vendor: &target.provider.slug,
        upstream_name: &target.upstream_name,
        model: &target.model,
        max_output: room(target, ask, body),
        sampling: has(Parameter::Temperature),
        reasoning: has(Parameter::Reasoning),
        structured_outputs: has(Parameter::StructuredOutputs),
    }
}

/// Most tokens `target` may be asked for behind this prompt. Anthropic refuses a request whose prompt and `max_tokens`
/// together are longer than the context window, so a limit that the caller did not name has to leave room.
fn room(target: &Target, ask: &Ask<'_>, body: usize) -> Option<u64> {
    let most = target.max_output.map(u64::from);
    // Three bytes a token is more than most prompts have; media is not text, and pictures are few tokens.
    let prompt = if ask.modalities.is_empty() { body as u64 / 3 } else { 0 };
    let behind = target.context_length.map(|context| u64::from(context).saturating_sub(prompt).max(1024));
    match (most, behind) {
        (Some(most), Some(behind)) => Some(most.min(behind)),
        (most, behind) => most.or(behind),
    }
}

/// The plan of a request: what policy says, less the targets that cannot be told what the request says.
pub(crate) fn decide(
    snapshot: &Snapshot,
    operation: Operation,
    reading: &Reading<'_>,
    body: &[u8],
    signals: &impl Signals,
    now: Duration,
    draw: u64,
) -> Result<Plan, NoRoute> {
    let mut plan = plan(snapshot, &reading.ask, signals, now, draw)?;
    let crosses = |target: &Target| target.provider.dialect != operation.dialect();
    let every_parameter = reading.ask.preferences.require_parameters || plan.route.constraints.require_parameters;
    if operation == Operation::CountTokens
        || !plan.candidates.iter().any(|candidate| crosses(&candidate.target))
        || !(every_parameter || may_be_unspeakable(&reading.ask, body))
    {
        return Ok(plan);
    }
    let removed = &mut plan.removed;
    plan.candidates.retain(|candidate| {
        let target = &candidate.target;
        let unspeakable = crosses(target)
            .then(|| unspeakable(target, operation, &reading.head, &reading.ask, body.len(), every_parameter))
            .flatten();
        if let Some(names) = &unspeakable {
            removed.push(Removed { target: target.clone(), reason: Reason::Untranslatable(names.as_str().into()) });
        }
        unspeakable.is_none()
    });
    if plan.candidates.is_empty() {
        return Err(NoRoute::Filtered { removed: plan.removed });
    }
    Ok(plan)
}

/// Whether the prompt may hold content that not every dialect has words for. Plain conversations are told from others by
/// a search for the few words that such content cannot do without; what is missed here is told when it is translated.
fn may_be_unspeakable(ask: &Ask<'_>, body: &[u8]) -> bool {
    const MARKERS: [&str; 10] = [
        "\"file_id\"",
        "\"container_upload\"",
        "\"search_result\"",
        "\"document\"",
        "\"thread\"",
        "\"compaction\"",
        "\"document_url\"",
        "\"audio\"",
        "\"tool_reference\"",
        "\"tool_addition\"",
    ];
    !ask.modalities.is_empty() || MARKERS.iter().any(|marker| memmem::find(body, marker.as_bytes()).is_some())
}

/// What `target` can by no means be told, by name.
fn unspeakable(
    target: &Target,
    operation: Operation,
    head: &Head<'_>,
    ask: &Ask<'_>,
    body: usize,
    every_parameter: bool,
) -> Option<String> {
    // A request that cannot be read at all is told so when it is sent.
    let translated = translate::request(operation, head, &profile(target, ask, body)).ok()?;
    let names: Vec<String> = translated.losses.forbidding(every_parameter).map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Whether `target` can verify seals of the target that answered the conversation before: it is the same one, or the
/// same Claude elsewhere, whose signatures hold on every platform that serves it.
pub(crate) fn verifies(target: &Target, issuer: &Target) -> bool {
    target.id == issuer.id
        || (target.model == issuer.model
            && target.provider.dialect == Dialect::Anthropic
            && issuer.provider.dialect == Dialect::Anthropic
            && target.model.starts_with("anthropic/"))
}

/// Who sealed the reasoning in a prompt: the target the conversation is tied to. Without a tie it is taken to be the one
/// that would be asked first.
pub(crate) fn issuer<'a>(snapshot: &'a Snapshot, plan: &'a Plan, ask: &Ask<'_>) -> Option<&'a Arc<Target>> {
    match ask.sticky {
        Some(id) => snapshot.targets.iter().find(|target| target.id == id),
        None => plan.candidates.first().map(|candidate| &candidate.target),
    }
}
