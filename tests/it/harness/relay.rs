//! A wire between two programs that can be moved, cut, or dead without anybody's being told.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// Accepts on a port of its own and passes every byte on. Dropping it closes everything.
#[derive(Debug)]
pub struct Relay {
    pub addr: SocketAddr,
    to: Arc<Mutex<SocketAddr>>,
    frozen: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Relay {
    pub async fn to(to: SocketAddr) -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into(), to).await
    }

    /// The same on an address of choice.
    pub async fn at(own: IpAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind((own, 0)).await.expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound address");
        let to = Arc::new(Mutex::new(to));
        let (frozen, watching) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, to.clone(), watching));
        Self { addr, to, frozen, accepting }
    }

    /// Whoever connects from now on is connected there.
    pub fn switch(&self, to: SocketAddr) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// Passes nothing on any more, in no direction, and closes nothing.
    pub fn freeze(&self) {
        self.frozen.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, to: Arc<Mutex<SocketAddr>>, frozen: watch::Receiver<bool>) {
    while let Ok((near, _)) = listener.accept().await {
        let to = *to.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever leads nowhere is closed: as if nobody listened.
        let Ok(far) = TcpStream::connect(to).await else { continue };
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        tokio::spawn(pass(from_near, to_far, frozen.clone()));
        tokio::spawn(pass(from_far, to_near, frozen.clone()));
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut frozen: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            () = is(&mut frozen, true) => {
                // Until the relay itself is gone.
                is(&mut frozen, false).await;
                return;
            }
        };
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn is(frozen: &mut watch::Receiver<bool>, wanted: bool) {
    let _ = frozen.wait_for(|frozen| *frozen == wanted).await;
}
