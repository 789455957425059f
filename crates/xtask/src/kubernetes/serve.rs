//! The process that runs a cluster: it starts the programs, starts again what ends, and takes all with it when it leaves.
//!
//! A story that stops one of them puts a file with its name into `hold`, and kills the process that `pid` names.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;

use super::{
    asking::answered,
    leaving,
    member::Member,
    members, pki,
    place::{Place, Port},
};

/// How often the programs are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a cluster until it is told to leave.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of this one.
    #[arg(long)]
    run: PathBuf,
    /// The folder of the programs.
    #[arg(long)]
    bin: PathBuf,
    /// Leave when standard input ends, too.
    #[arg(long)]
    leash: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let place = Place::at(&args.run);
    let lock = place.claim()?;
    std::fs::write(place.pid("launcher"), format!("{}\n", std::process::id()))?;
    // All are started by this thread: the kernel kills them with it, and not with the process.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(leaving::or_told(args.leash, keep(&place, &args.bin)))?;
    // With the lock held, so that nobody who comes next finds half of it.
    place.remove()?;
    drop(lock);
    Ok(())
}

/// Starts everything and goes on for ever.
///
/// # Errors
///
/// If something does not start: then the last lines of its log are in the words. The folder stays.
async fn keep(place: &Place, bin: &Path) -> Result<()> {
    let (clients, peers, own) = (Port::reserved()?, Port::reserved()?, Port::reserved()?);
    let server = format!("https://{}", own.address);
    pki::write(place, &server, &[], &[])?;
    let mut programs = vec![
        Member::start("etcd", place, members::etcd(place, bin, clients.address, peers.address))?,
        Member::start("kube-apiserver", place, members::api_server(place, bin, clients.address, own.address))?,
    ];
    answered(&mut programs, place, bin, &["get", "--raw", "/readyz"]).await?;
    let words = members::controller_manager(place, bin, members::NO_NODE);
    programs.push(Member::start("kube-controller-manager", place, words)?);
    // What every namespace has once the controllers work.
    for object in ["serviceaccount/default", "configmap/kube-root-ca.crt"] {
        answered(&mut programs, place, bin, &["get", "--namespace", "default", object]).await?;
    }
    place.write_ready(&server, bin)?;
    let mut log = OpenOptions::new().create(true).append(true).open(place.log("launcher"))?;
    loop {
        tokio::time::sleep(LOOK).await;
        programs.iter_mut().try_for_each(|program| look(program, &mut log))?;
    }
}

/// Starts again what has ended, unless somebody holds it.
fn look(program: &mut Member, log: &mut File) -> Result<()> {
    if let Some(status) = program.ended()
        && program.due()
    {
        program.again()?;
        writeln!(log, "{} has ended ({status}) and was started again", program.name)?;
    }
    Ok(())
}
