//! The chart of the kinds.

use super::{Value, common, switch};

pub(in crate::charts) fn crds() -> Vec<Value> {
    let keep = "Keep the kinds, and with them all policy, when the release is uninstalled: without it `helm uninstall` deletes \
                every object of these kinds in the cluster";
    [vec![switch("keep", true, keep)], common().to_vec()].concat()
}
