//! Several profiles as one: the narrower comes over the wider, field by field.

use outrigger_crd::{
    SidecarProfileSpec,
    profile::{Amounts, Log, Ports, Proxy, Requests, Resources, Variables},
};

use crate::{
    Profiles, Settings,
    note::{Note, PROFILE_MISSING},
    skip::shortened,
};

/// The profile that holds without anybody naming it.
const DEFAULT: &str = "default";

/// What holds for a pod of `namespace` that names the profile `named` and says `own` in annotations.
pub(crate) fn merged(
    profiles: Profiles<'_>,
    namespace: &str,
    settings: &Settings,
    named: Option<&str>,
    own: SidecarProfileSpec,
    notes: &mut Vec<Note>,
) -> SidecarProfileSpec {
    let mut merged = profiles(&settings.system_namespace, DEFAULT).unwrap_or_default();
    if let Some(of_namespace) = profiles(namespace, DEFAULT) {
        merged = of_namespace.over(merged);
    }
    if let Some(named) = named {
        match profiles(namespace, named) {
            Some(profile) => merged = profile.over(merged),
            None => notes.push(Note::new(
                PROFILE_MISSING,
                format!(
                    "there is no SidecarProfile {:?} in namespace {namespace}, which the annotation outrigger.dev/profile \
                     names: the sidecar runs without it; create it, and the pod anew",
                    shortened(named)
                ),
            )),
        }
    }
    own.over(merged)
}

/// What comes over something of its kind.
trait Over {
    fn over(self, below: Self) -> Self;
}

fn each<T: Over>(above: Option<T>, below: Option<T>) -> Option<T> {
    match (above, below) {
        (Some(above), Some(below)) => Some(above.over(below)),
        (above, below) => above.or(below),
    }
}

impl Over for SidecarProfileSpec {
    fn over(self, below: Self) -> Self {
        // Without `..`: a new field has to be merged here.
        let Self { resources, ports, drain, log, requests, max_staleness, bootstrap_secrets, variables, proxy } = self;
        Self {
            resources: each(resources, below.resources),
            ports: each(ports, below.ports),
            drain: drain.or(below.drain),
            log: each(log, below.log),
            requests: each(requests, below.requests),
            max_staleness: max_staleness.or(below.max_staleness),
            bootstrap_secrets: bootstrap_secrets.or(below.bootstrap_secrets),
            variables: each(variables, below.variables),
            proxy: each(proxy, below.proxy),
        }
    }
}

impl Over for Resources {
    fn over(self, below: Self) -> Self {
        let Self { requests, limits } = self;
        Self { requests: each(requests, below.requests), limits: each(limits, below.limits) }
    }
}

impl Over for Amounts {
    fn over(self, below: Self) -> Self {
        let Self { cpu, memory } = self;
        Self { cpu: cpu.or(below.cpu), memory: memory.or(below.memory) }
    }
}

impl Over for Ports {
    fn over(self, below: Self) -> Self {
        let Self { listen, admin, probe } = self;
        Self { listen: listen.or(below.listen), admin: admin.or(below.admin), probe: probe.or(below.probe) }
    }
}

impl Over for Log {
    fn over(self, below: Self) -> Self {
        let Self { filter, format, decisions } = self;
        Self {
            filter: filter.or(below.filter),
            format: format.or(below.format),
            decisions: decisions.or(below.decisions),
        }
    }
}

impl Over for Requests {
    fn over(self, below: Self) -> Self {
        let Self { max_body, buffer, threads } = self;
        Self {
            max_body: max_body.or(below.max_body),
            buffer: buffer.or(below.buffer),
            threads: threads.or(below.threads),
        }
    }
}

impl Over for Variables {
    fn over(self, below: Self) -> Self {
        let Self { addresses, dummy_keys } = self;
        Self { addresses: addresses.or(below.addresses), dummy_keys: dummy_keys.or(below.dummy_keys) }
    }
}

impl Over for Proxy {
    fn over(self, below: Self) -> Self {
        let Self { https_proxy, no_proxy } = self;
        Self {
            https_proxy: https_proxy.or(below.https_proxy),
            no_proxy: if no_proxy.is_empty() { below.no_proxy } else { no_proxy },
        }
    }
}
