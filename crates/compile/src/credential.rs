//! Keys of a provider, out of `Secret`s.

use std::collections::HashSet;

use outrigger_crd::ModelProvider;
use outrigger_route::snapshot::Credential;

use crate::{
    check::{did_you_mean, is_header_value},
    named::Named,
    problem::{Cause, Kind, ObjectRef, Report, Severity, full_name, namespace},
};

/// The keys that can be used. Each that cannot is a problem of its own and leaves the others alone. `None` if the list
/// itself means nothing: keys that are not there are gone, keys that are badly written are not.
pub(crate) fn credentials(
    provider: &ModelProvider,
    secrets: &Named<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<Credential>> {
    let mut names = HashSet::new();
    let mut usable = Vec::new();
    for (at, credential) in provider.spec.credentials.iter().enumerate() {
        let field = format!("spec.credentials[{at}]");
        let outrigger_crd::provider::Credential { name, secret_key_ref, weight } = credential;
        if name.is_empty() || !names.insert(name) {
            report.error(format!("{field}.name"), "is empty or used twice: name each key differently");
            continue;
        }
        let field = format!("{field}.secretKeyRef");
        let home = namespace(&provider.metadata).to_owned();
        let withheld =
            secrets.withheld(&ObjectRef { kind: Kind::Secret, namespace: home, name: secret_key_ref.name.clone() });
        match value(provider, secrets, &secret_key_ref.name, &secret_key_ref.key) {
            Err(_) if let Some(why) = withheld => report.of(Cause::RefNotPermitted, Severity::Error, field, why),
            Err(reason) => report.of(Cause::RefNotFound, Severity::Error, field, reason),
            Ok(value) => {
                // It goes on as it was read last.
                if let Some(why) = withheld {
                    report.of(Cause::RefNotPermitted, Severity::Warning, field, why);
                }
                usable.push(Credential::new(&full_name(&provider.metadata), name, value, *weight));
            }
        }
    }
    if !usable.is_empty() && usable.iter().all(|credential| credential.weight == 0) {
        report.error("spec.credentials", "every usable key has weight 0: give at least one a share");
        return None;
    }
    Some(usable)
}

fn value<'a>(provider: &ModelProvider, secrets: &Named<'a>, name: &str, key: &str) -> Result<&'a str, String> {
    let home = namespace(&provider.metadata);
    let Some(secret) = secrets.secret(home, name) else {
        let near = did_you_mean(name, secrets.names(Kind::Secret, home));
        return Err(format!("there is no secret of this name in namespace {home:?}{near}"));
    };
    let Some(bytes) = secret.value(key) else {
        let near = did_you_mean(key, secret.keys());
        return Err(format!("secret {name:?} has no such key, but {} others{near}", secret.keys().count()));
    };
    // A file turned into a Secret ends with a line break more often than not.
    let text =
        std::str::from_utf8(bytes).map_err(|_| format!("secret {name:?}: what it holds there is not text"))?.trim();
    if text.is_empty() {
        return Err(format!("secret {name:?}: what it holds there is empty: put the key there"));
    }
    if let Some(variable) = placeholder(text) {
        return Err(format!(
            "secret {name:?} takes it from the environment variable {variable}, which is not set: set it"
        ));
    }
    if !is_header_value(text) {
        return Err(format!("secret {name:?}: what it holds there has characters that no header can carry"));
    }
    Ok(text)
}

/// The name in a `${NAME}` that nothing has filled in.
fn placeholder(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("${")?;
    let (name, _) = rest.split_once('}')?;
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(word)).then_some(name)
}
