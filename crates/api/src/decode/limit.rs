//! Limits. One that is not known is never left out: whoever meets it serves nothing under it (R-CFG-11).

use outrigger_catalog::Rate;
use outrigger_route::{
    Authorities,
    snapshot::Constraints,
    view::PolicyPart,
    words::{Allowed, Quantization},
};

use crate::v1::{self, limit::Kind};

/// A limit that this build does not know.
const UNKNOWN: &str = "a limit";
/// A limit that stands where it means nothing.
const MISPLACED: &str = "a limit in this place";
/// More authorities than a provider may have.
const TOO_LARGE: &str = "a bundle of authorities as large as this";

pub(super) fn route(limits: &[v1::Limit]) -> Result<Constraints, &'static str> {
    let mut constraints = Constraints::default();
    once(limits)?;
    for limit in limits {
        match limit.kind.as_ref().ok_or(UNKNOWN)? {
            Kind::ZeroDataRetention(v1::Flag {}) => constraints.zero_data_retention = true,
            Kind::DenyTraining(v1::Flag {}) => constraints.deny_training = true,
            Kind::Regions(v1::Words { words }) => {
                constraints.regions = Allowed::Only(words.iter().map(|word| word.as_str().into()).collect());
            }
            Kind::Quantizations(v1::Words { words }) => {
                let known = words.iter().map(|word| Quantization::exact(word).ok_or(UNKNOWN));
                constraints.quantizations = Allowed::Only(known.collect::<Result<_, _>>()?);
            }
            Kind::MaxInputPrice(rate) => constraints.max_input_price = Some(Rate(*rate)),
            Kind::MaxOutputPrice(rate) => constraints.max_output_price = Some(Rate(*rate)),
            Kind::RequireParameters(v1::Flag {}) => constraints.require_parameters = true,
            Kind::RequestsPerMinute(_) | Kind::TokensPerMinute(_) | Kind::RoutesOnly(_) | Kind::Authorities(_) => {
                return Err(MISPLACED);
            }
        }
    }
    Ok(constraints)
}

/// Of two limits of one kind neither may be lost.
fn once(limits: &[v1::Limit]) -> Result<(), &'static str> {
    let kind = |limit: &v1::Limit| limit.kind.as_ref().map(std::mem::discriminant);
    let twice = |(at, limit): (usize, &v1::Limit)| limits[..at].iter().any(|before| kind(before) == kind(limit));
    if limits.iter().enumerate().any(twice) { Err("a limit given twice") } else { Ok(()) }
}

/// Those of a provider.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) requests_per_minute: Option<u32>,
    pub(super) tokens_per_minute: Option<u32>,
    pub(super) authorities: Option<Authorities>,
}

pub(super) fn provider(limits: Vec<v1::Limit>) -> Result<Limits, &'static str> {
    let mut read = Limits::default();
    once(&limits)?;
    for limit in limits {
        match limit.kind.ok_or(UNKNOWN)? {
            Kind::RequestsPerMinute(most) => read.requests_per_minute = Some(most),
            Kind::TokensPerMinute(most) => read.tokens_per_minute = Some(most),
            Kind::Authorities(v1::Certificates { certificates }) => {
                read.authorities = Some(Authorities::new(certificates).map_err(|_| TOO_LARGE)?);
            }
            _ => return Err(MISPLACED),
        }
    }
    Ok(read)
}

pub(super) fn policy(limits: &[v1::Limit]) -> Result<PolicyPart, &'static str> {
    let mut policy = PolicyPart::default();
    for limit in limits {
        match limit.kind.as_ref().ok_or(UNKNOWN)? {
            Kind::RoutesOnly(v1::Flag {}) => policy.bare_models_denied = true,
            Kind::RequireParameters(v1::Flag {}) => policy.require_parameters = true,
            _ => return Err(MISPLACED),
        }
    }
    Ok(policy)
}
