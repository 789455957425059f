//! A reverse proxy with nothing in it: what the sidecar's own libraries cost, and so the limit of this stack.

use std::{convert::Infallible, net::SocketAddr};

use anyhow::{Context as _, Result};
use http::{HeaderValue, Request, Response, StatusCode, Uri, header, uri::Authority};
use http_body_util::{Either, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};

use super::listener;

type Body = Either<Incoming, Empty<Bytes>>;

/// Serves until the process is killed. One traffic thread of the same runtime as the sidecar's.
pub(super) fn run(upstream: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::spawn(accept(upstream)).await? })
}

async fn accept(upstream: SocketAddr) -> Result<()> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(tcp);
    let authority = Authority::try_from(upstream.to_string())?;
    let listener = listener::listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    listener::announce(listener.local_addr()?)?;
    loop {
        let (socket, _) = listener.accept().await.context("the bare proxy cannot accept")?;
        socket.set_nodelay(true)?;
        let (client, authority) = (client.clone(), authority.clone());
        let service = service_fn(move |request| forward(client.clone(), authority.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

async fn forward(
    client: Client<HttpConnector, Incoming>,
    authority: Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme("http").authority(authority.clone()).path_and_query(path).build();
    *request.uri_mut() = uri.unwrap_or_default();
    let headers = request.headers_mut();
    headers.remove(header::CONNECTION);
    headers.insert(header::HOST, HeaderValue::try_from(authority.as_str()).unwrap_or(HeaderValue::from_static("-")));
    Ok(match client.request(request).await {
        Ok(answer) => answer.map(Either::Left),
        Err(_) => {
            let mut answer = Response::new(Either::Right(Empty::new()));
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        }
    })
}
