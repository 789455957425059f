//! Large requests that go on in the background while something else is measured.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// At a time.
const UPLOADS: usize = 50;
const BODY: usize = 20 << 20;
/// Each sends so much and then rests, which is 640 KiB a second: as fast as a service that reads what it sends from a disk.
const PIECE: usize = 64 << 10;
const REST: Duration = Duration::from_millis(100);
/// Until all of them have sent something.
const SETTLED: Duration = Duration::from_millis(500);

/// What became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    answered: usize,
    refused: usize,
    broken: usize,
    mib: usize,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.refused += other.refused;
        self.broken += other.broken;
        self.mib += other.mib;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, refused, broken, mib } = self;
        write!(
            f,
            "of the uploads, {mib} MiB were taken; {answered} were answered, {refused} told to come back, {broken} cut"
        )
    }
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    answered: AtomicUsize,
    refused: AtomicUsize,
    broken: AtomicUsize,
    pieces: AtomicUsize,
}

/// Fifty callers, each with its next upload when the last has ended. Dropped, they hang up.
#[derive(Debug)]
pub(super) struct Uploads {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Uploads {
    pub(super) fn start(to: SocketAddr, path: &str, model: &str) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let begin = format!("{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-bench-size: 1024\r\ncontent-type: application/json\r\n\
             content-length: {BODY}\r\n\r\n{begin}"
        );
        let filler = BODY - begin.len() - END.len();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let all = shared.clone();
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                for _ in 0..UPLOADS {
                    tokio::spawn(caller(all.clone(), to, head.clone(), filler));
                }
                while !all.over.load(Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        thread::sleep(SETTLED);
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(super) fn stop(mut self) -> Tally {
        self.end();
        let of = |count: &AtomicUsize| count.load(Relaxed);
        let Shared { answered, refused, broken, pieces, .. } = &*self.shared;
        Tally { answered: of(answered), refused: of(refused), broken: of(broken), mib: (of(pieces) * PIECE) >> 20 }
    }

    fn end(&mut self) {
        self.shared.over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        self.end();
    }
}

const END: &str = "\"}]}";

async fn caller(shared: Arc<Shared>, to: SocketAddr, head: String, filler: usize) {
    loop {
        let count = match upload(&shared, to, &head, filler).await {
            Ok(200) => &shared.answered,
            Ok(_) => &shared.refused,
            Err(_) => &shared.broken,
        };
        count.fetch_add(1, Relaxed);
        tokio::time::sleep(REST).await;
    }
}

/// The status of the answer, which may come before all is sent.
async fn upload(shared: &Shared, to: SocketAddr, head: &str, mut filler: usize) -> std::io::Result<u16> {
    let (mut read, mut write) = TcpStream::connect(to).await?.into_split();
    let send = async {
        let piece = vec![b'a'; PIECE];
        write.write_all(head.as_bytes()).await?;
        while filler > 0 {
            let now = filler.min(PIECE);
            write.write_all(&piece[..now]).await?;
            shared.pieces.fetch_add(1, Relaxed);
            filler -= now;
            tokio::time::sleep(REST).await;
        }
        write.write_all(END.as_bytes()).await?;
        // Held open until the answer is there.
        std::future::pending::<std::io::Result<()>>().await
    };
    let mut answer = [0; 12];
    tokio::select! {
        done = read.read_exact(&mut answer) => { done?; }
        failed = send => failed?,
    }
    Ok(String::from_utf8_lossy(&answer[9..]).parse().unwrap_or_default())
}
