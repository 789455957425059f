//! `cargo xtask cluster tools`: has every program that a node needs be there.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{images, kit, needs};
use crate::kubernetes::build;

/// Builds or fetches every program of a node, once, with Helm beside: 20 minutes of processor time where nothing is there,
/// 9 where the API server has just been built; 5 GB of disk meanwhile, 0.7 GB then.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keep what Go has downloaded and compiled: 5 GB.
    #[arg(long)]
    keep_go_cache: bool,
    /// Build and module caches of Go that are there already, `build` and `modules` in this folder, and stay there.
    #[arg(long, hide = true, value_name = "FOLDER")]
    go_caches: Option<PathBuf>,
    /// Make the images that hold no program of ours, too.
    #[arg(long, hide = true)]
    images: bool,
    /// Give way to everything else, and end when standard input does.
    #[arg(long, hide = true)]
    background: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if args.background {
        build::give_way();
    }
    // Where all is there, nothing has to be asked of the machine.
    if kit::there()?.is_none()
        && let Some(why) = needs::missing()
    {
        bail!("no cluster here: {why}");
    }
    let kit = kit::make(args.go_caches.as_deref(), args.keep_go_cache)?;
    if args.images {
        images::others(&kit)?;
    }
    println!("what a node needs is there:");
    for folder in [&kit.api, &kit.node, &kit.containerd, &kit.dns, &kit.tools, &kit.helm] {
        println!("  {}", folder.display());
    }
    Ok(())
}
