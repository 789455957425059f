//! `outrigger-control-plane bootstrap`: the same files, of a folder of policy, for trying things without a cluster.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, anyhow};
use outrigger_api::bootstrap::WRITTEN;
use outrigger_catalog::Catalog;
use outrigger_cluster::pods::Labels;

use super::{Made, Maker};
use crate::{config::BootstrapArgs, fleet::Fleet, metrics::Metrics, publish::Publisher};

/// Writes what a namespace is left into `0`, `1` ... below a folder, as its ConfigMaps would be mounted.
///
/// # Errors
///
/// If the policy cannot be read, or the folder not be written; what finds no place is told.
pub(crate) fn write(args: &BootstrapArgs) -> anyhow::Result<()> {
    let BootstrapArgs { policy, namespace, labels, out } = args;
    let (_, edit) = outrigger_folder::Source::open(policy, crate::config::environment)
        .with_context(|| format!("cannot read the policy folder {}", policy.display()))?;
    let world = Arc::new(edit.world);
    let (fleet, metrics) = (Arc::new(Fleet::default()), Arc::new(Metrics::new()?));
    let publisher = Arc::new(Publisher::new(Arc::new(Catalog::embedded()), fleet, metrics));
    publisher.publish(world.clone());
    let pod: BTreeMap<String, String> = labels.iter().cloned().collect();
    let pods = BTreeMap::from([(Arc::from(namespace.as_str()), vec![Labels::of(&pod)])]);
    let made =
        Maker::new(publisher).make(&world, &BTreeSet::from([namespace.clone()]), Vec::new(), &pods, SystemTime::now());
    let Made { left, .. } = made.map_err(|changed| anyhow!("{changed:?}"))?;
    let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string();
    let Some(left) = left.get(namespace) else { return Ok(()) };
    if let Some(missing) = &left.missing {
        tracing::warn!("{missing}");
    }
    for (at, map) in left.maps.iter().enumerate() {
        let folder = out.join(at.to_string());
        fs::create_dir_all(&folder)?;
        for (name, bytes) in map.files() {
            fs::write(folder.join(name), bytes)?;
        }
        if !map.is_empty() {
            fs::write(folder.join(WRITTEN), &written)?;
        }
    }
    Ok(())
}
