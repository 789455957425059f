//! What there is to serve before anybody is asked: the last good policy on disk, or what was left for a pod like this one.

use std::{
    path::Path,
    time::{Instant, SystemTime},
};

use outrigger_api::v1;
use outrigger_otlp::connect::small_file;

use crate::{
    bootstrap::{Bootstrap, Pod, Unusable},
    claims,
    config::Cli,
    disk::Disk,
    holdings::Holdings,
    link,
    mounted::Mounted,
};

/// What a sidecar starts with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) disk: Option<Disk>,
    pub(crate) holdings: Holdings,
    /// Where it is from, in words.
    pub(crate) from: &'static str,
    /// Why there is nothing, where somebody has said what there should be.
    pub(crate) waits: Option<String>,
    /// Where keys are looked for until a control plane has said them.
    pub(crate) mounted: Option<Mounted>,
}

/// Looks for it. Nothing that is wrong with it is a reason not to start.
pub(crate) fn look(args: &Cli) -> Start {
    let (disk, holdings) = kept(args);
    let Some(folder) = &args.bootstrap.bootstrap else {
        return Start { disk, holdings, from: "disk", waits: None, mounted: None };
    };
    match booted(args, folder, &holdings) {
        Ok(Some((holdings, mounted))) => Start { disk, holdings, from: "the bootstrap", waits: None, mounted },
        // An index that is older than what was kept may name other Secrets than that.
        Ok(None) => Start { disk, holdings, from: "disk", waits: None, mounted: None },
        Err(why) => {
            let code = why.code();
            match why {
                Unusable::Nothing => tracing::warn!(code, "{why}"),
                Unusable::None(_) | Unusable::Bad(_) => tracing::error!(code, "{why}"),
            }
            Start { disk, holdings, from: "disk", waits: Some(why.shown()), mounted: None }
        }
    }
}

/// What the bootstrap makes of what was kept; `None` if that is as new.
fn booted(args: &Cli, folder: &Path, kept: &Holdings) -> Result<Option<(Holdings, Option<Mounted>)>, Unusable> {
    let of = &args.bootstrap;
    let (Some(namespace), Some(account), Some(labels)) = (&of.namespace, &of.service_account, &of.pod_labels) else {
        return Err(Unusable::Bad("--namespace, --service-account and --pod-labels say whose it is".to_owned()));
    };
    let pod = Pod::read(namespace, account, labels)?;
    let claims = claims(&args.token_file);
    if claims.is_some_and(|(told, by)| (&told, &by) != (&pod.namespace, &pod.service_account)) {
        return Err(Unusable::Bad("the token is another workload's than the settings say".to_owned()));
    }
    let mut bootstrap = Bootstrap::read(folder, &pod)?;
    if !is_newer(bootstrap.written, kept) {
        return Ok(None);
    }
    let keys = std::mem::take(&mut bootstrap.keys);
    let mut holdings = kept.boot(bootstrap).map_err(Unusable::Bad)?;
    let mut mounted = of.bootstrap_secrets.as_ref().map(|it| Mounted::new(it, keys, &pod.namespace, &holdings));
    if let Some(found) = mounted.as_mut().and_then(|mounted| mounted.look(Instant::now())) {
        found.log();
        holdings.mounted = found;
    }
    holdings.workload.get_or_insert_with(|| v1::Workload {
        namespace: pod.namespace,
        service_account: pod.service_account,
        ..v1::Workload::default()
    });
    Ok(Some((holdings, mounted)))
}

/// Whether a bootstrap that was written then says more than what was kept, which was confirmed until it was received.
fn is_newer(written: SystemTime, kept: &Holdings) -> bool {
    kept.is_empty() || kept.received.is_none_or(|received| written > received)
}

/// What was kept from the last time.
fn kept(args: &Cli) -> (Option<Disk>, Holdings) {
    let Some(folder) = &args.state else { return (None, Holdings::default()) };
    let disk = match Disk::open(folder) {
        Ok(disk) => disk,
        Err(error) => {
            tracing::error!(code = "policy_not_kept", %error, folder = %folder.display(),
                "the state folder cannot be used: the policy is in memory only");
            return (None, Holdings::default());
        }
    };
    if !disk.keeps_keys() {
        tracing::warn!(code = "keys_not_kept", folder = %folder.display(),
            "the state folder is not in memory (tmpfs): provider keys are not kept in it, and come with the control plane");
    }
    let holdings = disk.load().unwrap_or_else(|why| {
        tracing::error!(code = "policy_lost", "the policy on disk is not used: {why}");
        None
    });
    let holdings = holdings.unwrap_or_default();
    if is_anothers(&holdings, &args.token_file) {
        tracing::error!(code = "policy_lost", "the policy on disk is another workload's: it is not used");
        return (Some(disk), Holdings::default());
    }
    (Some(disk), holdings)
}

/// Whether the policy on disk is of another workload than the token. What cannot be read is for the control plane to judge.
fn is_anothers(holdings: &Holdings, token_file: &Path) -> bool {
    holdings.workload.as_ref().zip(claims(token_file)).is_some_and(|(held, (namespace, service_account))| {
        (&held.namespace, &held.service_account) != (&namespace, &service_account)
    })
}

/// Namespace and service account that the token says.
fn claims(token_file: &Path) -> Option<(String, String)> {
    let token = String::from_utf8(small_file(token_file, link::TOKEN).ok()?).ok()?;
    claims::workload(&token)
}
