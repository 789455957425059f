//! In Kubernetes: policy, identity and authority from an API server, and what became of it said there.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context as _;
use outrigger_cluster::{
    Cluster, Pods, Reviewer,
    access::Access,
    authority::Report,
    lease::{self, Lease},
    pods,
    probes::Probes,
    replicas,
    review::ApiServer,
    status,
    webhook::{self, ValidatingWebhookConfiguration},
};
use rustls::pki_types::ServerName;
use tokio::sync::watch;

use super::house::{House, Origin};
use crate::{
    audit, bootstrap,
    config::{self, ClusterArgs, RunArgs},
    fleet::Fleet,
    follow::follow_pods,
    identity::{self, InCluster},
    outlook::Outlook,
    peers::{self, Dial, Door, Replicas, Trust},
    scrape::Places,
    source::{self, Followed, Worlds},
    tally::counting,
    tls::{self, Serving},
};

/// How often it is looked at which namespaces have sidecars.
const LOOK: Duration = Duration::from_secs(1);
/// Name of the port for sidecars, in our Service.
const PORT: &str = "grpc";

pub(super) async fn origin(args: &RunArgs, house: &House) -> anyhow::Result<Origin> {
    let ClusterArgs { kubeconfig, service, peers: listed, tls_secret, settle, .. } = &args.cluster;
    let House { catalog, metrics, fleet, standing, publisher, fingerprints } = house;
    let cluster = Cluster::connect(kubeconfig.as_deref(), args.system_namespace.clone()).await?;
    let host = config::environment("HOSTNAME").unwrap_or_else(|| "control-plane".to_owned());
    let instance = lease::holder(&host, fastrand::u64(..));
    let lease = Lease::contend(cluster.client(), cluster.namespace(), lease::CONTROL_PLANE, instance.clone());

    let followed = source::follow_cluster(&cluster, catalog.clone(), standing.clone(), metrics.clone(), &args.cluster);
    let Followed { worlds, observed } = followed;

    let labels = publisher.clone();
    let settings = pods::Settings {
        team_label: args.cluster.team_label.clone(),
        namespace_label: Box::new(move |namespace, key| labels.namespace_label(namespace, key)),
    };
    let pods = Pods::new(cluster.client(), settings);
    tokio::spawn(pods.follow(cluster.client()));
    let who = Arc::new(InCluster { reviewer: Reviewer::new(ApiServer::new(cluster.client())), pods });
    metrics.watch(who.clone());
    tokio::spawn(follow_pods(who.clone(), fleet.clone(), publisher.clone()));

    let namespaces = with_sidecars(worlds.clone(), fleet.clone(), who.pods.clone(), args.cluster.only());
    let only = args.cluster.only().map(|mut only| {
        only.insert(args.system_namespace.clone());
        only
    });
    bootstrap::follow(
        &cluster,
        host.clone(),
        bootstrap::Setup {
            publisher: publisher.clone(),
            fleet: fleet.clone(),
            pods: who.pods.clone(),
            metrics: metrics.clone(),
            leading: lease.leading(),
            namespaces: namespaces.clone(),
            only,
        },
    );

    let replicas = Arc::new(Replicas::default());
    let (serving, known) = Serving::from_cluster(tls::InCluster {
        cluster: &cluster,
        tls_secret: tls_secret.clone(),
        service,
        names: &args.tls_names,
        timing: args.cluster.timing(),
        leading: lease.leading(),
        namespaces,
        metrics: metrics.clone(),
        fingerprints: fingerprints.clone(),
        replicas: replicas.clone(),
    })?;

    let edits = audit::Edits {
        worlds: worlds.clone(),
        observed: Some(observed.clone()),
        leading: Some(lease.leading()),
        catalog: catalog.clone(),
        fleet: fleet.clone(),
    };
    tokio::spawn(audit::follow(edits));

    let own = counting::follow(fleet.clone(), publisher.clone(), *settle);
    let name = ServerName::try_from(service.clone()).with_context(|| format!("{service:?} is no DNS name"))?;
    let bundle = replicas.clone();
    let trust = Trust { bundle: Arc::new(move || bundle.bundle()), name };
    let tally = peers::follow(peers::Setup {
        instance: instance.as_str().into(),
        dial: Arc::new(Dial { trust: Some(trust), auth: replicas.auth.clone() }),
        addresses: match listed.is_empty() {
            true => replicas::follow(&cluster, service, PORT),
            false => always(Some(listed.iter().copied().collect())),
        },
        own: own.clone(),
        leading: lease.leading(),
    });
    let problems = catalog.clone();
    status::spawn(status::Inputs {
        client: cluster.client(),
        instance: host,
        worlds: worlds.clone(),
        observed,
        problems: Arc::new(move |world| outrigger_compile::problems(world, &problems)),
        tally,
        leading: lease.leading(),
    });
    if args.webhook_listen.is_some() {
        let (cluster, name, leading) = (cluster.clone(), args.cluster.webhook_configuration.clone(), lease.leading());
        // Nobody waits for it: what an API server cannot ask about is let in without a word.
        let (told, _) = watch::channel(Report::default());
        tokio::spawn(async move {
            webhook::keep::<ValidatingWebhookConfiguration>(&cluster, name, known, leading, told).await
        });
    }
    let only = args.cluster.only();
    let outlook = Outlook::new(catalog.clone(), worlds.clone(), fleet.clone(), Some(cluster.clone()), only);
    Ok(Origin {
        authority: identity::Authority::Cluster(who),
        places: Places::Pods(Probes::new(cluster.client())),
        serving: Some(serving),
        worlds,
        outlook: Arc::new(outlook),
        access: Some(Access::new(&cluster)),
        peers: Some(Door { instance: instance.into(), auth: replicas.auth.clone(), reports: own }),
        lease: Some(lease),
    })
}

/// What never changes, for one who waits for changes.
fn always<T: Send + Sync + 'static>(value: T) -> watch::Receiver<T> {
    let (send, receive) = watch::channel(value);
    tokio::spawn(async move { send.closed().await });
    receive
}

/// The namespaces that have sidecars, or are about to: those with a label that says so, with policy for their pods, or with
/// pods that were given one or are connected. A pod starts only once the bundle that it mounts is there. `only`: of these and our own; what
/// is labelled elsewhere is for another installation.
fn with_sidecars(
    worlds: Worlds,
    fleet: Arc<Fleet>,
    pods: Pods,
    only: Option<BTreeSet<String>>,
) -> watch::Receiver<BTreeSet<String>> {
    let (send, receive) = watch::channel(BTreeSet::new());
    tokio::spawn(async move {
        while !send.is_closed() {
            let world = worlds.borrow().clone();
            let mut all: BTreeSet<String> =
                fleet.connections().iter().map(|it| it.workload().namespace.clone()).collect();
            if let Some(world) = world {
                let ours =
                    |name: &str| only.as_ref().is_none_or(|only| only.contains(name)) || name == world.system_namespace;
                let labelled = world
                    .namespaces
                    .iter()
                    .filter(|(name, labels)| labels.contains_key(outrigger_inject::INJECT) && ours(name));
                all.extend(labelled.map(|(name, _)| name.clone()));
                all.extend(pods.injected().into_iter().filter(|name| ours(name)));
                let routes = world.routes.iter().filter_map(|it| it.metadata.namespace.clone());
                all.extend(routes.chain(world.providers.iter().filter_map(|it| it.metadata.namespace.clone())));
            }
            send.send_if_modified(|known| {
                let changed = *known != all;
                *known = all;
                changed
            });
            tokio::time::sleep(LOOK).await;
        }
    });
    receive
}
