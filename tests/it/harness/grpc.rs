//! What servers of gRPC made for stories share: connections, and a call's body.

use std::{future::Future, sync::Arc};

use bytes::{Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::Request;
use tokio::net::{TcpListener, TcpStream};

/// Has every call answered by `call`, for as long as it is polled.
pub(super) async fn serve<S, F>(
    listener: TcpListener,
    shared: Arc<S>,
    call: fn(Request<RecvStream>, SendResponse<Bytes>, Arc<S>) -> F,
) where
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(connection(socket, shared.clone(), call));
    }
}

async fn connection<S, F>(
    socket: TcpStream,
    shared: Arc<S>,
    call: fn(Request<RecvStream>, SendResponse<Bytes>, Arc<S>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let window = 4 << 20;
    let built =
        h2::server::Builder::new().initial_window_size(window).initial_connection_window_size(window).handshake(socket);
    let Ok(mut connection) = built.await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(call(request, respond, shared.clone()));
    }
}

/// All that a call sends, with the five bytes before its message.
pub(super) async fn read(mut body: RecvStream) -> BytesMut {
    let mut bytes = BytesMut::new();
    while let Some(Ok(part)) = body.data().await {
        let _ = body.flow_control().release_capacity(part.len());
        bytes.extend_from_slice(&part);
    }
    bytes
}
