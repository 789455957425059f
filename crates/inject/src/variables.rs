//! Variables of the application's containers: by them SDKs find the sidecar without a line of code.

use outrigger_crd::{
    k8s_openapi::api::core::v1::Container,
    profile::{Addresses, DummyKeys},
};
use serde_json::{Value, json};

use crate::note::{Note, PROXY_IN_THE_WAY, VARIABLE_KEPT};

/// What the SDKs of one family read. Names and forms as those SDKs were seen to read them: openai 3.57 and 6.49 (npm),
/// langchain-openai 1.7, llama-index, litellm 1.110, anthropic 2.14 and 1.14 (npm).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Variables that hold an address, and what follows `http://127.0.0.1:4117` in it.
    pub addresses: &'static [(&'static str, &'static str)],
    /// The variable without which they do not start.
    pub key: &'static str,
    /// Others that serve them as well.
    pub other_keys: &'static [&'static str],
}

/// Every family that the sidecar serves.
pub const FAMILIES: &[Family] = &[
    Family {
        addresses: &[("OPENAI_BASE_URL", "/v1"), ("OPENAI_API_BASE", "/v1")],
        key: "OPENAI_API_KEY",
        other_keys: &["OPENAI_ADMIN_KEY"],
    },
    Family {
        addresses: &[("ANTHROPIC_BASE_URL", "")],
        key: "ANTHROPIC_API_KEY",
        other_keys: &["ANTHROPIC_AUTH_TOKEN"],
    },
];

/// The key that is none. It goes nowhere: what callers send as a key is not passed on (Z8).
const DUMMY: &str = "injected-by-outrigger";
/// What goes through no proxy.
const LOCAL: &str = "127.0.0.1,localhost";

/// What is to be set, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) listen: u16,
    pub(crate) addresses: Addresses,
    pub(crate) dummy_keys: DummyKeys,
    /// The containers that are meant; `None`: all.
    pub(crate) containers: Option<&'a [String]>,
}

/// What is added to the variables of `container`.
pub(crate) fn variables(container: &Container, wanted: &Wanted<'_>, notes: &mut Vec<Note>) -> Vec<Value> {
    let Wanted { listen, addresses, dummy_keys, containers } = wanted;
    let meant = containers.is_none_or(|names| names.contains(&container.name));
    if *addresses == Addresses::Leave || !meant {
        return Vec::new();
    }
    let base = format!("http://127.0.0.1:{listen}");
    let has = |name: &str| own(container, name).is_some();
    let mut added = Vec::new();
    for Family { addresses, key, other_keys } in FAMILIES {
        // One address of its own means that the pod has its own mind: SDKs differ in which of them they read.
        if let Some((name, _)) = addresses.iter().find(|(name, _)| has(name)) {
            let text = format!(
                "the container {:?} sets {name} itself: it is left, and calls there go where it says, not to the sidecar",
                container.name
            );
            notes.push(Note::new(VARIABLE_KEPT, text));
            continue;
        }
        added.extend(addresses.iter().map(|(name, path)| json!({"name": name, "value": format!("{base}{path}")})));
        // A webhook cannot read what `envFrom` brings, and what is set here would come over it.
        let wants_key = match dummy_keys {
            DummyKeys::Auto => container.env_from.as_ref().is_none_or(Vec::is_empty),
            DummyKeys::Always => true,
            DummyKeys::Never => false,
        };
        if wants_key && !has(key) && !other_keys.iter().any(|key| has(key)) {
            added.push(json!({"name": key, "value": DUMMY}));
        }
    }
    if !added.is_empty() {
        added.extend(beside_a_proxy(container, notes));
    }
    added
}

/// An application with a proxy sends calls to localhost there too, unless it is told not to.
fn beside_a_proxy(container: &Container, notes: &mut Vec<Note>) -> Vec<Value> {
    let proxies = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    if !proxies.into_iter().any(|name| own(container, name).is_some()) {
        return Vec::new();
    }
    let exceptions: Vec<Option<&str>> =
        ["NO_PROXY", "no_proxy"].into_iter().filter_map(|it| own(container, it)).collect();
    if exceptions.is_empty() {
        return vec![json!({"name": "NO_PROXY", "value": LOCAL}), json!({"name": "no_proxy", "value": LOCAL})];
    }
    let excepted = |list: &str| list.split(',').map(str::trim).any(|it| ["*", "127.0.0.1", "localhost"].contains(&it));
    // A value from elsewhere cannot be read here.
    if !exceptions.into_iter().flatten().any(excepted) {
        let text = format!(
            "the container {:?} has a proxy, and its NO_PROXY does not list 127.0.0.1: its calls to the sidecar would go \
             through the proxy; add 127.0.0.1",
            container.name
        );
        notes.push(Note::new(PROXY_IN_THE_WAY, text));
    }
    Vec::new()
}

/// A variable of the container's own list: its value, where it is written there.
fn own<'c>(container: &'c Container, name: &str) -> Option<Option<&'c str>> {
    let found = container.env.iter().flatten().find(|variable| variable.name == name)?;
    Some(found.value.as_deref())
}
