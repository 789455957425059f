//! `outrigger-control-plane check`: whether pages answer with 200, for an image that holds no other program that could ask.
//!
//! By hand and without encryption: the pages that are asked are `/readyz` of our own programs.

use std::{
    io::{Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use outrigger_telemetry::out;

use crate::config::CheckArgs;

/// How long one question may take.
const CALL: Duration = Duration::from_secs(3);
/// A pause before it is asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// What is read of an answer: its head, and the reasons why something is not ready.
const MOST: u64 = 16 * 1024;

pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<()> {
    let deadline = Instant::now() + args.within;
    for url in &args.urls {
        loop {
            match ask(url) {
                Ok(()) => break out::write(&format!("{url} is ready\n"))?,
                Err(error) if Instant::now() >= deadline => {
                    return Err(error.context(format!("{url} is not ready after {:?}", args.within)));
                }
                Err(_) => std::thread::sleep(AGAIN),
            }
        }
    }
    Ok(())
}

fn ask(url: &str) -> anyhow::Result<()> {
    let rest = url.strip_prefix("http://").context("not an address that begins with http://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let addresses = host.to_socket_addrs().with_context(|| format!("no address is known of {host}, as HOST:PORT"))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, CALL) {
            Ok(stream) => return read(stream, host, path),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error).context("nobody listens"),
        None => bail!("no address is known of {host}"),
    }
}

fn read(mut stream: TcpStream, host: &str, path: &str) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(CALL))?;
    stream.set_write_timeout(Some(CALL))?;
    // In one piece: `write!` would send it word by word.
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).context("no answer")?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let said = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body.trim());
    ensure!(answer.starts_with("HTTP/1.") && status == "200", "it answers {status}: {said}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Asks somebody who answers so.
    fn asked(answer: &'static str) -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/readyz", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 512];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let done = ask(&url);
        assert!(answering.join().unwrap().starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"));
        done
    }

    #[test]
    fn ready_is_200_and_nothing_else() {
        asked("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        let said = asked("HTTP/1.1 503 Service Unavailable\r\n\r\nauthority_pending\n").unwrap_err();
        assert_eq!(said.to_string(), "it answers 503: authority_pending");
        assert!(asked("SSH-2.0-x 200\r\n").is_err());
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (url, says) in [("https://a", "http://"), ("http://a", "HOST:PORT"), ("http://127.0.0.1:1/", "listens")] {
            let said = format!("{:#}", ask(url).unwrap_err());
            assert!(said.contains(says), "{said}");
        }
    }
}
