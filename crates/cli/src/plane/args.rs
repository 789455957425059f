//! Which control plane is asked, and who asks.

use std::path::PathBuf;

use clap::Args;
use outrigger_compile::SYSTEM_NAMESPACE;

/// Which control plane is asked, and who asks.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct PlaneArgs {
    /// Where the control plane is. Each replica knows the sidecars that are connected to it. The default is its pages, as
    /// `kubectl port-forward` brings them here (kubectl -n outrigger-system port-forward deploy/outrigger-control-plane 4120)
    /// [http://127.0.0.1:4120]; https://HOST:PORT is the port that sidecars use, in a cluster, with a token and certificates
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<http::Uri>,
    /// File with a token of the API server (kubectl create token NAME) for an https:// address; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// File with the certificates (PEM) by which the control plane is known: `ca.crt` of the ConfigMap outrigger-ca
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Ask as the user of this kubeconfig, by way of kubectl: it gives the token and the certificates, and without --from it
    /// leads to every replica that is ready (port-forward)
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The same, of this context
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Namespace of the control plane, where kubectl looks for it
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
}
