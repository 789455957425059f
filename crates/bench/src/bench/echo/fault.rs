//! What goes wrong at an upstream, when a request on `/moody/...` asks for it: `x-bench-fault: resets 3`.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Asked, STREAM_HEAD, chunk, stream};
use crate::bench::{
    answers::{Shape, reply},
    clock,
};

const INTERIM: &[u8] = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n";

/// The header that names who is to be told, by a connection, that a request has come which hangs.
pub(crate) const KNOCK: &str = "x-bench-knock";

/// A misfortune. Numbers are events of a stream with content that are sent before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An answer of status 503.
    Fails,
    /// No answer, until the caller gives up.
    Hangs,
    /// The connection is reset.
    Resets(usize),
    /// The connection ends, the answer does not.
    Closes(usize),
    /// The answer ends in order, the model's words do not.
    Truncates(usize),
    /// Silence, until the caller gives up.
    Stalls(usize),
    /// Half of a whole answer, then the connection ends.
    Halves,
    /// All of what was asked for, then the connection ends although nothing said that it would.
    Leaves,
    /// A login page of status 200.
    Html,
    /// All of a stream, with comments before its first content, and with content behind its end.
    Chatters(usize),
    /// Further interim answers before the whole one.
    Hints,
}

impl Fault {
    /// The header that asks for it.
    pub(crate) fn header(self) -> String {
        let text = match self {
            Self::Fails => "fails".to_owned(),
            Self::Hangs => "hangs".to_owned(),
            Self::Resets(events) => format!("resets {events}"),
            Self::Closes(events) => format!("closes {events}"),
            Self::Truncates(events) => format!("truncates {events}"),
            Self::Stalls(events) => format!("stalls {events}"),
            Self::Halves => "halves".to_owned(),
            Self::Leaves => "leaves".to_owned(),
            Self::Html => "html".to_owned(),
            Self::Chatters(events) => format!("chatters {events}"),
            Self::Hints => "hints".to_owned(),
        };
        format!("x-bench-fault: {text}")
    }

    /// Lets it happen. True when the connection can be used again.
    pub(super) async fn happen(self, socket: &mut TcpStream, shape: Shape, asked: &Asked) -> Result<bool> {
        match self {
            Self::Fails => {
                socket.write_all(&reply(503, r#"{"error":{"message":"told to fail","type":"server_error"}}"#)).await?;
                return Ok(true);
            }
            Self::Hangs => {
                if let Some(addr) = asked.knock {
                    drop(TcpStream::connect(addr).await?);
                }
                wait_for_end(socket).await;
            }
            Self::Resets(events) => {
                begin(socket, shape, events, "").await?;
                socket.set_zero_linger()?;
            }
            Self::Closes(events) => begin(socket, shape, events, "").await?,
            Self::Truncates(events) => {
                begin(socket, shape, events, "0\r\n\r\n").await?;
                return Ok(true);
            }
            Self::Stalls(events) => {
                begin(socket, shape, events, "").await?;
                wait_for_end(socket).await;
            }
            Self::Halves => {
                let answer = shape.whole(asked.size);
                socket.write_all(&answer[..answer.len() / 2]).await?;
            }
            Self::Leaves if asked.events > 0 => stream(socket, shape, asked).await?,
            Self::Leaves => socket.write_all(&shape.whole(asked.size)).await?,
            Self::Html => {
                let page = "<html><body>Sign in</body></html>";
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", page.len());
                socket.write_all(&[head.as_bytes(), page.as_bytes()].concat()).await?;
                return Ok(true);
            }
            Self::Chatters(events) => {
                let (mut out, mut text) = (STREAM_HEAD.to_vec(), ": still there\n\n".repeat(events));
                text.push_str(shape.opening());
                (0..events).for_each(|_| shape.event(&mut text, clock::now()));
                text.push_str(&shape.closing());
                shape.event(&mut text, clock::now());
                chunk(&mut out, &mut text);
                out.extend_from_slice(b"0\r\n\r\n");
                socket.write_all(&out).await?;
                return Ok(true);
            }
            Self::Hints => {
                socket.write_all(&INTERIM.repeat(3)).await?;
                socket.write_all(&shape.whole(asked.size)).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = text.trim().split_once(' ').unwrap_or((text.trim(), "0"));
        let events = number.parse().with_context(|| format!("fault {text:?}"))?;
        Ok(match name {
            "fails" => Self::Fails,
            "hangs" => Self::Hangs,
            "resets" => Self::Resets(events),
            "closes" => Self::Closes(events),
            "truncates" => Self::Truncates(events),
            "stalls" => Self::Stalls(events),
            "halves" => Self::Halves,
            "leaves" => Self::Leaves,
            "html" => Self::Html,
            "chatters" => Self::Chatters(events),
            "hints" => Self::Hints,
            _ => bail!("no fault {text:?}"),
        })
    }
}

/// The beginning of a stream: so many events with content, then `end`.
async fn begin(socket: &mut TcpStream, shape: Shape, events: usize, end: &str) -> Result<()> {
    let (mut out, mut text) = (STREAM_HEAD.to_vec(), shape.opening().to_owned());
    for _ in 0..events {
        shape.event(&mut text, clock::now());
    }
    chunk(&mut out, &mut text);
    out.extend_from_slice(end.as_bytes());
    Ok(socket.write_all(&out).await?)
}

async fn wait_for_end(socket: &mut TcpStream) {
    // How it ends is no news: nothing is said any more.
    let _ = socket.read_u8().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for fault in [
            Fault::Fails,
            Fault::Hangs,
            Fault::Resets(3),
            Fault::Closes(0),
            Fault::Truncates(12),
            Fault::Stalls(1),
            Fault::Halves,
            Fault::Leaves,
            Fault::Html,
            Fault::Chatters(4),
            Fault::Hints,
        ] {
            let (_, text) = fault.header().split_once(": ").map(|(n, t)| (n.to_owned(), t.to_owned())).unwrap();
            assert_eq!(text.parse::<Fault>().unwrap(), fault);
        }
        assert!("burns".parse::<Fault>().is_err() && "resets x".parse::<Fault>().is_err());
    }
}
