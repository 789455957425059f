//! What is well of an installation and what is not: pure.
//!
//! Each file looks at one thing. Of one thing the first cause is said, not what follows from it.

mod certificates;
mod kinds;
mod leftovers;
mod programs;
mod reach;
mod rights;
mod server;
mod sidecars;
#[cfg(test)]
mod testing;
mod tried;
mod versions;
mod webhooks;
mod words;

pub(crate) use tried::WHERE;

use super::{
    finding::{Finding, Findings},
    found::Found,
};

/// All that is to be said of it.
pub(crate) fn judge(found: &Found) -> Vec<Finding> {
    let mut out = Findings::default();
    server::judge(found, &mut out);
    kinds::judge(found, &mut out);
    programs::judge(found, &mut out);
    versions::judge(found, &mut out);
    certificates::judge(found, &mut out);
    webhooks::judge(found, &mut out);
    tried::judge(found, &mut out);
    rights::judge(found, &mut out);
    sidecars::judge(found, &mut out);
    reach::judge(found, &mut out);
    leftovers::judge(found, &mut out);
    out.all()
}
