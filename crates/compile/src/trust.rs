//! By whose certificates a provider is known, out of a `ConfigMap` or `Secret`.

use outrigger_crd::{
    ModelProvider,
    provider::{CaRef, Tls},
};
use outrigger_route::Authorities;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    check::did_you_mean,
    named::{self, Named},
    problem::{Cause, ObjectRef, Report, Severity, namespace},
};

const FIELD: &str = "spec.tls.caRef";

/// `None` where none are asked for. Those that are asked for and cannot be had are nobody, and never the public ones: then
/// `report` says why.
pub(crate) fn authorities(provider: &ModelProvider, named: &Named<'_>, report: &mut Report<'_>) -> Option<Authorities> {
    let Tls { ca_ref } = provider.spec.tls.as_ref()?;
    let home = namespace(&provider.metadata);
    let object = ObjectRef { kind: named::kind(ca_ref.kind), namespace: home.to_owned(), name: ca_ref.name.clone() };
    let withheld = named.withheld(&object);
    let found = value(&object, &ca_ref.key, named).and_then(|bytes| {
        read(bytes).map_err(|why| format!("{} {:?}, key {:?}: {why}", object.kind.as_str(), ca_ref.name, ca_ref.key))
    });
    match found {
        Ok(authorities) => {
            // They go on as they were read last.
            if let Some(why) = withheld {
                report.of(Cause::RefNotPermitted, Severity::Warning, FIELD, why);
            }
            Some(authorities)
        }
        Err(reason) => {
            let (cause, reason) = match withheld {
                // It ends with what to paste.
                Some(why) => (Cause::RefNotPermitted, why.to_owned()),
                None => (Cause::RefNotFound, format!("{reason}; until then the provider is left out")),
            };
            report.of(cause, Severity::Error, FIELD, reason);
            Some(Authorities::nobody())
        }
    }
}

/// Whether a provider of this address can be known by certificates at all.
pub(crate) fn check(tls: Option<&Tls>, base_url: &str, report: &mut Report<'_>) {
    let Some(Tls { ca_ref: CaRef { kind: _, name, key } }) = tls else { return };
    if !base_url.starts_with("https://") {
        report.error("spec.tls", "needs an https address, or nothing is known of who answers: set spec.baseURL to one");
    }
    if name.is_empty() || key.is_empty() {
        report.error(FIELD, "name and key must not be empty: name what holds the certificates");
    }
}

fn value<'a>(object: &ObjectRef, key: &str, named: &Named<'a>) -> Result<&'a [u8], String> {
    let ObjectRef { kind, namespace: home, name } = object;
    let none = |others: Vec<&str>| {
        let near = did_you_mean(key, others.iter().copied());
        format!("{} {name:?} has no such key, but {} others{near}", kind.as_str(), others.len())
    };
    let (secret, config_map) = (named.secret(home, name), named.config_map(home, name));
    match (kind, secret, config_map) {
        (crate::Kind::Secret, Some(it), _) => it.value(key).ok_or_else(|| none(it.keys().collect())),
        (crate::Kind::ConfigMap, _, Some(it)) => it.value(key).ok_or_else(|| none(it.keys().collect())),
        _ => {
            let near = did_you_mean(name, named.names(*kind, home));
            Err(format!("there is no {} of this name in namespace {home:?}{near}", kind.as_str()))
        }
    }
}

/// The certificates in a bundle. Each is one that a sidecar can take for an authority, by the same code: a bundle that is
/// believed in part would be told by nobody.
fn read(bytes: &[u8]) -> Result<Authorities, String> {
    let bound = || {
        let (most, size) = (Authorities::MOST, Authorities::BYTES >> 10);
        format!("more than {most} certificates or {size} KiB: leave only the authorities of this provider")
    };
    if bytes.len() > Authorities::BYTES {
        return Err(bound());
    }
    let mut all = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(bytes) {
        let at = all.len() + 1;
        let bad = |why: &str| format!("certificate number {at} cannot be read ({why}): take it out, or put it right");
        // What the reader of PEM says may quote a line.
        let certificate = certificate.map_err(|_| bad("it is no whole block of PEM"))?;
        webpki::anchor_from_trusted_cert(&certificate).map_err(|error| bad(&error.to_string()))?;
        all.push(certificate.to_vec());
    }
    if all.is_empty() {
        return Err("no certificate is in it; it should have blocks of BEGIN CERTIFICATE, in PEM".to_owned());
    }
    Authorities::new(all).map_err(|_| bound())
}
