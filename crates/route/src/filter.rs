//! Hard filters: each says why it removes a target. The request's preferences are joined with the route's
//! constraints so that either side can tighten and neither can loosen.

use outrigger_catalog::{Prices, Rate};

use crate::{
    Ask, Target,
    ask::Preferences,
    reason::Reason,
    snapshot::{Constraints, Provider},
    words::{Quantization, Retention},
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
    if want.deny_training && provider.trains != Some(false) {
        return Some(Reason::Training);
    }
    if want.zero_data_retention && provider.retention != Some(Retention::Zero) {
        return Some(Reason::ZeroDataRetention);
    }
    if let Some(reason) = constraints.forbid(provider, target.quantization, target.prices.as_ref()) {
        return Some(reason);
    }
    let precise = |one: &Quantization| one.admits(target.quantization);
    if !want.quantizations.is_empty() && !want.quantizations.iter().any(precise) {
        return Some(Reason::Quantization);
    }
    if too_dear(target.prices.as_ref(), want.max_input_price, want.max_output_price) {
        return Some(Reason::MaxPrice);
    }
    if let Some(context) = target.context_length
        && ask.prompt_tokens > u64::from(context)
    {
        return Some(Reason::ContextLength);
    }
    let foreign = ask.modalities.minus(target.input_modalities);
    if !foreign.is_empty() {
        return Some(Reason::Modality(foreign));
    }
    if constraints.require_parameters || want.require_parameters {
        // Without that word it is fitted to what the target can write, or left as it is where the dialect is the same: the
        // catalogue may be wrong (F10).
        if let (Some(limit), Some(wanted)) = (target.max_output, ask.max_tokens)
            && wanted > u64::from(limit)
        {
            return Some(Reason::MaxOutput);
        }
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

impl Constraints {
    /// Why what is known of a target forbids it, whatever the request.
    pub fn forbid(&self, provider: &Provider, quantization: Quantization, prices: Option<&Prices>) -> Option<Reason> {
        if self.deny_training && provider.trains != Some(false) {
            return Some(Reason::Training);
        }
        if self.zero_data_retention && provider.retention != Some(Retention::Zero) {
            return Some(Reason::ZeroDataRetention);
        }
        if !self.regions.admits(|one| provider.region.as_deref().is_some_and(|is| one.eq_ignore_ascii_case(is))) {
            return Some(Reason::Region);
        }
        if !self.quantizations.admits(|one| one.admits(quantization)) {
            return Some(Reason::Quantization);
        }
        too_dear(prices, self.max_input_price, self.max_output_price).then_some(Reason::MaxPrice)
    }
}

/// A limit is set and the target has no price or a higher one.
fn too_dear(prices: Option<&Prices>, max_input: Option<Rate>, max_output: Option<Rate>) -> bool {
    if max_input.is_none() && max_output.is_none() {
        return false;
    }
    prices.is_none_or(|prices| {
        max_input.is_some_and(|max| prices.input.0 > max.0) || max_output.is_some_and(|max| prices.output.0 > max.0)
    })
}
