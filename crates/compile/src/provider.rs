//! One `ModelProvider` into what it serves.

use std::sync::Arc;

use outrigger_catalog::Catalog;
use outrigger_crd::{
    ModelProvider,
    provider::{Limits, ModelProviderSpec, Retention, Training},
};
use outrigger_route::{
    snapshot::{Credential, Provider},
    view::Offering,
    words,
};
use outrigger_wire::AuthScheme;

use crate::{
    access,
    credential::credentials,
    endpoint::{Endpoint, endpoint},
    named::Named,
    problem::{Cause, Report, Severity, full_name, name},
    served::served,
    trust,
};

/// A provider that is whole.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) offering: Offering,
    /// Empty where it has none that can be used; then it cannot be called.
    pub(crate) credentials: Vec<Credential>,
}

/// `None` if it cannot be meant as it stands; then `report` says why.
pub(crate) fn compile(
    object: &ModelProvider,
    catalog: &Catalog,
    named: &Named<'_>,
    report: &mut Report<'_>,
) -> Option<Compiled> {
    // Without `..`: a new field of the kind must be given a meaning here.
    let ModelProviderSpec {
        preset: _,
        dialects: _,
        dialect: _,
        base_url: _,
        tls,
        auth: _,
        headers: _,
        display_name,
        region,
        data_policy,
        credentials: declared,
        models,
        limits,
        allowed_namespaces,
    } = &object.spec;

    let before = report.errors();
    access::check(allowed_namespaces.as_ref(), report);
    let Limits { requests_per_minute, tokens_per_minute } = limits.clone().unwrap_or_default();
    for (field, limit) in [("requestsPerMinute", requests_per_minute), ("tokensPerMinute", tokens_per_minute)] {
        if limit == Some(0) {
            report.error(format!("spec.limits.{field}"), "must be at least 1; remove it for no limit");
        }
    }
    let short = name(&object.metadata);
    let endpoint = endpoint(short, &object.spec, catalog, report);
    if let Some(endpoint) = &endpoint {
        trust::check(tls.as_ref(), &endpoint.base_url, report);
    }
    // A bad key leaves out that key, and certificates that are not there are gone as a key is: neither breaks the provider,
    // so their errors are not among those counted here.
    let sound = report.errors() == before;
    let keys = credentials(object, named, report);
    let authorities = trust::authorities(object, named, report);
    let endpoint = endpoint.filter(|_| sound)?;
    let keys = keys?;
    if endpoint.auth == AuthScheme::None {
        if !declared.is_empty() {
            report.warning("spec.credentials", "not used: the auth scheme is None; set spec.auth to send them");
        }
    } else if keys.is_empty() {
        let (cause, reason) = match declared.is_empty() {
            true => (Cause::Spec, "required: name a Secret that holds the key, or set spec.auth.scheme to None"),
            false => (Cause::RefNotFound, "none of them can be used, so the provider is left out"),
        };
        report.of(cause, Severity::Error, "spec.credentials", reason);
    }

    let offers = served(models.as_deref(), &endpoint, catalog, report);
    if offers.is_empty() {
        report.error("spec.models", "it serves nothing: list at least one valid model");
        return None;
    }
    let Endpoint { preset, slug, dialects, base_url, auth, headers } = endpoint;
    let data_policy = data_policy.clone().unwrap_or_default();
    let credentials = if auth == AuthScheme::None { Vec::new() } else { keys };
    let provider = Provider {
        name: full_name(&object.metadata).into(),
        slug: slug.into(),
        short_name: short.into(),
        display: display_name.as_deref().or(preset.map(|preset| preset.name.as_str())).unwrap_or(short).into(),
        dialects,
        base_url,
        authorities,
        credentials: Arc::default(),
        auth,
        region: region.as_deref().map(str::trim).filter(|r| !r.is_empty()).map(|r| r.to_ascii_lowercase().into()),
        trains: data_policy.training.map(|training| training == Training::Allow),
        retention: data_policy.retention.map(|retention| match retention {
            Retention::Zero => words::Retention::Zero,
            Retention::Limited => words::Retention::Limited,
        }),
        requests_per_minute,
        tokens_per_minute,
        headers,
    };
    Some(Compiled { offering: Offering { provider, offers }, credentials })
}
