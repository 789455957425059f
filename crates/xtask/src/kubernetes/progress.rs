//! What is seen of a build that takes minutes.

use std::{
    io::{BufRead as _, BufReader, Read},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How often a line is printed.
const EVERY: Duration = Duration::from_secs(10);

/// Reads what `go build -v` writes to its standard error until it ends: the packages as they are compiled are counted, and
/// everything else is returned, for whoever has to say why it failed.
pub(crate) fn follow(stderr: impl Read + Send + 'static, total: usize) -> Vec<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(stderr).split(b'\n').map_while(Result::ok);
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).try_for_each(|line| send.send(line))
    });
    let began = Instant::now();
    let (mut compiled, mut said) = (0, Vec::new());
    let mut next = began + EVERY;
    loop {
        match lines.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(line) if is_package(&line) => compiled += 1,
            Ok(line) => said.push(line),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = began.elapsed().as_secs();
                println!("  {compiled} of about {total} packages compiled, {seconds} s");
                next += EVERY;
            }
            Err(RecvTimeoutError::Disconnected) => return said,
        }
    }
}

/// A line that is nothing but an import path: `k8s.io/kubernetes/pkg/kubeapiserver`, or `fmt`.
fn is_package(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_and_complaints_kept() {
        let text = "fmt\nk8s.io/api/core/v1\n# k8s.io/api/core/v1\ngo: no space left on device\n";
        assert_eq!(follow(std::io::Cursor::new(text), 2), ["# k8s.io/api/core/v1", "go: no space left on device"]);
        assert!(is_package("gopkg.in/evanphx/json-patch.v4") && !is_package("x.go:1:2: undefined: y"));
    }
}
