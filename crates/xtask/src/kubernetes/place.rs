//! Where one running cluster is: its folder, which is private and goes with it, and its ports.

use std::{
    fs::{self, DirBuilder, File},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::cache::remove;

/// The file by which a folder is known as ours; locked as long as somebody runs in it.
const LOCK: &str = "kubernetes.lock";

/// The folder of a run.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

/// A port that is ours as long as this lives, whether a program listens on it or not: bound here too, so that nobody else
/// is given it, and not listened on, so that the program may.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    _held: TcpSocket,
}

impl Place {
    pub(crate) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Makes the folder, empty and private; it is ours as long as the file is held.
    ///
    /// # Errors
    ///
    /// If somebody runs in it, or it holds what no run has left there.
    pub(crate) fn claim(&self) -> Result<File> {
        let shown = self.0.display();
        if self.runs() {
            bail!("an API server runs in {shown} already");
        }
        let empty = fs::read_dir(&self.0).map_or(true, |mut entries| entries.next().is_none());
        if !empty && !self.lock().exists() {
            bail!("{shown} holds something else: name an empty folder, or one that is not there");
        }
        self.remove()?;
        for folder in ["", "etcd", "hold", "log", "pid", "pki"] {
            // Keys and tokens are in it.
            DirBuilder::new().mode(0o700).recursive(true).create(self.0.join(folder))?;
        }
        let file = File::create(self.lock())?;
        file.try_lock().context("somebody else has just started there")?;
        Ok(file)
    }

    /// Whether somebody runs in it.
    pub(crate) fn runs(&self) -> bool {
        File::open(self.lock()).is_ok_and(|file| file.try_lock().is_err())
    }

    pub(crate) fn remove(&self) -> Result<()> {
        remove(&self.0)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    pub(crate) fn etcd(&self) -> PathBuf {
        self.0.join("etcd")
    }

    pub(crate) fn pki(&self, file: &str) -> PathBuf {
        self.0.join("pki").join(file)
    }

    /// What a client needs to be somebody.
    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.0.join(format!("{user}.kubeconfig"))
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.0.join("log").join(format!("{name}.log"))
    }

    pub(crate) fn pid(&self, name: &str) -> PathBuf {
        self.0.join("pid").join(name)
    }

    /// While this file is there, a program that has ended is not started again.
    pub(crate) fn hold(&self, name: &str) -> PathBuf {
        self.0.join("hold").join(name)
    }

    /// Says that all is there, and where; written in one step.
    pub(crate) fn write_ready(&self, server: &str, bin: &Path) -> Result<()> {
        let draft = self.0.join("ready.draft");
        fs::write(&draft, json!({"server": server, "bin": bin}).to_string())?;
        fs::rename(draft, self.ready())?;
        Ok(())
    }

    /// What was said; `None` as long as nothing was.
    pub(crate) fn read_ready(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.ready()).ok()?).ok()
    }

    fn ready(&self) -> PathBuf {
        self.0.join("ready.json")
    }

    fn lock(&self) -> PathBuf {
        self.0.join(LOCK)
    }
}

impl Port {
    /// A free port on loopback.
    pub(crate) fn reserved() -> Result<Self> {
        let held = TcpSocket::new_v4()?;
        held.set_reuseaddr(true)?;
        held.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { address: held.local_addr()?, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_and_never_a_foreign_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(&folder.path().join("run"));
        assert!(!place.runs());
        let held = place.claim().unwrap();
        assert!(place.runs() && place.claim().unwrap_err().to_string().contains("already"));
        drop(held);
        // What a run that was killed has left is no obstacle.
        fs::write(place.etcd().join("member"), "").unwrap();
        drop(place.claim().unwrap());
        assert!(!place.etcd().join("member").exists());
        fs::write(folder.path().join("letters"), "").unwrap();
        let foreign = Place::at(folder.path()).claim().unwrap_err().to_string();
        assert!(foreign.contains("something else") && folder.path().join("letters").exists(), "{foreign}");
    }
}
