//! The first process of the node: it starts the programs, starts again what ends, and takes in what others leave behind.
//!
//! It is process 1 of its namespace: when it ends, the kernel ends every program, shim and container, and mounts and
//! networks go with the last of them. Process numbers in `pid` are those within, and mean others outside.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{WaitOptions, wait};

use super::{address, dns, kit, kit::Kit, mounts, programs};
use crate::{
    kubernetes::{asking::answered, member::Member, members, place::Place},
    tools,
};

/// How often the programs are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long containerd may take.
const START: Duration = Duration::from_secs(60);

/// What the launcher starts in new namespaces.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of this cluster.
    #[arg(long)]
    run: PathBuf,
    /// Archives of images.
    #[arg(long = "image")]
    images: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if std::process::id() != 1 {
        bail!("this is for the first process of a process namespace");
    }
    let place = Place::at(&args.run);
    let kit = kit::there()?.context("the programs are not there")?;
    mounts::make(place.folder())?;
    network()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut programs = runtime.block_on(start(&place, &kit, &args.images))?;
    place.write_ready(&address::server(), &kit.api)?;
    keep(&mut programs, &place)
}

/// The node's address is on a bridge with no ports, and the way to everywhere leads there: nothing leaves the machine. An
/// address of a service needs some way before it can be rewritten.
fn network() -> Result<()> {
    let node = format!("{}/24", address::NODE);
    for words in [
        &["link", "set", "lo", "up"][..],
        &["link", "add", "node0", "type", "bridge"],
        &["address", "add", &node, "dev", "node0"],
        &["link", "set", "node0", "up"],
        &["route", "add", "default", "dev", "node0"],
    ] {
        tools::succeed(Command::new("ip").args(words))?;
    }
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("packets cannot be passed on between pods")
}

/// Starts everything and waits until pods can run and names are answered.
async fn start(place: &Place, kit: &Kit, images: &[PathBuf]) -> Result<Vec<Member>> {
    let began = Instant::now();
    let said = |what: &str| -> Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(place.log("progress"))?;
        Ok(writeln!(file, "  {what:<24}{:>6.1} s", began.elapsed().as_secs_f64())?)
    };
    let mut programs = vec![
        Member::start("etcd", place, members::etcd(place, &kit.api, address::at(2379), address::at(2380)))?,
        Member::start("kube-apiserver", place, programs::api_server(place, kit))?,
        Member::start("containerd", place, programs::containerd(place, kit))?,
    ];
    let mut imports = import(&mut programs, kit, images)?;
    answered(&mut programs, place, &kit.api, &["get", "--raw", "/readyz"]).await?;
    said("API server")?;
    let controllers = members::controller_manager(place, &kit.api, programs::CONTROLLERS);
    programs.push(Member::start("kube-controller-manager", place, controllers)?);
    programs.push(Member::start("kube-scheduler", place, programs::scheduler(place, kit))?);
    programs.push(Member::start("kubelet", place, programs::kubelet(place, kit))?);
    programs.push(Member::start("kube-proxy", place, programs::proxy(place, kit))?);
    let wait = ["wait", "--for=condition=Ready", "node/node1", "--timeout=2s"];
    answered(&mut programs, place, &kit.api, &wait).await?;
    said("node")?;
    let manifest = place.folder().join("dns.yaml");
    std::fs::write(&manifest, dns::manifest())?;
    let manifest = manifest.display().to_string();
    answered(&mut programs, place, &kit.api, &["apply", "--server-side", "--filename", &manifest]).await?;
    for (image, import) in &mut imports {
        let mut complaint = String::new();
        if let Some(stderr) = import.stderr.as_mut() {
            let _ = std::io::Read::read_to_string(stderr, &mut complaint);
        }
        if !import.wait()?.success() {
            bail!("{} cannot be imported: {}", image.display(), complaint.trim());
        }
    }
    said("images")?;
    let rollout = ["--namespace", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=2s"];
    answered(&mut programs, place, &kit.api, &rollout).await?;
    for object in ["serviceaccount/default", "configmap/kube-root-ca.crt"] {
        answered(&mut programs, place, &kit.api, &["get", "--namespace", "default", object]).await?;
    }
    said("names")?;
    Ok(programs)
}

/// Begins to import images as soon as containerd answers.
fn import<'a>(programs: &mut [Member], kit: &Kit, images: &'a [PathBuf]) -> Result<Vec<(&'a Path, Child)>> {
    let began = Instant::now();
    while !ctr(kit, address::CONTAINERD).arg("version").output()?.status.success() {
        for program in &mut *programs {
            if let Some(status) = program.ended() {
                bail!("{} did not start ({status}); its log ends so:\n{}", program.name, program.said());
            }
        }
        if began.elapsed() > START {
            let said: Vec<String> =
                programs.iter().map(|program| format!("{}:\n{}", program.name, program.said())).collect();
            bail!("containerd does not answer\n{}", said.join("\n"));
        }
        thread::sleep(LOOK);
    }
    let started = images.iter().map(|image| {
        let mut command = ctr(kit, address::CONTAINERD);
        command.args(["images", "import"]).arg(image);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok((image.as_path(), command.spawn()?))
    });
    started.collect()
}

/// ctr of containerd behind this socket, on what the kubelet sees.
pub(super) fn ctr(kit: &Kit, socket: &str) -> Command {
    let mut command = Command::new(kit.containerd.join("ctr"));
    command.args(["--address", socket, "--namespace", "k8s.io"]);
    command
}

/// Takes in every process that has ended, ours and those that their parents have left; starts ours again.
fn keep(programs: &mut [Member], place: &Place) -> Result<()> {
    let mut log = OpenOptions::new().create(true).append(true).open(place.log("launcher"))?;
    let mut away: Vec<u32> = Vec::new();
    loop {
        thread::sleep(LOOK);
        while let Ok(Some((pid, _))) = wait(WaitOptions::NOHANG) {
            away.extend(u32::try_from(pid.as_raw_nonzero().get()));
        }
        for program in programs.iter_mut() {
            let gone = program.id();
            if away.contains(&gone) && program.due() {
                program.again()?;
                writeln!(log, "{} has ended and was started again", program.name)?;
            }
        }
        // What was nobody's is forgotten, or a program that comes to have its number would be taken for one that ended.
        away.retain(|pid| programs.iter().any(|program| program.id() == *pid));
    }
}
