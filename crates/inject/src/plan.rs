//! How the sidecar of one pod runs: everything decided, nothing left to a default further on.

use std::time::Duration;

use outrigger_crd::{
    SidecarProfileSpec,
    k8s_openapi::api::core::v1::Pod,
    profile::{
        self, Addresses, Amounts, BootstrapSecrets, DummyKeys, LogFormat, Proxy, Requests, Resources, Variables,
    },
};

use crate::{
    note::{DRAIN_SHORTENED, Note, PROFILE_INVALID},
    obstacle::containers,
    overrides::filters,
    ports::Ports,
    quantity::{bytes, thousandths},
};

/// What a kubelet gives a pod that says nothing.
const GRACE: u64 = 30;
/// What is left of it for everything but requests: seconds.
const MARGIN: u64 = 5;
/// The first user that is tried: none that an image is likely to have.
const USER: i64 = 4117;
/// Of CPU and memory, at least.
const REQUESTS: (&str, &str) = ("20m", "32Mi");
/// Of memory, at most: 64Mi of bodies, and what a busy sidecar takes beside them.
const MEMORY: &str = "160Mi";

/// How it runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) ports: Ports,
    /// A user that no container of the pod has.
    pub(crate) user: i64,
    pub(crate) drain: Duration,
    pub(crate) requests: Amounts,
    pub(crate) limits: Amounts,
    pub(crate) log: Option<String>,
    pub(crate) log_format: LogFormat,
    pub(crate) decisions: Option<String>,
    /// Bytes.
    pub(crate) max_body: Option<u128>,
    /// Bytes.
    pub(crate) buffer: Option<u128>,
    pub(crate) threads: Option<u16>,
    pub(crate) max_staleness: Option<String>,
    pub(crate) secrets: BootstrapSecrets,
    pub(crate) addresses: Addresses,
    pub(crate) dummy_keys: DummyKeys,
    /// Without what would be no URL of a proxy: no sidecar starts by one.
    pub(crate) proxy: Proxy,
}

impl Plan {
    /// What `profile` means for `pod`.
    pub(crate) fn of(pod: &Pod, profile: &SidecarProfileSpec, notes: &mut Vec<Note>) -> Self {
        let SidecarProfileSpec {
            resources,
            ports,
            drain,
            log,
            requests,
            max_staleness,
            bootstrap_secrets,
            variables,
            proxy,
        } = profile.clone();
        let profile::Ports { listen, admin, probe } = ports.unwrap_or_default();
        let Resources { requests: least, limits: most } = resources.unwrap_or_default();
        let (requests_of, limits) = amounts(least.unwrap_or_default(), most.unwrap_or_default(), notes);
        let profile::Log { filter, format, decisions } = log.unwrap_or_default();
        let Requests { max_body, buffer, threads } = requests.unwrap_or_default();
        let Variables { addresses, dummy_keys } = variables.unwrap_or_default();
        Self {
            ports: Ports { listen: listen.unwrap_or(4117), admin: admin.unwrap_or(4118), probe: probe.unwrap_or(4121) },
            user: user(pod),
            drain: self::drain(pod, drain.and_then(|drain| drain.parse().ok()), notes),
            requests: requests_of,
            limits,
            log: filter.filter(|it| filters(it)),
            log_format: format.unwrap_or(LogFormat::Json),
            decisions: decisions.filter(|it| tells(it)),
            max_body: max_body.as_deref().and_then(bytes),
            buffer: buffer.as_deref().and_then(bytes),
            threads,
            max_staleness: max_staleness.filter(|it| it.parse().is_ok()).map(|it| it.0),
            secrets: bootstrap_secrets.unwrap_or_default(),
            addresses: addresses.unwrap_or_default(),
            dummy_keys: dummy_keys.unwrap_or_default(),
            proxy: self::proxy(proxy.unwrap_or_default(), notes),
        }
    }
}

/// Whether a sidecar knows which decisions are meant: it starts by no other word.
fn tells(which: &str) -> bool {
    let share = || which.strip_suffix('%')?.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 100.0);
    matches!(which, "off" | "asked" | "failures" | "all") || share().is_some()
}

/// As the kind's own rule has it, for profiles that no API server has looked at, and closer: a rule knows no largest port.
fn proxy(mut proxy: Proxy, notes: &mut Vec<Note>) -> Proxy {
    let good = |url: &String| {
        let at = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
        let at = at.strip_suffix('/').unwrap_or(at);
        let (host, port) = at.rsplit_once(':').filter(|_| !at.ends_with(']')).unwrap_or((at, "80"));
        let plain = |it: char| it.is_ascii_alphanumeric() || "._-[]:".contains(it);
        !host.is_empty() && host.chars().all(plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if proxy.https_proxy.as_ref().is_some_and(|url| !good(url)) {
        let text = "proxy.httpsProxy of a profile is not http://HOST:PORT, or has a user or password: it is left out";
        notes.push(Note::new(PROFILE_INVALID, text.to_owned()));
        proxy.https_proxy = None;
    }
    proxy
}

/// What is asked for and what is allowed, of CPU and of memory.
fn amounts(requests: Amounts, limits: Amounts, notes: &mut Vec<Note>) -> (Amounts, Amounts) {
    let (cpu, most_cpu) = amount("CPU", requests.cpu, limits.cpu, REQUESTS.0, None, notes);
    let (memory, most_memory) = amount("memory", requests.memory, limits.memory, REQUESTS.1, Some(MEMORY), notes);
    (Amounts { cpu: Some(cpu), memory: Some(memory) }, Amounts { cpu: most_cpu, memory: most_memory })
}

/// Of one resource. No pod starts that asks for more than it is allowed: a default gives way to what somebody has said, and
/// where two have, what is allowed counts.
fn amount(
    what: &str,
    least: Option<String>,
    most: Option<String>,
    default: &str,
    most_by_default: Option<&str>,
    notes: &mut Vec<Note>,
) -> (String, Option<String>) {
    let both = least.is_some() && most.is_some();
    let said = most.is_some();
    let least = least.unwrap_or_else(|| default.to_owned());
    match most.or_else(|| most_by_default.map(str::to_owned)) {
        Some(most) if thousandths(&least) > thousandths(&most) => {
            if both {
                let text = format!(
                    "profiles and annotations together ask for {least} of {what} and allow {most}: the sidecar asks for {most}"
                );
                notes.push(Note::new(PROFILE_INVALID, text));
            }
            let amount = if said { most } else { least };
            (amount.clone(), Some(amount))
        }
        most => (least, most),
    }
}

/// The first user that nobody else in the pod has: another of the same could read its memory.
fn user(pod: &Pod) -> i64 {
    let Some(spec) = &pod.spec else { return USER };
    let of_pod = spec.security_context.as_ref().and_then(|context| context.run_as_user);
    let own = containers(spec).filter_map(|it| it.security_context.as_ref()?.run_as_user);
    let taken: Vec<i64> = own.chain(of_pod).collect();
    (USER..).find(|user| !taken.contains(user)).unwrap_or(USER)
}

/// How long requests may go on: until shortly before the pod is killed, or for as long as `wanted`.
fn drain(pod: &Pod, wanted: Option<Duration>, notes: &mut Vec<Note>) -> Duration {
    let grace = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
    let grace = grace.map_or(GRACE, |grace| u64::try_from(grace).unwrap_or_default());
    let most = Duration::from_secs(grace.saturating_sub(MARGIN).max(1));
    let Some(wanted) = wanted else { return most };
    if wanted > most {
        let text = format!(
            "the sidecar is to let requests go on for {}s, but the pod is killed after {grace}s: it does for {}s; set \
             terminationGracePeriodSeconds to {} or more",
            wanted.as_secs(),
            most.as_secs(),
            wanted.as_secs() + MARGIN
        );
        notes.push(Note::new(DRAIN_SHORTENED, text));
    }
    wanted.min(most)
}
