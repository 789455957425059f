//! Hard filters: each says why it removes a target. The request's preferences are joined with the route's
//! constraints so that either side can tighten and neither can loosen.

use outrigger_catalog::Rate;

use crate::{
    Ask, Target,
    ask::Preferences,
    reason::Reason,
    snapshot::{Constraints, Provider},
    words::Retention,
};

/// The first reason, if any, for which `target` cannot answer `ask` under `constraints`.
pub(crate) fn removal(target: &Target, ask: &Ask<'_>, constraints: &Constraints) -> Option<Reason> {
    let want = &ask.preferences;
    let provider = &*target.provider;
    if !target.operations.contains(ask.operation) {
        return Some(Reason::Operation);
    }
    if !want.only.is_empty() && !want.only.iter().any(|slug| matches_slug(provider, slug)) {
        return Some(Reason::NotAllowed);
    }
    if want.ignore.iter().any(|slug| matches_slug(provider, slug)) {
        return Some(Reason::Ignored);
    }
    if (constraints.deny_training || want.deny_training) && provider.trains != Some(false) {
        return Some(Reason::Training);
    }
    if (constraints.zero_data_retention || want.zero_data_retention) && provider.retention != Some(Retention::Zero) {
        return Some(Reason::ZeroDataRetention);
    }
    if !constraints.regions.is_empty() {
        let allowed = |region: &str| constraints.regions.iter().any(|one| one.eq_ignore_ascii_case(region));
        if !provider.region.as_deref().is_some_and(allowed) {
            return Some(Reason::Region);
        }
    }
    for wanted in [&constraints.quantizations, &want.quantizations] {
        if !wanted.is_empty() && !wanted.iter().any(|one| one.admits(target.quantization)) {
            return Some(Reason::Quantization);
        }
    }
    if too_dear(target, constraints.max_input_price, constraints.max_output_price)
        || too_dear(target, want.max_input_price, want.max_output_price)
    {
        return Some(Reason::MaxPrice);
    }
    if let Some(context) = target.context_length
        && ask.prompt_tokens > u64::from(context)
    {
        return Some(Reason::ContextLength);
    }
    if let (Some(limit), Some(wanted)) = (target.max_output, ask.max_tokens)
        && wanted > u64::from(limit)
    {
        return Some(Reason::MaxOutput);
    }
    let foreign = ask.modalities.minus(target.input_modalities);
    if !foreign.is_empty() {
        return Some(Reason::Modality(foreign));
    }
    if constraints.require_parameters || want.require_parameters {
        let missing = ask.parameters.minus(target.parameters);
        if !missing.is_empty() {
            return Some(Reason::Parameters(missing));
        }
    }
    None
}

/// Whether `slug` of a request names `provider`: its slug, its object name with or without namespace, or
/// `slug/region` for one region alone.
pub(crate) fn matches_slug(provider: &Provider, slug: &str) -> bool {
    let same = |name: &str| name.eq_ignore_ascii_case(slug);
    same(&provider.slug)
        || same(&provider.short_name)
        || same(&provider.name)
        || provider.region.as_deref().is_some_and(|region| {
            slug.rsplit_once('/').is_some_and(|(base, wanted)| {
                base.eq_ignore_ascii_case(&provider.slug) && wanted.eq_ignore_ascii_case(region)
            })
        })
}

/// Place of `provider` in the request's `order`.
pub(crate) fn order_rank(provider: &Provider, want: &Preferences) -> Option<u16> {
    want.order.iter().position(|slug| matches_slug(provider, slug)).map(|at| u16::try_from(at).unwrap_or(u16::MAX))
}

/// A limit is set and the target has no price or a higher one.
fn too_dear(target: &Target, max_input: Option<Rate>, max_output: Option<Rate>) -> bool {
    if max_input.is_none() && max_output.is_none() {
        return false;
    }
    target.prices.as_ref().is_none_or(|prices| {
        max_input.is_some_and(|max| prices.input.0 > max.0) || max_output.is_some_and(|max| prices.output.0 > max.0)
    })
}
