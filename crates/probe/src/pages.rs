//! `/metrics`, `/readyz`, `/livez`: what may be seen by whoever reaches the pod, and nothing else.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

use crate::{Accept, accept};

/// What the pages say. Each is asked for at every request, and answers at once.
pub trait Pages: Send + Sync + 'static {
    /// Everything that is counted, in Prometheus' text format.
    fn metrics(&self) -> String;

    /// Why the program is of no use to anybody yet, or no more; `None`: it is ready. Never names an object of policy.
    fn pending(&self) -> Option<String>;
}

/// Answers the three pages, whatever the `Host`: a kubelet asks for the pod's address. Until it is dropped.
pub async fn serve(listener: impl Accept, pages: Arc<impl Pages>) -> Infallible {
    accept(listener, move |request, _| {
        let page = page(request.method(), request.uri().path(), &*pages);
        std::future::ready(page)
    })
    .await
}

fn page(method: &Method, path: &str, pages: &impl Pages) -> Response<Full<Bytes>> {
    let known = ["/metrics", "/readyz", "/livez"].contains(&path);
    if known && !matches!(*method, Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET or HEAD\n".to_owned());
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match path {
        "/metrics" => text(StatusCode::OK, "text/plain; version=0.0.4", pages.metrics()),
        // Depends on nothing but this process.
        "/livez" => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
        "/readyz" => match pages.pending() {
            None => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".to_owned()),
    }
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    struct Said(Option<&'static str>);

    impl Pages for Said {
        fn metrics(&self) -> String {
            "up 1\n".to_owned()
        }

        fn pending(&self) -> Option<String> {
            self.0.map(str::to_owned)
        }
    }

    fn status(method: &str, path: &str, why: Option<&'static str>) -> u16 {
        page(&method.parse().unwrap(), path, &Said(why)).status().as_u16()
    }

    #[test]
    fn there_are_three_pages_and_they_are_read() {
        for (path, pending) in [("/metrics", 200), ("/livez", 200), ("/readyz", 503)] {
            for method in ["GET", "HEAD"] {
                assert_eq!((status(method, path, None), status(method, path, Some("no"))), (200, pending), "{path}");
            }
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
                let refused = page(&method.parse().unwrap(), path, &Said(None));
                assert_eq!(
                    (refused.status().as_u16(), &refused.headers()["allow"]),
                    (405, &"GET, HEAD".parse().unwrap())
                );
            }
        }
        for path in ["/", "/config", "/explain", "/fleet", "/metrics/", "//metrics", "/v1/models"] {
            assert_eq!((status("GET", path, None), status("POST", path, None)), (404, 404), "{path}");
        }
    }

    /// Over a socket, under every name by which a pod may be asked.
    #[tokio::test]
    async fn any_host_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Arc::new(Said(Some("no policy yet")))));
        let asked = async |method: &str, host: &str| {
            let mut socket = TcpStream::connect(at).await.unwrap();
            socket.write_all(format!("{method} /readyz HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            answer
        };
        for host in ["10.1.2.3:4121", "10.1.2.3", "[fd00::7]:4121", "web-0.shop.svc:4121", "localhost", ""] {
            let answer = asked("GET", host).await;
            assert!(
                answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\nno policy yet\n"),
                "{host}: {answer}"
            );
        }
        let head = asked("HEAD", "x").await;
        assert!(head.starts_with("HTTP/1.1 503 ") && head.ends_with("\r\n\r\n"), "{head}");
    }
}
