//! The ways from the callers to the upstream that are compared.

use std::{
    fs,
    net::{SocketAddr, ToSocketAddrs as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::process::{Cores, Process, wait};

/// The folder of policy in a sidecar's own folder.
const POLICY: &str = "policy";

/// A way to the upstream.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(super) name: String,
    pub(crate) addr: SocketAddr,
    /// Comes before `/v1/...`.
    pub(super) prefix: String,
    /// The proxy, where it is a process of ours.
    pub(super) process: Option<Process>,
    /// Of the sidecar's own pages.
    pub(crate) admin: Option<SocketAddr>,
    folder: Option<TempDir>,
}

impl Contender {
    pub(crate) fn direct(echo: SocketAddr) -> Self {
        Self { name: "direct".to_owned(), addr: echo, prefix: String::new(), process: None, admin: None, folder: None }
    }

    /// `name=url`, as given by whoever runs this. Its process is not ours, so it is not pinned and its CPU not known.
    pub(super) fn peer(text: &str) -> Result<Self> {
        let (name, url) = text.split_once('=').with_context(|| format!("--peer {text}: write name=url"))?;
        let rest = url.strip_prefix("http://").with_context(|| format!("--peer {text}: the URL must be http://"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        let addr = with_port.to_socket_addrs()?.find(SocketAddr::is_ipv4).context("no IPv4 address")?;
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix("v1").unwrap_or(path).trim_end_matches('/');
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(Self { name: name.to_owned(), addr, prefix, process: None, admin: None, folder: None })
    }

    pub(super) fn bare(program: &Path, echo: SocketAddr, cores: Cores) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["bench-part", "bare", "--upstream", &echo.to_string()]).stdin(Stdio::null());
        let mut process = Process::start(command.stdout(Stdio::piped()), cores.proxy, cores.load)?;
        let addr = process.address()?;
        Ok(Self {
            name: "bare".to_owned(),
            addr,
            prefix: String::new(),
            process: Some(process),
            admin: None,
            folder: None,
        })
    }

    /// The nginx on the path, or `None`.
    pub(super) fn nginx(echo: SocketAddr, cores: Cores) -> Result<Option<Self>> {
        let version = Command::new("nginx").arg("-v").output();
        if !version.is_ok_and(|output| output.status.success()) {
            return Ok(None);
        }
        let addr = free_port()?;
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("nginx.conf");
        fs::write(&config, nginx_config(folder.path(), addr, echo))?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&config).arg("-p").arg(folder.path()).stdin(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(command.stdout(Stdio::null()), cores.proxy, cores.load)?;
        wait("nginx", Duration::from_secs(5), || std::net::TcpStream::connect(addr).ok())?;
        let (name, prefix) = ("nginx".to_owned(), String::new());
        Ok(Some(Self { name, addr, prefix, process: Some(process), admin: None, folder: Some(folder) }))
    }

    /// The sidecar. `args` come after what every lane sets.
    pub(crate) fn sidecar(setup: &Setup<'_>, cores: Cores) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let policy = folder.path().join(POLICY);
        fs::create_dir(&policy)?;
        fs::write(policy.join("policy.yaml"), setup.policy)?;
        let ready = folder.path().join("ready.json");
        let mut command = Command::new(setup.binary);
        command.args(["run", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--threads", "1"]);
        command.arg("--policy").arg(&policy).arg("--ready-file").arg(&ready).args(setup.args);
        // Nobody's keys and settings but the policy's.
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::start(&mut command, cores.proxy, cores.load)?;
        let listen = wait("the sidecar to be ready", Duration::from_secs(10), || {
            let text = fs::read_to_string(&ready).ok()?;
            let json: Value = serde_json::from_str(&text).ok()?;
            let address = |name: &str| json[name].as_str()?.parse::<SocketAddr>().ok();
            Some((address("listen")?, address("admin")?))
        });
        let (addr, admin) = match listen {
            Ok(addresses) => addresses,
            Err(_) if process.ended() => bail!("the sidecar ended at its start; run it by hand to see why"),
            Err(error) => return Err(error),
        };
        let name = setup.name.to_owned();
        Ok(Self { name, addr, prefix: String::new(), process: Some(process), admin: Some(admin), folder: Some(folder) })
    }

    /// Gives the sidecar another policy, in one step: it never reads half of a file.
    pub(crate) fn rewrite_policy(&self, policy: &str) -> Result<()> {
        let folder = self.folder.as_ref().context("not a sidecar")?.path();
        let partial = folder.join("policy.partial");
        fs::write(&partial, policy)?;
        Ok(fs::rename(partial, folder.join(POLICY).join("policy.yaml"))?)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }
}

/// A sidecar to be started.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    pub(crate) name: &'a str,
    pub(crate) binary: &'a PathBuf,
    pub(crate) policy: &'a str,
    pub(crate) args: &'a [&'a str],
}

fn free_port() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// One process, kept connections, nothing buffered, nothing logged: what the others do.
fn nginx_config(folder: &Path, listen: SocketAddr, echo: SocketAddr) -> String {
    format!(
        "daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 2m; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream echo {{ server {echo}; keepalive 2048; keepalive_requests 100000000; }}
  server {{
    listen {listen} backlog=4096;
    location / {{
      proxy_pass http://echo; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off;
    }}
  }}
}}
",
        folder = folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_name_and_a_url() {
        let peer = Contender::peer("other=http://127.0.0.1:8080/openai/v1/").unwrap();
        assert_eq!((&*peer.name, &*peer.prefix, peer.addr.port()), ("other", "/openai", 8080));
        assert_eq!(Contender::peer("x=http://127.0.0.1:1").unwrap().prefix, "");
        assert!(Contender::peer("http://127.0.0.1:1").is_err() && Contender::peer("x=https://127.0.0.1").is_err());
    }
}
