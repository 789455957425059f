//! The names in a token, held to what Kubernetes allows, so that a workload can move there and keep them.

use std::collections::BTreeMap;

/// Most labels of one workload.
pub(super) const LABELS: usize = 64;
/// Longest DNS label, and longest name in a label.
const SHORT: usize = 63;
/// Longest DNS subdomain.
const LONG: usize = 253;

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) team: Option<String>,
}

impl Workload {
    /// Why it cannot be in a token.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { namespace, service_account, labels, team } = self;
        if !dns_label(namespace) {
            return Err(format!("{namespace:?} is not a namespace: 1 to 63 of a-z, 0-9 and -, not - at either end"));
        }
        if !dns_subdomain(service_account) {
            return Err(format!(
                "{service_account:?} is not a service account: 1 to 253 of a-z, 0-9, - and ., not - or . at an end"
            ));
        }
        if labels.len() > LABELS {
            return Err(format!("{} labels are too many: at most {LABELS}", labels.len()));
        }
        if let Some(key) = labels.keys().find(|key| !label_key(key)) {
            return Err(format!("{key:?} is not the key of a label: write it as name or example.com/name"));
        }
        if let Some((key, value)) = labels.iter().find(|(_, value)| !(value.is_empty() || label_name(value))) {
            return Err(format!(
                "{value:?} is not the value of a label ({key}): at most 63 of A-Z, a-z, 0-9, -, _ and ."
            ));
        }
        match team {
            Some(team) if !label_name(team) => Err(format!(
                "{team:?} is not a team: 1 to 63 of A-Z, a-z, 0-9, -, _ and ., a letter or digit at each end"
            )),
            _ => Ok(()),
        }
    }
}

/// RFC 1123, as Kubernetes reads it.
fn dns_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=SHORT).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

/// Labels of a subdomain may be longer than 63 in Kubernetes: only the whole is bounded.
fn dns_subdomain(text: &str) -> bool {
    let part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty() && part.bytes().all(plain) && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= LONG && text.split('.').all(part)
}

fn label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => dns_subdomain(prefix) && label_name(name),
        None => label_name(text),
    }
}

fn label_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= SHORT && text.bytes().all(plain) && end(text.bytes().next()) && end(text.bytes().last())
}
