//! HTTP/2 with manners of its own.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;
use h2::{Reason, SendStream, server};
use http::Response;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::{Asked, KEY, Work};
use crate::words::Part;

/// What a peer does with its connections and their streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Good,
    /// It says goodbye before anything else.
    GoesAtOnce,
    /// After so many streams it says goodbye, and answers those that it has.
    GoesAfter(u32),
    /// Every stream is reset before its answer.
    Resets(Reason),
    /// Every stream is reset once so much of its answer is out.
    ResetsBehind(Part, Reason),
    /// Every stream is reset behind the head of its answer.
    ResetsBehindHead(Reason),
    /// So many streams are allowed at one time.
    Allows(u32),
    /// No byte of a request's body is let in.
    NeverOpens,
    /// Nothing but PING, for ever.
    Pings,
    /// An answer's head longer than anybody should read.
    LongHead,
    /// The connection is cut in the middle of an answer.
    Dies,
    /// The connection is cut behind the handshake.
    DiesAtOnce,
    /// Something that is no frame.
    Gibberish,
}

/// Frames of RFC 9113: SETTINGS without any, GOAWAY of nothing for no reason, PING.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

pub(super) async fn serve(mut socket: TlsStream<TcpStream>, rule: Rule, asked: Asked, work: Work) {
    match rule {
        Rule::GoesAtOnce => return speak(&mut socket, &[&SETTINGS[..], &GOAWAY].concat()).await,
        Rule::Gibberish => return speak(&mut socket, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await,
        Rule::DiesAtOnce => return,
        Rule::Pings => {
            // Such a connection stays: only its requests are given up.
            drop(work);
            return flood(socket).await;
        }
        _ => {}
    }
    let mut builder = server::Builder::new();
    match rule {
        Rule::Allows(streams) => drop(builder.max_concurrent_streams(streams)),
        Rule::NeverOpens => drop(builder.initial_window_size(0)),
        _ => {}
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(socket).await else { return };
    let (mut streams, busy) = (0, work.rest());
    let mut dying = None;
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = async { tokio::time::sleep_until(dying.expect("it is asked for")).await }, if dying.is_some() => return,
        };
        let Some(Ok((request, respond))) = accepted else { return };
        streams += 1;
        if rule == Rule::GoesAfter(streams) {
            connection.graceful_shutdown();
        }
        if rule == Rule::Dies {
            // What was written is in the peer's hands by then.
            dying = Some(tokio::time::Instant::now() + Duration::from_millis(100));
        }
        let work = Work::begin(&busy);
        tokio::spawn(async move {
            let _work = work;
            let _ = answer(request.into_body(), respond, rule, asked).await;
        });
    }
}

async fn speak(socket: &mut TlsStream<TcpStream>, bytes: &[u8]) {
    let _ = socket.write_all(bytes).await;
    let _ = socket.flush().await;
    let mut unread = [0; 4096];
    while socket.read(&mut unread).await.is_ok_and(|read| read > 0) {}
}

async fn flood(socket: TlsStream<TcpStream>) {
    let (mut read, mut write) = tokio::io::split(socket);
    let heard = async {
        let mut unread = [0; 4096];
        while read.read(&mut unread).await.is_ok_and(|read| read > 0) {}
    };
    let said = async {
        let pings = PING.repeat(10);
        let mut going = write.write_all(&SETTINGS).await.is_ok();
        while going {
            going = write.write_all(&pings).await.is_ok() && write.flush().await.is_ok();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = heard => {}
        () = said => {}
    }
}

async fn answer(
    mut body: h2::RecvStream,
    mut respond: server::SendResponse<Bytes>,
    rule: Rule,
    asked: Asked,
) -> Result<(), h2::Error> {
    if let Rule::Resets(reason) = rule {
        respond.send_reset(reason);
        return Ok(());
    }
    while let Some(data) = body.data().await {
        body.flow_control().release_capacity(data?.len())?;
    }
    let (content_type, parts) = asked.parts();
    let mut head = Response::builder().header("content-type", content_type).header("x-echo", KEY);
    if rule == Rule::LongHead {
        head = (0..8).fold(head, |head, at| head.header(format!("x-long-{at}"), "x".repeat(8 << 10)));
    }
    let mut stream = respond.send_response(head.body(()).expect("a head"), false)?;
    if let Rule::ResetsBehindHead(reason) = rule {
        return reset(&mut stream, reason).await;
    }
    for (part, bytes) in parts {
        // Of what is not streamed a half is something, too.
        let half = bytes.slice(..bytes.len() / 2);
        match rule {
            Rule::ResetsBehind(last, reason) if last == part => {
                stream.send_data(if asked.surface.streamed { bytes } else { half }, false)?;
                return reset(&mut stream, reason).await;
            }
            Rule::Dies if part == Part::Content => {
                stream.send_data(if asked.surface.streamed { bytes } else { half }, false)?;
                return poll_fn(|cx| stream.poll_reset(cx)).await.map(drop);
            }
            _ => stream.send_data(bytes, false)?,
        }
    }
    stream.send_data(Bytes::new(), true)
}

/// Resets a stream once what was written on it has gone.
async fn reset(stream: &mut SendStream<Bytes>, reason: Reason) -> Result<(), h2::Error> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.send_reset(reason);
    Ok(())
}
