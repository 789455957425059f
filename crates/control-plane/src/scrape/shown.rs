//! The families of the fleet, for the inventory.

use outrigger_fleet_metrics::{FAMILIES, OWN};
use outrigger_telemetry::registry::{Family, Stability};

/// Each of them, with all its labels; buckets are those that sidecars have.
pub(crate) fn families() -> Vec<Family> {
    let stability = Stability::Stable;
    let own =
        OWN.iter().map(|(name, labels, help)| Family { name, kind: "gauge", labels, help, buckets: &[], stability });
    let added = FAMILIES.iter().map(|family| Family {
        name: family.name,
        kind: family.kind.word(),
        labels: family.served,
        help: family.help,
        buckets: &[],
        stability,
    });
    own.chain(added).collect()
}
