//! Whom the API server asks about pods and policy, and by what it knows them.

#[cfg(test)]
mod tests;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{super::finding::Code, certificates, words::*};
use crate::installation::{
    certificate::Bundle,
    clock,
    found::{INJECTOR, MUTATING, Seen, VALIDATING, is_ours, services},
};

/// One of the two kinds of configuration.
pub(super) struct Kind {
    pub(super) kind: &'static str,
    /// That of the chart.
    pub(super) name: &'static str,
    /// Who is asked.
    pub(super) program: &'static str,
    entries: &'static [&'static str],
    /// What is refused while nobody answers, under `failurePolicy: Fail`.
    refuses: &'static str,
}

pub(super) const PODS: Kind = Kind {
    kind: "MutatingWebhookConfiguration",
    name: MUTATING,
    program: INJECTOR,
    entries: &["namespace.injector.outrigger.dev", "pod.injector.outrigger.dev", "annotation.injector.outrigger.dev"],
    refuses: "every pod that asks for a sidecar",
};
pub(super) const POLICY: Kind = Kind {
    kind: "ValidatingWebhookConfiguration",
    name: VALIDATING,
    program: CONTROL_PLANE,
    entries: &["policy.outrigger.dev"],
    refuses: "every edit of policy",
};

pub(super) fn judge(found: &Found, out: &mut Findings) {
    for (kind, all) in [(&PODS, &found.mutating), (&POLICY, &found.validating)] {
        let all = match all {
            Seen::There(all) => all,
            Seen::Missing => continue,
            Seen::Unknown(why) => {
                out.unknown(format!("{}s", kind.kind), why);
                continue;
            }
        };
        for configuration in all.iter().filter(|it| is_ours(it)) {
            one(found, out, kind, configuration);
        }
        if is_wanted(found, kind) && !all.iter().any(|it| it["metadata"]["name"] == kind.name) {
            let what = match kind.name {
                MUTATING => "is not there: pods get no sidecar",
                _ => "is not there: nobody is told at apply what is wrong with policy",
            };
            out.say(Code::WebhookMissing, format!("{} {}", kind.kind, kind.name), what, again(found));
        }
    }
}

/// Whether somebody waits to be asked.
fn is_wanted(found: &Found, kind: &Kind) -> bool {
    match kind.program {
        INJECTOR => found.deployment(INJECTOR).is_some(),
        program => found.argument(program, "--webhook-listen=").is_some(),
    }
}

/// The configuration of the chart, where somebody can be asked by it: what says no more than that is told elsewhere.
pub(super) fn answering<'a>(found: &'a Found, kind: &Kind) -> Option<&'a Value> {
    let all = if kind.name == MUTATING { &found.mutating } else { &found.validating };
    let configuration = all.there()?.iter().find(|it| it["metadata"]["name"] == kind.name)?;
    let ready = services(configuration).iter().all(|it| ready(found, it) > 0);
    (is_wanted(found, kind) && ready && bundle(found, kind, configuration).is_ok()).then_some(configuration)
}

fn one(found: &Found, out: &mut Findings, kind: &Kind, configuration: &Value) {
    let name = text(configuration, "/metadata/name");
    let object = format!("{} {name}", kind.kind);
    let entries = list(configuration, "/webhooks");
    let fails = entries.iter().any(|it| it["failurePolicy"] != "Ignore");
    let meanwhile = if fails { format!("{} is refused", kind.refuses) } else { "nobody is asked".to_owned() };
    for (namespace, service) in services(configuration) {
        let is = format!("its Service {namespace}/{service}");
        match found.services.get(&(namespace.clone(), service.clone())) {
            // One cause, whatever else is wrong with it: whoever it was for is gone.
            Some(Seen::Missing) | None if namespace != found.system || found.deployment(kind.program).is_none() => {
                let what = format!("is left of an earlier installation: {is} is not there, and {meanwhile}");
                let next = format!("kubectl delete {} {name}", kind.kind.to_lowercase());
                return out.say(Code::WebhookStale, object, what, next);
            }
            Some(Seen::There(_)) if namespace != found.system => {
                let what = format!("is of an installation in the namespace {namespace}: there can be one in a cluster");
                let next = format!("kubectl outrigger check --system-namespace {namespace}");
                return out.say(Code::WebhookElsewhere, object, what, next);
            }
            Some(Seen::There(_)) if found.deployment(kind.program).is_none() && found.deployments.there().is_some() => {
                let what = format!("is left of an earlier installation: nobody is behind {is}, and {meanwhile}");
                let next = format!("kubectl delete {} {name}", kind.kind.to_lowercase());
                return out.say(Code::WebhookStale, object, what, next);
            }
            Some(Seen::Missing) | None => {
                let what = format!("{is} is not there, and {meanwhile}");
                return out.say(Code::WebhookServiceMissing, object, what, again(found));
            }
            Some(Seen::Unknown(why)) => return out.unknown(is, why),
            Some(Seen::There(_)) => {}
        }
        if let Some(Seen::Unknown(why)) = found.slices.get(&(namespace.clone(), service.clone())) {
            return out.unknown(is, why);
        }
        if ready(found, &(namespace.clone(), service.clone())) == 0 {
            let what = format!("nobody is ready behind {is}, and {meanwhile}");
            let next = format!("kubectl -n {namespace} get pods,endpointslices");
            return out.say(Code::WebhookServiceNotReady, object, what, next);
        }
    }
    let has: Vec<&str> = entries.iter().map(|it| text(it, "/name")).collect();
    let missing: Vec<String> = kind.entries.iter().filter(|it| !has.contains(it)).map(|it| (*it).to_owned()).collect();
    if name == kind.name && !missing.is_empty() {
        let what = format!("lacks {}: what they were for is not asked about", named(&missing));
        return out.say(Code::WebhookEntryMissing, object, what, again(found));
    }
    match bundle(found, kind, configuration) {
        Err((code, what)) => {
            out.say(code, object, format!("{what}, and {meanwhile}"), keeper(found, kind, configuration))
        }
        Ok(_) if kind.name == VALIDATING && fails => {
            let what = "has failurePolicy: Fail: edits of policy are refused while no control plane answers";
            out.say(Code::WebhookRefuses, object, what, again(found));
        }
        Ok(until) => {
            let policy = if fails { "Fail" } else { "Ignore" };
            let until = until.map(|until| format!(", whose certificates count until {}", clock::day(until)));
            let until = until.unwrap_or_default();
            out.ok(object, format!("every caBundle is set{until}; failurePolicy {policy}"));
        }
    }
}

/// Until when the API server knows whoever answers; else what is wrong with that, and its code.
fn bundle(found: &Found, kind: &Kind, configuration: &Value) -> Result<Option<u64>, (Code, String)> {
    let (name, is_somebodys) = certificates::secret(found, kind.program);
    let kept = found.secrets.get(name).and_then(Seen::there);
    let mut until: Option<u64> = None;
    for entry in list(configuration, "/webhooks") {
        let of = text(entry, "/name");
        let encoded = text(entry, "/clientConfig/caBundle");
        if encoded.is_empty() {
            return Err((
                Code::WebhookBundleEmpty,
                format!("the caBundle of {of} is empty: the API server believes nobody"),
            ));
        }
        let pem = BASE64_STANDARD.decode(encoded).ok().and_then(|pem| String::from_utf8(pem).ok());
        let broken = || (Code::WebhookBundleBroken, format!("the caBundle of {of} is no certificate"));
        let bundle = pem.as_deref().and_then(Bundle::read).ok_or_else(broken)?;
        let newest = bundle.newest().ok_or_else(broken)?;
        if newest.until <= found.now {
            let what = format!("the caBundle of {of} has ended on {}", clock::day(newest.until));
            return Err((Code::WebhookBundleExpired, what));
        }
        let foreign = match kept {
            Some(kept) if is_somebodys => {
                let name = format!("{}.{}.svc", kind.program, found.system);
                bundle.refuses(&kept.chain, &name, found.now)
            }
            Some(kept) => Bundle::read(&kept.ca).filter(|kept| !bundle.holds(kept)).map(|_| "it is another".to_owned()),
            None => None,
        };
        if let Some(why) = foreign {
            let what = format!("the caBundle of {of} does not know the certificates of the Secret {name} ({why})");
            return Err((Code::WebhookBundleForeign, what));
        }
        until = Some(until.map_or(newest.until, |it| it.min(newest.until)));
    }
    Ok(until)
}

/// Who is to write a caBundle, asked why it does not.
fn keeper(found: &Found, kind: &Kind, configuration: &Value) -> String {
    let annotations = configuration["metadata"]["annotations"].as_object();
    let injected = annotations.is_some_and(|all| all.keys().any(|key| key.starts_with("cert-manager.io/inject-")));
    match injected {
        true => format!(
            "kubectl -n {} get certificates && kubectl -n cert-manager logs deployment/cert-manager-cainjector",
            found.system
        ),
        false => logs(found, kind.program),
    }
}

/// How many are ready behind a Service.
fn ready(found: &Found, service: &(String, String)) -> usize {
    let slices = found.slices.get(service).and_then(Seen::there).map(Vec::as_slice).unwrap_or_default();
    let endpoints = slices.iter().flat_map(|slice| list(slice, "/endpoints"));
    endpoints.filter(|it| it["conditions"]["ready"] != false).count()
}
