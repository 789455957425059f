//! The process that stays outside of a cluster's namespaces: it makes what the node needs of the machine, starts the node,
//! and takes all of it away when it leaves.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{
    address, cgroups, config,
    kit::{self, Kit},
    left::Traces,
    programs,
};
use crate::kubernetes::{cache, leaving, member::Member, pki, place::Place};

const LOOK: Duration = Duration::from_millis(50);
/// How long the kernel may take to end what was in the namespaces.
const LEAVE: Duration = Duration::from_secs(20);

/// Runs a cluster until it is told to leave.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of this one.
    #[arg(long)]
    run: PathBuf,
    /// Archives of images.
    #[arg(long = "image")]
    images: Vec<PathBuf>,
    /// Leave when standard input ends, too.
    #[arg(long)]
    leash: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let place = Place::at(&args.run);
    let lock = place.claim()?;
    let group = cgroups::name(&args.run);
    // What one that was killed has left.
    cgroups::remove(&group)?;
    Traces::taken(&args.run)?.keep(&args.run)?;
    fs::write(place.pid("launcher"), format!("{}\n", std::process::id()))?;
    let kit = kit::there()?.context("the programs are not there")?;
    cgroups::make(&group)?;
    let authority = pki::write(&place, &address::server(), &[address::NODE], &programs::USERS)?;
    programs::certificates(&place, &authority)?;
    config::write(&place, &kit, &group)?;
    // The node is started by this thread: the kernel kills it with it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut node = Member::start("node", &place, words(args, &kit)?)?;
    let served = runtime.block_on(leaving::or_told(args.leash, watch(&place, &mut node)));
    let process = fs::read_to_string(place.pid("init")).unwrap_or_default();
    drop(node);
    gone(process.trim())?;
    cgroups::remove(&group)?;
    // The folder of one that did not start stays, with its logs.
    served?;
    place.remove()?;
    drop(lock);
    Ok(())
}

/// Notes the number that the node's first process has outside, and goes on until it ends.
async fn watch(place: &Place, node: &mut Member) -> Result<()> {
    let children = format!("/proc/{0}/task/{0}/children", node.id());
    let mut known = false;
    loop {
        if let Some(status) = node.ended() {
            bail!("the node has ended ({status}):\n{}", node.said());
        }
        // `unshare` has one child, once it is what the process has become.
        if !known
            && let Some(first) = fs::read_to_string(&children).ok().as_deref().and_then(|all| all.split(' ').next())
            && !first.is_empty()
        {
            let draft = place.pid("init.draft");
            fs::write(&draft, format!("{first}\n"))?;
            fs::rename(draft, place.pid("init"))?;
            known = true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The node in new namespaces; it ends with `unshare`, which is killed.
fn words(args: &Args, kit: &Kit) -> Result<Vec<String>> {
    let path = format!("{}:{}", kit.path(), std::env::var_os("PATH").unwrap_or_default().display());
    // A program of a cluster has another HOME, below which the others would not be found.
    let kept = format!("{}={}", cache::GIVEN, cache::root()?.display());
    let mut words: Vec<String> =
        ["env", &format!("PATH={path}"), &kept, "RUST_BACKTRACE=0", "unshare"].map(str::to_owned).into();
    words.extend(
        ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", "--"]
            .map(str::to_owned),
    );
    words.push(std::env::current_exe()?.display().to_string());
    words.extend(["cluster", "node", "--run"].map(str::to_owned));
    words.push(args.run.display().to_string());
    for image in &args.images {
        words.extend(["--image".to_owned(), image.display().to_string()]);
    }
    Ok(words)
}

/// Waits for the end of the node's first process, which is that of all others.
fn gone(process: &str) -> Result<()> {
    let began = Instant::now();
    while !process.is_empty() && Path::new("/proc").join(process).join("ns/pid").read_link().is_ok() {
        if began.elapsed() > LEAVE {
            bail!("process {process}, the node, does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
