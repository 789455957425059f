//! What a pod's annotations say of its sidecar. They choose within what a profile may say, and nothing else.

use std::collections::BTreeMap;

use outrigger_crd::{
    Duration, SidecarProfileSpec,
    profile::{Addresses, Amounts, DummyKeys, Log, LogFormat, Ports, Resources, Variables},
};

use crate::{
    names::{INJECT, PREFIX, PROFILE, STATUS},
    note::{ANNOTATION_DENIED, ANNOTATION_INVALID, ANNOTATION_UNKNOWN, Note},
    quantity::thousandths,
    skip::shortened,
};

/// What a pod says of its sidecar.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Overrides {
    pub(crate) profile: SidecarProfileSpec,
    /// Those of its containers that get variables; `None`: all.
    pub(crate) containers: Option<Vec<String>>,
    /// That its processes see each other is accepted.
    pub(crate) shared_processes: bool,
}

/// An annotation: its name without the prefix, what it should be, and what takes it; `None`: the value means nothing.
struct Row {
    name: &'static str,
    expects: &'static str,
    take: fn(&mut Overrides, &str) -> Option<()>,
}

const QUANTITY: &str = "an amount such as 64Mi or 100m";
const PORT: &str = "a port from 1024 to 65535";

const ROWS: &[Row] = &[
    Row { name: "cpu-request", expects: QUANTITY, take: |it, value| amount(value, &mut it.requests().cpu) },
    Row { name: "memory-request", expects: QUANTITY, take: |it, value| amount(value, &mut it.requests().memory) },
    Row { name: "cpu-limit", expects: QUANTITY, take: |it, value| amount(value, &mut it.limits().cpu) },
    Row { name: "memory-limit", expects: QUANTITY, take: |it, value| amount(value, &mut it.limits().memory) },
    Row { name: "port", expects: PORT, take: |it, value| port(value, &mut it.ports().listen) },
    Row { name: "admin-port", expects: PORT, take: |it, value| port(value, &mut it.ports().admin) },
    Row { name: "probe-port", expects: PORT, take: |it, value| port(value, &mut it.ports().probe) },
    Row { name: "drain", expects: "a duration such as 90s", take: drain },
    Row { name: "log", expects: "a level, or directives such as info,outrigger_proxy=debug", take: log },
    Row { name: "log-format", expects: "text or json", take: log_format },
    Row { name: "containers", expects: "names of containers, with commas between them, or none", take: containers },
    Row { name: "addresses", expects: "set or leave", take: addresses },
    Row { name: "dummy-keys", expects: "auto, always or never", take: dummy_keys },
    Row { name: "allow-shared-processes", expects: "true or false", take: shared_processes },
];

/// What would reach beyond the pod, or take a bound away: only the installation's own values say it.
const DENIED: [&str; 8] =
    ["image", "image-pull-policy", "control-plane", "ca", "token", "security-context", "privileged", "run-as-user"];

/// Other keys of ours, which are no overrides.
const OTHERS: [&str; 3] = [INJECT, PROFILE, STATUS];

/// What they say. What means nothing is said, and does nothing.
pub(crate) fn read(annotations: Option<&BTreeMap<String, String>>, notes: &mut Vec<Note>) -> Overrides {
    let mut overrides = Overrides::default();
    for (key, value) in annotations.into_iter().flatten() {
        let Some(name) = key.strip_prefix(PREFIX).filter(|_| !OTHERS.contains(&key.as_str())) else { continue };
        let note = match ROWS.iter().find(|row| row.name == name) {
            Some(row) => (row.take)(&mut overrides, value.trim()).is_none().then(|| {
                let (said, expects) = (shortened(value), row.expects);
                let text = format!("the annotation {key} says {said:?}, which is not {expects}: it is left out");
                Note::new(ANNOTATION_INVALID, text)
            }),
            None if DENIED.contains(&name) => {
                let text = format!("the annotation {key} is left out: only the values of the chart may say that");
                Some(Note::new(ANNOTATION_DENIED, text))
            }
            None => {
                let text = format!("the annotation {} means nothing{}", shortened(key), near(name));
                Some(Note::new(ANNOTATION_UNKNOWN, text))
            }
        };
        notes.extend(note);
    }
    overrides
}

/// The nearest name, if one is near.
fn near(name: &str) -> String {
    let all = ROWS.iter().map(|row| row.name).chain(OTHERS.iter().filter_map(|key| key.strip_prefix(PREFIX)));
    let nearest = all.map(|known| (strsim::damerau_levenshtein(shortened(name), known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= known.len() / 3 + 1 => format!("; is it meant as {PREFIX}{known}?"),
        _ => String::new(),
    }
}

impl Overrides {
    fn requests(&mut self) -> &mut Amounts {
        self.resources().requests.get_or_insert_default()
    }

    fn limits(&mut self) -> &mut Amounts {
        self.resources().limits.get_or_insert_default()
    }

    fn resources(&mut self) -> &mut Resources {
        self.profile.resources.get_or_insert_default()
    }

    fn ports(&mut self) -> &mut Ports {
        self.profile.ports.get_or_insert_default()
    }

    fn log(&mut self) -> &mut Log {
        self.profile.log.get_or_insert_default()
    }

    fn variables(&mut self) -> &mut Variables {
        self.profile.variables.get_or_insert_default()
    }
}

fn amount(value: &str, into: &mut Option<String>) -> Option<()> {
    thousandths(value)?;
    *into = Some(value.to_owned());
    Some(())
}

fn port(value: &str, into: &mut Option<u16>) -> Option<()> {
    *into = Some(value.parse().ok().filter(|port| *port >= 1024)?);
    Some(())
}

fn drain(overrides: &mut Overrides, value: &str) -> Option<()> {
    let drain = Duration::from(value);
    drain.parse().ok().filter(|time| !time.is_zero())?;
    overrides.profile.drain = Some(drain);
    Some(())
}

fn log(overrides: &mut Overrides, value: &str) -> Option<()> {
    overrides.log().filter = Some(value.to_owned()).filter(|it| filters(it))?.into();
    Some(())
}

/// Whether a sidecar takes it as its log filter: with any other it would not start.
pub(crate) fn filters(text: &str) -> bool {
    let level = |text: &str| {
        ["off", "error", "warn", "info", "debug", "trace"].iter().any(|level| level.eq_ignore_ascii_case(text))
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
    let directive = |text: &str| match text.split_once('=') {
        None => level(text),
        Some((target, of)) => !target.is_empty() && target.bytes().all(plain) && level(of),
    };
    text.len() <= 256 && text.split(',').all(directive)
}

fn log_format(overrides: &mut Overrides, value: &str) -> Option<()> {
    let format = match value {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => return None,
    };
    overrides.log().format = Some(format);
    Some(())
}

fn containers(overrides: &mut Overrides, value: &str) -> Option<()> {
    let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return None;
    }
    overrides.containers = Some(names);
    Some(())
}

fn addresses(overrides: &mut Overrides, value: &str) -> Option<()> {
    let addresses = match value {
        "set" => Addresses::Set,
        "leave" => Addresses::Leave,
        _ => return None,
    };
    overrides.variables().addresses = Some(addresses);
    Some(())
}

fn dummy_keys(overrides: &mut Overrides, value: &str) -> Option<()> {
    let keys = match value {
        "auto" => DummyKeys::Auto,
        "always" => DummyKeys::Always,
        "never" => DummyKeys::Never,
        _ => return None,
    };
    overrides.variables().dummy_keys = Some(keys);
    Some(())
}

fn shared_processes(overrides: &mut Overrides, value: &str) -> Option<()> {
    overrides.shared_processes = value.parse().ok()?;
    Some(())
}
