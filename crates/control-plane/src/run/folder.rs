//! Outside Kubernetes: policy from a folder, identity and authority from another.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::bail;

use super::house::{House, Origin};
use crate::{
    audit,
    config::{FolderArgs, RunArgs},
    fleet::Fleet,
    identity::{self, Tokens},
    outlook::Outlook,
    scrape::Places,
    source,
    state::State,
    tls::{Authority, Serving},
};

/// How often the state folder is looked at: what is revoked there ends within two seconds.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn origin(args: &RunArgs, house: &House) -> anyhow::Result<Origin> {
    let FolderArgs { policy: Some(policy), state: Some(state) } = &args.folder else {
        bail!("--policy DIR and --state DIR are required, or --kubernetes");
    };
    let now = SystemTime::now();
    let state = State::open(state)?;
    let tokens = Arc::new(Tokens::open(state.clone(), now)?);
    // Without TLS, too: what people are shown of keys is derived from it.
    let authority = Authority::open(&state, now)?;
    house.fingerprints.derive(authority.seed());
    let serving = match args.insecure {
        true if !args.listen.ip().is_loopback() => {
            bail!("--insecure sends provider keys in clear: it is for loopback alone, not for {}", args.listen)
        }
        true => None,
        false => Some(Serving::new(authority, &args.tls_names, now)?),
    };
    let House { catalog, metrics, fleet, standing, .. } = house;
    let system_namespace = args.system_namespace.clone();
    let worlds = source::follow_folder(policy, catalog.clone(), system_namespace, standing.clone(), metrics.clone())?;
    tokio::spawn(watch_tokens(tokens.clone(), fleet.clone()));
    let edits = audit::Edits {
        worlds: worlds.clone(),
        observed: None,
        leading: None,
        catalog: catalog.clone(),
        fleet: fleet.clone(),
    };
    tokio::spawn(audit::follow(edits));
    let authority = identity::Authority::Issued(tokens);
    let outlook = Outlook::new(catalog.clone(), worlds.clone(), fleet.clone(), None, None);
    let places = Places::Peers;
    Ok(Origin {
        authority,
        places,
        serving,
        worlds,
        outlook: Arc::new(outlook),
        access: None,
        peers: None,
        lease: None,
    })
}

/// Ends the streams whose tokens are revoked, whose keys are gone.
async fn watch_tokens(tokens: Arc<Tokens>, fleet: Arc<Fleet>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let reading = tokens.clone();
        let changed = tokio::task::spawn_blocking(move || reading.reload_if_changed()).await;
        match changed {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                let ended = fleet.recheck(|token| tokens.recheck(token, SystemTime::now()));
                tracing::info!(ended, "keys or revocations have changed");
            }
            Ok(Err(error)) => tracing::error!(code = "state_broken", "{error:#}"),
            Err(error) => tracing::error!(code = "state_broken", %error, "reading the state folder failed"),
        }
    }
}
