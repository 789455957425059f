//! What is looked at: a control plane, a ledger, sidecars in some namespaces, and providers of which one misbehaves.

mod policy;
mod traffic;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::{http, server::Target};
use crate::{fleet::member::Member, tools};
pub(crate) use policy::Edit;
pub(crate) use traffic::{Script, Traffic};

const CONTROL_PLANE: &str = "outrigger-control-plane";
const POLICY: &str = "policy/all.yaml";

/// A sidecar: name of its pod, whose pod it is, namespace, team, and the models that it is asked for.
struct Workload {
    pod: &'static str,
    owner: &'static str,
    namespace: &'static str,
    team: &'static str,
    models: &'static [&'static str],
}

const WORKLOADS: [Workload; 4] = [
    Workload { pod: "web-1", owner: "storefront", namespace: "shop", team: "sales", models: &["assistant"] },
    Workload {
        pod: "web-2",
        owner: "storefront",
        namespace: "shop",
        team: "sales",
        models: &["assistant", "translate"],
    },
    Workload { pod: "finder-1", owner: "finder", namespace: "search", team: "search", models: &["finder", "cheap"] },
    Workload { pod: "triage-1", owner: "triage", namespace: "support", team: "care", models: &["triage"] },
];
/// How many sidecars there are.
pub(crate) const SIDECARS: usize = WORKLOADS.len();

/// All of it; ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Fleet {
    outrigger: PathBuf,
    ledger: SocketAddr,
    control_plane: SocketAddr,
    sidecars: Vec<(SocketAddr, SocketAddr)>,
    providers: Vec<SocketAddr>,
    // Those that others need are ended last.
    _members: Vec<Member>,
    _folder: TempDir,
}

impl Fleet {
    /// Starts everybody, each once whom it needs is there.
    pub(crate) fn start() -> Result<Self> {
        let programs = tools::program("outrigger")?.parent().context("programs have a folder")?.to_owned();
        let folder = tempfile::Builder::new().prefix("outrigger-monitoring-").tempdir()?;
        let place = folder.path();
        let mut members = Vec::new();
        let mut providers = Vec::new();
        for name in policy::PROVIDERS {
            let listen = free()?;
            let mut command = Command::new(programs.join("outrigger"));
            command.args(["simulate", "--name", name, "--listen", &listen.to_string()]);
            members.push(Member::start(name, command, place.join(name), listen, "/v1/models")?);
            providers.push(listen);
        }
        fs::create_dir(place.join("policy"))?;
        fs::write(place.join(POLICY), policy::text(&providers, Edit::NONE))?;
        let state = place.join("state");
        let program = programs.join(CONTROL_PLANE);
        let ca = tools::succeed(Command::new(&program).arg("ca").arg("--state").arg(&state))?;
        fs::write(place.join("ca.pem"), ca)?;
        let (listen, control_plane) = (free()?, free()?);
        let mut command = Command::new(&program);
        command.arg("--policy").arg(place.join("policy")).arg("--state").arg(&state);
        command.args(["--listen", &listen.to_string(), "--admin-listen", &control_plane.to_string()]);
        // As often as the Prometheus beside it reads pods.
        command.args(["--scrape-interval", "1s"]);
        members.push(Member::start(CONTROL_PLANE, command, place.join("control-plane.log"), control_plane, "/readyz")?);
        let (books, ledger) = (free()?, free()?);
        let mut command = Command::new(&program);
        command.arg("ledger").arg("--store").arg(format!("sqlite:{}", place.join("books.db").display()));
        command.arg("--state").arg(&state);
        command.args(["--listen", &books.to_string(), "--admin-listen", &ledger.to_string()]);
        members.push(Member::start("the ledger", command, place.join("ledger.log"), ledger, "/readyz")?);
        let mut sidecars = Vec::new();
        for workload in &WORKLOADS {
            let (asked, pages, member) = sidecar(&programs, place, workload, listen, books)?;
            members.push(member);
            sidecars.push((asked, pages));
        }
        let outrigger = programs.join("outrigger");
        Ok(Self { outrigger, ledger, control_plane, sidecars, providers, _members: members, _folder: folder })
    }

    /// Whom a Prometheus reads.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let system = "outrigger-system";
        let sidecars = self.sidecars.iter().zip(&WORKLOADS).map(|((_, pages), workload)| Target {
            address: *pages,
            namespace: workload.namespace,
            pod: workload.pod,
            owner: workload.owner,
            sidecar: true,
        });
        let others = [(self.control_plane, "control-plane-1"), (self.ledger, "ledger-0")];
        let others = others.map(|(address, pod)| Target { address, namespace: system, pod, owner: "", sidecar: false });
        sidecars.chain(others).collect()
    }

    /// Callers that ask until they are told to stop, while a provider misbehaves and policy is edited.
    pub(crate) fn traffic(&self, script: &'static Script) -> Traffic {
        let callers = self.sidecars.iter().zip(&WORKLOADS).map(|((asked, _), workload)| (*asked, workload.models));
        let (file, providers) = (self.folder().join(POLICY), self.providers.clone());
        let edit = move |more| {
            // One that fails is an edit that does not arrive, which is seen.
            let edit = Edit { attempts: if more { 3 } else { 2 }, ..Edit::NONE };
            let _ = fs::write(&file, policy::text(&providers, edit));
        };
        Traffic::start(script, callers.collect(), self.providers.clone(), edit)
    }

    /// Policy is this from now on.
    pub(crate) fn edit(&self, edit: Edit) -> Result<()> {
        Ok(fs::write(self.folder().join(POLICY), policy::text(&self.providers, edit))?)
    }

    /// The folder of policy is empty from now on.
    pub(crate) fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.folder().join(POLICY))?)
    }

    /// Turns a switch of the provider of this number.
    pub(crate) fn turn(&self, provider: usize, knob: &str, body: &str) -> Result<()> {
        let provider = self.providers.get(provider).context("there is no such provider")?;
        let (status, said) = http::ask(*provider, "POST", &format!("/_sim/{knob}"), body)?;
        ensure!(status == 200, "{knob}: {status} {said}");
        Ok(())
    }

    /// Asks every sidecar for each of its models, once. An answer that is none is an error.
    pub(crate) fn ask(&self) -> Result<()> {
        for ((asked, _), workload) in self.sidecars.iter().zip(&WORKLOADS) {
            for model in workload.models {
                let (status, said) = http::ask(*asked, "POST", "/v1/chat/completions", &traffic::request(model, 1))?;
                ensure!(status == 200, "{model}: {status} {said}");
            }
        }
        Ok(())
    }

    /// What `outrigger usage` says was spent: nano-dollars.
    pub(crate) fn booked(&self) -> Result<u64> {
        let mut command = Command::new(&self.outrigger);
        command.args(["usage", "--from", &format!("http://{}", self.ledger), "--since", "1d", "--output", "json"]);
        let said = tools::succeed(&mut command)?;
        let said: Value = serde_json::from_str(&said).context("`outrigger usage` prints JSON")?;
        said["total"]["booked"]["nano"].as_u64().with_context(|| format!("no sum in {said}"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self._folder.path()
    }
}

fn sidecar(
    programs: &Path,
    place: &Path,
    workload: &Workload,
    control_plane: SocketAddr,
    books: SocketAddr,
) -> Result<(SocketAddr, SocketAddr, Member)> {
    let Workload { pod, namespace, team, .. } = workload;
    let token = place.join(format!("{pod}.token"));
    let mut command = Command::new(programs.join(CONTROL_PLANE));
    command.args(["token", "--namespace", namespace, "--team", team, "--lifetime", "1d", "--state"]);
    tools::succeed(command.arg(place.join("state")).arg("--out").arg(&token))?;
    let (listen, admin) = (free()?, free()?);
    let mut command = Command::new(programs.join("outrigger-sidecar"));
    command.args(["--control-plane", &format!("https://{control_plane}"), "--ledger", &format!("https://{books}")]);
    command.arg("--ca-file").arg(place.join("ca.pem")).arg("--token-file").arg(&token);
    command
        .arg("--state")
        .arg(place.join(format!("{pod}-state")))
        .arg("--spool")
        .arg(place.join(format!("{pod}-spool")));
    command.args(["--listen", &listen.to_string(), "--admin-listen", &admin.to_string(), "--pod", pod]);
    command.args(["--probe-listen", "127.0.0.1:0"]);
    let member = Member::start(pod, command, place.join(format!("{pod}.log")), admin, "/readyz")?;
    Ok((listen, admin, member))
}

/// An address that is free now.
pub(crate) fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
