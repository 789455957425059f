//! What a sidecar gives back when nobody asks it anything: most pods are idle most of the time.

use std::{sync::Arc, time::Duration};

use outrigger_proxy::Sidecar;
use outrigger_resident::Files;

/// So long without a request is quiet.
const QUIET: Duration = Duration::from_secs(30);

/// Gives back what the start needed, and after every spell of traffic what the traffic did.
pub(crate) async fn watch(sidecar: Arc<Sidecar>) {
    let files = Files::mapped();
    files.give_back();
    let (mut seen, mut given) = (0, 0);
    loop {
        tokio::time::sleep(QUIET).await;
        let requests = sidecar.requests();
        if requests.begun == seen && requests.begun != given && requests.open == 0 {
            files.give_back();
            given = requests.begun;
        }
        seen = requests.begun;
    }
}
