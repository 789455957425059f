//! `cargo xtask fleet`: a control plane, two sidecars and two simulated providers on this machine, to try a fleet in a
//! minute and without a cluster.

pub(crate) mod member;
mod place;
mod policy;
mod told;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::sync::mpsc;

use crate::{kubernetes::leaving::Told, tools};
use member::Member;
use place::{Place, Ports};

/// The folder below `target`. Not optimised: what is tried here waits for providers and for people, and whoever works on this
/// has it built already.
const PROFILE: &str = "debug";
const PACKAGES: [&str; 3] = ["outrigger", "outrigger-control-plane", "outrigger-sidecar"];
/// How often the members are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Starts a control plane, two sidecars and two simulated providers here, and says what to try with them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Eight ports from here on are used, on loopback.
    #[arg(long, default_value_t = place::FIRST_PORT, value_name = "PORT")]
    first_port: u16,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ports = Ports::from(args.first_port)?;
    // Before minutes of building.
    ports.free()?;
    let programs = build()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        // Signals before the folder: whatever ends this removes it.
        let told = Told::listen()?;
        let folder = tempfile::Builder::new().prefix("outrigger-fleet-").tempdir()?;
        let place = Place { folder: folder.path().to_owned(), ports };
        prepare(&place, &programs)?;
        let mut fleet = start(&place, &programs)?;
        let control_plane = fleet.iter().find(|member| member.name == place::CONTROL_PLANE).map(Member::pid);
        print!("{}", told::told(&place, control_plane.unwrap_or_default()));
        keep(&mut fleet, told).await;
        println!("\nending all five and removing {}", place.folder.display());
        fleet.iter().for_each(Member::ask_to_leave);
        fleet.iter_mut().for_each(Member::wait);
        folder.close().context("cannot remove the folder")
    })
}

/// Builds what is run. What cargo prints is the progress.
fn build() -> Result<PathBuf> {
    println!("building outrigger, outrigger-sidecar and outrigger-control-plane: some minutes the first time");
    let packages = PACKAGES.into_iter().flat_map(|name| ["--package", name]);
    let status = tools::cargo().args(["build"]).args(packages).status()?;
    if !status.success() {
        bail!("the build failed; what cargo said is above");
    }
    Ok(tools::target()?.join(PROFILE))
}

/// Policy, authority and tokens, as whoever runs a fleet makes them.
fn prepare(place: &Place, programs: &Path) -> Result<()> {
    for folder in [place.policy(), place.logs()] {
        fs::create_dir(folder)?;
    }
    fs::write(place.policy().join(policy::ASSISTANT), policy::assistant(&place.ports))?;
    fs::write(place.policy().join(policy::LIMITS), policy::LIMITS_TEXT)?;
    let program = programs.join(place::CONTROL_PLANE);
    let ca = tools::succeed(Command::new(&program).arg("ca").arg("--state").arg(place.state()))?;
    fs::write(place.ca(), ca)?;
    for app in place::APPS {
        let label = format!("app={app}");
        let mut command = Command::new(&program);
        command.args(["token", "--namespace", policy::NAMESPACE, "--label", &label, "--lifetime", "1d", "--state"]);
        tools::succeed(command.arg(place.state()).arg("--out").arg(place.token(app)))?;
    }
    Ok(())
}

/// Everybody, each once whom it needs is there.
fn start(place: &Place, programs: &Path) -> Result<Vec<Member>> {
    let mut fleet = Vec::new();
    for (name, listen) in place.providers() {
        let mut command = Command::new(programs.join("outrigger"));
        command.args(["simulate", "--name", name, "--listen", &listen.to_string()]);
        fleet.push(Member::start(name, command, place.log(name), listen, "/v1/models")?);
    }
    let (listen, admin) = place.control_plane();
    let mut command = Command::new(programs.join(place::CONTROL_PLANE));
    command.arg("--policy").arg(place.policy()).arg("--state").arg(place.state());
    command.args(["--listen", &listen.to_string(), "--admin-listen", &admin.to_string()]);
    let log = place.log(place::CONTROL_PLANE);
    fleet.push(Member::start(place::CONTROL_PLANE, command, log, admin, "/readyz")?);
    for (app, listen, admin) in place.sidecars() {
        let mut command = Command::new(programs.join("outrigger-sidecar"));
        command.args(["--control-plane", &format!("https://{}", place.control_plane().0)]);
        command.arg("--ca-file").arg(place.ca()).arg("--token-file").arg(place.token(app));
        command.arg("--state").arg(place.folder.join(format!("{app}-state")));
        command.args(["--listen", &listen.to_string(), "--admin-listen", &admin.to_string()]);
        fleet.push(Member::start(app, command, place.log(app), admin, "/readyz")?);
    }
    Ok(fleet)
}

/// Until somebody ends it. A control plane that was stopped is started again where somebody asks for it.
async fn keep(fleet: &mut [Member], mut told: Told) {
    let mut lines = lines();
    loop {
        tokio::select! {
            () = told.heard() => return,
            Some(()) = lines.recv() => fleet.iter_mut().for_each(again),
            () = tokio::time::sleep(LOOK) => fleet.iter_mut().for_each(look),
        }
    }
}

fn look(member: &mut Member) {
    if let Some(status) = member.ended() {
        println!("{} has ended ({status}): Enter starts it again; its log is {}", member.name, member.log.display());
    }
}

fn again(member: &mut Member) {
    match member.again() {
        Ok(true) => println!("{} runs again, as process {}", member.name, member.pid()),
        Ok(false) => {}
        Err(error) => println!("{error:#}"),
    }
}

/// One for each Enter. Whoever starts this without a terminal has none.
fn lines() -> mpsc::Receiver<()> {
    let (send, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() || send.blocking_send(()).is_err() {
                return;
            }
        }
    });
    lines
}
