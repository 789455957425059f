//! A misfortune, as it happens on a socket.

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    asked::Asked,
    fault::Fault,
    stream::{STREAM_HEAD, chunk, stream},
};
use crate::bench::{
    answers::{Shape, reply},
    clock,
};

const INTERIM: &[u8] = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n";

impl Fault {
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
