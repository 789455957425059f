//! Helm, as the administrator.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::harness::{Cluster, Namespace};

/// Programs, Helm 3 before Helm 4.
const PROGRAMS: &str = "OUTRIGGER_TEST_HELM";

/// One Helm, for one namespace.
#[derive(Clone, Debug)]
pub(super) struct Helm {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
    namespace: String,
}

/// Helm 3 and Helm 4 in this namespace.
pub(super) fn helms(cluster: &Cluster, namespace: &Namespace<'_>) -> [Helm; 2] {
    let programs = env::var_os(PROGRAMS).unwrap_or_else(|| panic!("{PROGRAMS}: cargo xtask kubernetes test"));
    let helms: Vec<Helm> = env::split_paths(&programs)
        .map(|program| Helm {
            program,
            kubeconfig: cluster.kubeconfig().to_owned(),
            home: namespace.home(),
            namespace: namespace.name.clone(),
        })
        .collect();
    helms.try_into().expect("two programs")
}

impl Helm {
    /// Runs it, whatever comes of it; the story goes on meanwhile.
    pub(super) async fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        command.env_clear().env("HOME", &self.home).env("KUBECONFIG", &self.kubeconfig);
        command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
        command.current_dir(root).args(words).args(["--namespace", &self.namespace]).stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output().expect("Helm starts")).await.expect("Helm runs")
    }

    /// Whether both are the same program.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.program == other.program
    }

    /// The same in another namespace.
    pub(super) fn of(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// What it prints; fails the test when it fails.
    pub(super) async fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "helm {}: {said}", words.join(" "));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What it says of a failure that there has to be.
    pub(super) async fn refusal(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        assert!(!output.status.success(), "helm {}: was not refused", words.join(" "));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}
