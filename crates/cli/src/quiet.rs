//! What a sidecar gives back when nobody asks it anything: most pods are idle most of the time.

use std::sync::Arc;

use outrigger_proxy::Sidecar;
use outrigger_resident::{Files, Quiet};

/// Gives back what the start needed, and after every spell of traffic what the traffic did.
pub(crate) async fn watch(sidecar: Arc<Sidecar>) {
    let files = Files::mapped();
    files.give_back();
    let mut quiet = Quiet::default();
    loop {
        tokio::time::sleep(Quiet::INTERVAL).await;
        let requests = sidecar.requests();
        if quiet.look(requests.begun, requests.open) {
            files.give_back();
        }
    }
}
