//! Requests that leave in another dialect than they came in: what is known of the target, which targets cannot be told
//! what the request says, and whose seals a target can verify.

use std::{sync::Arc, time::Duration};

use memchr::memmem;
use outrigger_route::{
    Ask, NoRoute, Plan, Reason, Signals, Snapshot, Target, plan,
    reason::Removed,
    words::{Parameter, Parameters},
};
use outrigger_wire::{
    Dialect, Head, Operation,
    profile::{Claude, Profile},
    translate,
};

use crate::intake::Reading;

/// What the wire format for `target` depends on.
pub(crate) fn profile<'a>(target: &'a Target, dialect: Dialect, ask: &Ask<'_>, body: usize) -> Profile<'a> {
    let has = |parameter| Parameters::contains(target.parameters, parameter);
    Profile {
        dialect,
        vendor: &target.provider.slug,
        upstream_name: &target.upstream_name,
        model: &target.model,
        max_output: target.max_output.map(u64::from),
        room: room(target, ask, body),
        sampling: has(Parameter::Temperature),
        reasoning: has(Parameter::Reasoning),
        structured_outputs: has(Parameter::StructuredOutputs),
    }
}

/// Tokens surely left behind this prompt. Anthropic refuses a request whose prompt and `max_tokens` together are longer
/// than the context window, so a limit that the caller did not name has to leave room.
fn room(target: &Target, ask: &Ask<'_>, body: usize) -> Option<u64> {
    // Three bytes a token are more than most prompts have; media is not text, and pictures are few tokens.
    let prompt = if ask.modalities.is_empty() { body as u64 / 3 } else { 0 };
    target.context_length.map(|context| u64::from(context).saturating_sub(prompt).max(1024))
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
    let crosses = |target: &Target| !target.provider.dialects.contains(operation.dialect());
    let every_parameter = reading.ask.preferences.require_parameters || plan.route.constraints.require_parameters;
    if operation == Operation::CountTokens
        || !plan.candidates.iter().any(|candidate| crosses(&candidate.target))
        || !(every_parameter || may_be_unspeakable(&reading.ask, body))
    {
        return Ok(plan);
    }
    let removed = &mut plan.removed;
    // What is lost depends on few traits of a target, which most targets share.
    let mut told: Vec<(Traits, Option<String>)> = Vec::new();
    plan.candidates.retain(|candidate| {
        let target = &candidate.target;
        if !crosses(target) {
            return true;
        }
        let dialect = translate::upstream(operation, &target.provider.dialects).unwrap_or(operation).dialect();
        let profile = profile(target, dialect, &reading.ask, body.len());
        let traits = Traits::of(&profile);
        let known = told.iter().find(|(known, _)| *known == traits).map(|(_, names)| names.clone());
        let unspeakable = known.unwrap_or_else(|| {
            let names = unspeakable(operation, &reading.head, &profile, every_parameter);
            told.push((traits, names.clone()));
            names
        });
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
/// a search for the few words that such content cannot do without; what is missed here is found when it is translated, and
/// the next target is asked.
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

/// What losses depend on.
#[derive(PartialEq)]
struct Traits {
    dialect: Dialect,
    vendor: Box<str>,
    claude: Option<Claude>,
    able: [bool; 3],
}

impl Traits {
    fn of(profile: &Profile<'_>) -> Self {
        let able = [profile.sampling, profile.reasoning, profile.structured_outputs];
        Self { dialect: profile.dialect, vendor: profile.vendor.into(), claude: Claude::of(profile.model), able }
    }
}

/// What a target can by no means be told, by name; what cannot be read at all is nothing that can be told.
fn unspeakable(operation: Operation, head: &Head<'_>, to: &Profile<'_>, every_parameter: bool) -> Option<String> {
    match translate::request(operation, head, to) {
        Ok(translated) => {
            let names: Vec<String> = translated.losses.forbidding(every_parameter).map(ToString::to_string).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        Err(bad) => Some(bad.to_string()),
    }
}

/// Whether `target` can verify seals of the target that answered the conversation before: it is the same one, or the
/// same Claude elsewhere, whose signatures hold on every platform that serves it.
pub(crate) fn verifies(target: &Target, issuer: &Target) -> bool {
    target.id == issuer.id
        || (target.model == issuer.model
            && target.provider.dialects.contains(Dialect::Messages)
            && issuer.provider.dialects.contains(Dialect::Messages)
            && target.model.starts_with("anthropic/"))
}

/// Who sealed the reasoning in a prompt: the target the conversation is tied to. Without a tie it is taken to be the one
/// that would be asked first.
pub(crate) fn issuer<'a>(snapshot: &'a Snapshot, plan: &'a Plan, ask: &Ask<'_>) -> Option<&'a Arc<Target>> {
    match ask.sticky {
        Some(tie) => snapshot.targets.iter().find(|target| target.id == tie.target),
        None => plan.candidates.first().map(|candidate| &candidate.target),
    }
}
