//! The process of the sidecars: as many links to one control plane as there are tokens, each as light as it can be.
//!
//! Each behaves as the link of a sidecar does, its waits among it, and checks what it is told. It decodes no more of a
//! policy than it needs for that.

mod frame;
mod held;
mod shared;
mod stream;

// The sidecar's own waits, not an imitation.
#[allow(dead_code)]
#[path = "../../../../sidecar/src/link/backoff.rs"]
mod backoff;

use std::{
    cell::{Cell, RefCell},
    io::{BufRead as _, Write as _},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
    version::TLS13,
};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsConnector;

use self::{
    backoff::Backoff,
    shared::Shared,
    stream::{End, stream},
};
use super::words::{Command, Setup};

/// Obeys standard input until its end.
pub(in crate::bench) fn run() -> Result<()> {
    let (send, mut commands) = mpsc::unbounded_channel();
    let mut lines = std::io::stdin().lock().lines();
    let setup: Setup = serde_json::from_str(&lines.next().context("no setup")??)?;
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Some(command) = line.ok().and_then(|line| serde_json::from_str::<Command>(&line).ok()) else { return };
            if send.send(command).is_err() {
                return;
            }
        }
    });
    drop(lines);
    let shared = Rc::new(Shared {
        tls: TlsConnector::from(Arc::new(trusting(&setup.authority)?)),
        counts: RefCell::default(),
        holdings: setup.sidecars.iter().map(|_| RefCell::default()).collect(),
        read: RefCell::default(),
        drops: watch::Sender::new(0),
        slow: Cell::new(None),
        setup,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        while let Some(command) = commands.recv().await {
            let answer = obey(&shared, command)?;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{answer}").and_then(|()| out.flush())?;
        }
        Ok(())
    })
}

fn obey(shared: &Rc<Shared>, command: Command) -> Result<String> {
    match command {
        Command::Connect => {
            for number in 0..shared.setup.sidecars.len() {
                tokio::task::spawn_local(live(shared.clone(), number));
            }
        }
        Command::Drop => shared.drops.send_modify(|drops| *drops += 1),
        Command::Slow { one_of, millis } => shared.slow.set(Some((one_of, Duration::from_millis(millis)))),
        Command::Count => {}
        Command::Look => return Ok(serde_json::to_string(&shared.look())?),
    }
    Ok(serde_json::to_string(&*shared.counts.borrow())?)
}

/// One sidecar's link, for ever.
async fn live(shared: Rc<Shared>, number: usize) {
    let mut backoff = Backoff::default();
    // As one whose control plane has just come back.
    tokio::time::sleep(backoff.next(Duration::ZERO, fastrand::f64())).await;
    let mut drops = shared.drops.subscribe();
    loop {
        let began = Instant::now();
        // A stream's future is large, and it is small between two streams.
        match Box::pin(stream(&shared, number, &mut backoff, &mut drops)).await {
            End::Dropped => {}
            End::Lost(why) => {
                shared.counts.borrow_mut().lost += 1;
                shared.say(why);
            }
            End::Fault(why) => {
                shared.counts.borrow_mut().faults += 1;
                shared.say(why);
            }
        }
        tokio::time::sleep(backoff.next(began.elapsed(), fastrand::f64())).await;
    }
}

/// TLS 1.3 by this authority alone, without resumption: as the sidecar has it.
fn trusting(authority: &str) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).context("no certificate of the authority")?)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}
