//! A provider that does what a script says: its door, what it plays, and how many of its connections are at work.

mod http1;
mod http2;
mod tls;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

pub use http1::{chunk, head, last_chunk, sized};
pub use http2::Rule;
pub use tls::{Tls, authority};

use crate::{
    surfaces::Surface,
    words::{Part, Words},
};

/// The key that every provider is asked with; each of them says it wherever it can. Nobody else may hear it.
pub const KEY: &str = "sk-sentinel/0123456789+abcdef";

/// The time to which all of this is scaled: what has no end lasts longer than any limit of the routes.
pub const LONG: Duration = Duration::from_secs(20);

/// What a connection meets before a byte of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// HTTP/1.1 without TLS.
    Plain,
    /// Nobody listens.
    Refused,
    /// TLS, which may go wrong, with HTTP/1.1 behind it.
    Secure(Tls),
    /// HTTP/1.1 without TLS where TLS is expected.
    Mistaken,
    /// TLS with HTTP/2 behind it.
    Http2(Rule),
}

/// One move of a script.
#[derive(Clone, Debug)]
pub enum Act {
    Send(Bytes),
    /// Byte by byte, with a pause before each.
    Trickle(Bytes, Duration),
    /// The same again and again, for as long as anybody reads it.
    Flood(Bytes),
    Pause(Duration),
    /// Nothing for ever, on an open connection.
    Stall,
    Close,
    /// The sending half alone.
    HalfClose,
    /// RST.
    Reset,
}

/// When a script is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// As soon as somebody connects.
    Connected,
    /// The head of a request is there, whatever of its body.
    Head,
    /// The whole request is there.
    Request,
}

/// Who is asked for what: what scripts are made of.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub surface: Surface,
    /// Who answers, which is the first word of the answer.
    pub who: &'static str,
}

/// A script.
pub type Play = fn(&Asked) -> Vec<Act>;

/// A running provider.
pub struct Peer {
    door: Door,
    addr: SocketAddr,
    busy: Arc<AtomicUsize>,
    accepting: Option<JoinHandle<()>>,
    /// Bound, so that nobody else is given its port; nobody listens.
    _refusing: Option<TcpSocket>,
}

impl Peer {
    pub async fn start(door: Door, when: When, play: Play, asked: Asked) -> Self {
        let busy = Arc::<AtomicUsize>::default();
        if door == Door::Refused {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free loopback port");
            let addr = socket.local_addr().expect("a bound address");
            return Self { door, addr, busy, accepting: None, _refusing: Some(socket) };
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound address");
        let at_work = busy.clone();
        let accepting = tokio::spawn(async move {
            // Owned by this task: dropping the peer closes every connection.
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let _ = socket.set_nodelay(true);
                let work = Work::begin(&at_work);
                connections.spawn(serve(socket, door, when, play, asked, work));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { door, addr, busy, accepting: Some(accepting), _refusing: None }
    }

    /// One that answers well.
    pub async fn good(surface: Surface) -> Self {
        Self::start(Door::Plain, When::Request, good, Asked { surface, who: "good" }).await
    }

    pub fn base_url(&self) -> String {
        match self.door {
            Door::Plain | Door::Refused => format!("http://{}/v1", self.addr),
            Door::Secure(_) | Door::Mistaken | Door::Http2(_) => format!("https://localhost:{}/v1", self.addr.port()),
        }
    }

    /// How many connections, or streams of HTTP/2, are neither closed nor waiting for the next request.
    pub fn busy(&self) -> usize {
        self.busy.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// Something that has not come to its end.
struct Work(Option<Arc<AtomicUsize>>);

impl Work {
    fn begin(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        Self(Some(busy.clone()))
    }

    /// It rests until there is more to do.
    fn rest(mut self) -> Arc<AtomicUsize> {
        let busy = self.0.take().expect("it has not rested yet");
        busy.fetch_sub(1, Ordering::SeqCst);
        busy
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(busy) = &self.0 {
            busy.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

async fn serve(socket: TcpStream, door: Door, when: When, play: Play, asked: Asked, work: Work) {
    match door {
        Door::Plain | Door::Refused | Door::Mistaken => http1::serve(socket, when, play, asked, work).await,
        Door::Secure(how) => {
            if let Some(socket) = tls::accept(socket, how).await {
                http1::serve(socket, when, play, asked, work).await;
            }
        }
        Door::Http2(rule) => {
            if let Some(socket) = tls::accept(socket, Tls::Http2).await {
                http2::serve(socket, rule, asked, work).await;
            }
        }
    }
}

/// The script of whoever answers well.
pub fn good(asked: &Asked) -> Vec<Act> {
    asked.answer()
}

impl Asked {
    pub fn spoken(&self) -> Words {
        self.surface.spoken
    }

    /// The text of the answer, in the pieces in which it is streamed.
    pub fn texts(&self) -> [&'static str; 3] {
        [self.who, " answer", " whole"]
    }

    pub fn text(&self) -> String {
        self.texts().concat()
    }

    /// Content type and pieces of a good answer.
    pub fn parts(&self) -> (&'static str, Vec<(Part, Bytes)>) {
        if self.surface.streamed {
            return ("text/event-stream", self.spoken().events(&self.texts()));
        }
        let (content_type, body) = self.spoken().whole(&self.text());
        (content_type, vec![(Part::Content, body.into())])
    }

    /// The whole body of a good answer.
    pub fn body(&self) -> Bytes {
        self.parts().1.iter().map(|(_, bytes)| &bytes[..]).collect::<Vec<_>>().concat().into()
    }

    /// A good answer: in chunks where it is streamed, with its length where it is not.
    pub fn answer(&self) -> Vec<Act> {
        self.answered(200, &[])
    }

    /// The same with another status and more headers.
    pub fn answered(&self, status: u16, headers: &[(&str, &str)]) -> Vec<Act> {
        let (content_type, parts) = self.parts();
        if !self.surface.streamed {
            return vec![Act::Send(sized(status, content_type, headers, &self.body()))];
        }
        let mut acts = self.opened(status, headers);
        acts.extend(parts.into_iter().map(|(_, bytes)| Act::Send(chunk(&bytes))));
        acts.push(Act::Send(last_chunk()));
        acts
    }

    /// The head of an answer in chunks.
    pub fn opened(&self, status: u16, headers: &[(&str, &str)]) -> Vec<Act> {
        let (content_type, _) = self.parts();
        let headers: Vec<_> = [("transfer-encoding", "chunked")].iter().chain(headers).copied().collect();
        vec![Act::Send(head(status, content_type, &headers))]
    }

    /// A streamed answer of which `change` makes something else, in chunks.
    pub fn events(&self, change: impl FnOnce(&mut Vec<(Part, Bytes)>)) -> Vec<Act> {
        let (_, mut parts) = self.parts();
        change(&mut parts);
        let mut acts = self.opened(200, &[]);
        acts.extend(parts.into_iter().map(|(_, bytes)| Act::Send(chunk(&bytes))));
        acts
    }

    /// An error answer as the vendor words it, which says the key.
    pub fn error(&self, status: u16, headers: &[(&str, &str)]) -> Vec<Act> {
        let body = self.spoken().error_body("scripted_error", &format!("scripted {status} for {KEY}"));
        vec![Act::Send(sized(status, "application/json", headers, body.as_bytes()))]
    }
}
