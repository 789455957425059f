//! `cargo xtask cluster images`: images, made here without a registry and without a program that knows about images.
//!
//! Those of ours are made from what cargo builds, in the same form as by `deploy/Dockerfile`; the others, once, from
//! packages. A pod has them under `localhost/`, and nothing is ever pulled.

mod base;
mod oci;
mod ours;
mod small;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Result, bail};

use super::{
    Run, enter,
    kit::{self, Kit},
    names::{BUSYBOX, COREDNS, NAME, NODE, PAUSE, PYTHON, UNTOUCHED},
    needs, node,
};
use crate::kubernetes::{cache::Cache, place::Place};

/// Makes every image, and imports those of ours into the cluster that `up` has started, if one runs: new pods have them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    run: Run,
}

/// One that is made once, from what does not change with an edit.
struct Other {
    name: &'static str,
    /// Where it is kept.
    kept: &'static str,
    /// Changes with what it is made of.
    stamp: fn(&Kit) -> Result<String>,
    /// Makes it as a file.
    make: fn(&Kit, &Path) -> Result<()>,
}

const OTHERS: [Other; 6] = [
    Other { name: PAUSE, kept: "cluster/images/pause", stamp: small::pause_stamp, make: small::pause },
    Other { name: COREDNS, kept: "cluster/images/coredns", stamp: small::coredns_stamp, make: small::coredns },
    Other { name: BUSYBOX, kept: "cluster/images/busybox", stamp: small::busybox_stamp, make: small::busybox },
    Other { name: PYTHON, kept: "cluster/images/python", stamp: base::python_stamp, make: base::python },
    Other { name: UNTOUCHED, kept: "cluster/images/untouched", stamp: base::untouched_stamp, make: base::untouched },
    Other { name: NODE, kept: "cluster/images/node", stamp: base::node_stamp, make: base::node },
];

pub(super) fn run(args: &Args) -> Result<()> {
    if let Some(why) = needs::missing() {
        bail!("no cluster here: {why}");
    }
    let kit = kit::ensure()?;
    for path in all(&kit)? {
        println!("{}", path.display());
    }
    let run = args.run.folder(NAME)?;
    if Place::at(&run).runs() {
        let socket = enter::socket(&run)?;
        for path in ours::make()? {
            let mut command = node::ctr(&kit, &socket);
            let status = command.args(["images", "import"]).arg(&path).stdout(Stdio::null()).status()?;
            if !status.success() {
                bail!("{} cannot be imported", path.display());
            }
        }
        println!("imported those of ours: pods that are made now have them");
    }
    Ok(())
}

/// Every image, as files; what is there and of today is not made again.
pub(super) fn all(kit: &Kit) -> Result<Vec<PathBuf>> {
    let mut all = others(kit)?;
    all.extend(ours::make()?);
    Ok(all)
}

/// Those that hold no program of ours.
pub(super) fn others(kit: &Kit) -> Result<Vec<PathBuf>> {
    OTHERS.iter().map(|other| other.ensure(kit)).collect()
}

/// Whether those are there.
pub(super) fn others_there() -> Result<bool> {
    let Some(kit) = kit::there()? else { return Ok(false) };
    let there = OTHERS.iter().map(|other| Ok(other.there(&kit)?.is_some())).collect::<Result<Vec<bool>>>()?;
    Ok(there.into_iter().all(|there| there))
}

/// A program of ours as it is in its image, for whoever runs it beside the cluster.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    ours::program(name)
}

/// What a pod calls them.
pub(super) fn names() -> Vec<&'static str> {
    ours::NAMES.into_iter().chain([BUSYBOX, PYTHON, UNTOUCHED, NODE]).collect()
}

impl Other {
    fn there(&self, kit: &Kit) -> Result<Option<PathBuf>> {
        let cache = Cache::at(self.kept)?;
        let file = cache.bin().join("image.tar");
        Ok((cache.holds(&(self.stamp)(kit)?) && file.is_file()).then_some(file))
    }

    fn ensure(&self, kit: &Kit) -> Result<PathBuf> {
        if let Some(file) = self.there(kit)? {
            return Ok(file);
        }
        let cache = Cache::at(self.kept)?;
        let _lock = cache.lock()?;
        if let Some(file) = self.there(kit)? {
            return Ok(file);
        }
        let began = std::time::Instant::now();
        let draft = cache.draft();
        crate::kubernetes::cache::remove(&draft)?;
        std::fs::create_dir_all(&draft)?;
        (self.make)(kit, &draft.join("image.tar"))?;
        cache.finish(&(self.stamp)(kit)?)?;
        println!("made {} in {:.1} s", self.name, began.elapsed().as_secs_f64());
        Ok(cache.bin().join("image.tar"))
    }
}
