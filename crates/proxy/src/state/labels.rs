//! What a target is called.

use http::HeaderValue;
use outrigger_route::Target;

use crate::record::price::price_row;

/// What a target is called in headers, made once when the policy is published.
#[derive(Debug)]
pub(crate) struct Labels {
    pub(crate) provider: Option<HeaderValue>,
    pub(crate) model: Option<HeaderValue>,
    /// Its price row: source and date. Empty where it has none.
    pub(crate) price_row: Box<str>,
}

impl Labels {
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            provider: HeaderValue::from_str(&target.provider.name).ok(),
            model: HeaderValue::from_str(&target.model).ok(),
            price_row: price_row(target).into(),
        }
    }
}
