//! Providers that follow a script, on connections that are memory: for stories on a clock that stands still.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use http::Uri;
use outrigger_wire::Failure;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    time::{Instant, sleep},
};

use super::opened::{Opened, refused, too_slow};
use crate::lock::lock;

/// What providers do, by host: each request takes the next of its provider's acts, and the last one is done again.
#[derive(Debug)]
pub(crate) struct Script {
    acts: Mutex<HashMap<String, VecDeque<Act>>>,
    start: Instant,
    /// Who was asked, and when.
    heard: Mutex<Vec<(String, Duration)>>,
}

/// What one provider does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Nobody listens.
    Refuse,
    /// No connection comes about.
    Absent,
    /// The connection ends without an answer.
    Close,
    /// No answer comes.
    Hang,
    /// A status with a JSON body, after a time.
    Answer { after: Duration, status: u16, body: String },
    /// A stream: its pieces, each when it comes, and how it ends.
    Stream { pieces: Vec<(Duration, String)>, end: End },
}

/// How a stream ends behind its last piece.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Well.
    Done,
    /// In the middle.
    Cut,
    /// Not at all.
    Never,
}

impl Script {
    pub(crate) fn new(acts: HashMap<String, VecDeque<Act>>) -> Self {
        Self { acts: Mutex::new(acts), start: Instant::now(), heard: Mutex::default() }
    }

    /// Who was asked so far, and when.
    pub(crate) fn heard(&self) -> Vec<(String, Duration)> {
        lock(&self.heard).clone()
    }

    fn next(&self, host: &str) -> Act {
        lock(&self.heard).push((host.to_owned(), self.start.elapsed()));
        let mut acts = lock(&self.acts);
        let acts = acts.get_mut(host).unwrap_or_else(|| panic!("nobody wrote what {host} does"));
        if acts.len() > 1 { acts.pop_front().unwrap() } else { acts[0].clone() }
    }

    /// A connection for one request: each one decides what becomes of it.
    pub(super) async fn connect(&self, to: &Uri, limit: Duration) -> Result<Opened, Failure> {
        let act = self.next(to.host().unwrap_or_default());
        match act {
            Act::Refuse => return Err(refused("connection refused")),
            Act::Absent => {
                sleep(limit).await;
                return Err(too_slow(limit));
            }
            _ => {}
        }
        let (near, far) = tokio::io::duplex(64 << 10);
        tokio::spawn(play(far, act));
        Ok(Opened::new(near, false))
    }
}

async fn play(mut io: DuplexStream, act: Act) {
    // The stories' requests come in one piece.
    let mut request = vec![0; 16 << 10];
    let _ = io.read(&mut request).await;
    match act {
        Act::Refuse | Act::Absent | Act::Close => {}
        Act::Hang => std::future::pending().await,
        Act::Answer { after, status, body } => {
            sleep(after).await;
            let head = format!(
                "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = io.write_all(format!("{head}{body}").as_bytes()).await;
        }
        Act::Stream { pieces, end } => {
            let began = Instant::now();
            let head = "HTTP/1.1 200 .\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
            let _ = io.write_all(head.as_bytes()).await;
            for (at, piece) in pieces {
                tokio::time::sleep_until(began + at).await;
                let _ = io.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await;
            }
            match end {
                End::Done => drop(io.write_all(b"0\r\n\r\n").await),
                End::Cut => {}
                End::Never => std::future::pending().await,
            }
        }
    }
}
