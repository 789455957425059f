//! Lines on their way to whoever reads them, never faster than they are read and never at the expense of who wrote them
//! (H1): a buffer of bounded size, and a thread that empties it. What does not fit is dropped and counted.
//!
//! Ours, since what there is (`tracing-appender`) bounds lines and not bytes, allocates each, makes a system call for each
//! and may wait for more than a second at the end.

use std::{
    io::{ErrorKind, Write},
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// Most bytes that wait to be written; as many may be on their way at the same time.
pub(crate) const LIMIT: usize = 256 << 10;

/// Room that is kept for the next lines: more is given back.
const KEPT: usize = 16 << 10;

/// How long leaving waits for the last lines to be taken.
const FAREWELL: Duration = Duration::from_millis(200);

/// How long to wait where a reader that must not be waited for (`O_NONBLOCK`) takes no more.
const FULL: Duration = Duration::from_millis(20);

/// The lines that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lines: Mutex<Lines>,
    /// There is something to write.
    more: Condvar,
    /// Everything has been written.
    done: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Lines {
    waiting: Vec<u8>,
    /// Some were taken out and are not written yet.
    writing: bool,
}

impl Queue {
    /// Adds `line`, or drops it where there is no room.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut lines = self.lock();
        if lines.waiting.len() + line.len() > LIMIT {
            drop(lines);
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        let slept = lines.waiting.is_empty();
        lines.waiting.extend_from_slice(line);
        drop(lines);
        if slept {
            self.more.notify_one();
        }
    }

    /// How many lines nobody will read.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Waits until all has been written, for [`FAREWELL`] at the most.
    pub(crate) fn flush(&self) {
        let left = |lines: &mut Lines| lines.writing || !lines.waiting.is_empty();
        drop(self.done.wait_timeout_while(self.lock(), FAREWELL, left));
    }

    /// Writes to `out` for ever; `told` is told how many more lines were dropped, once some could be written again.
    fn empty_into(&self, out: &mut impl Write, mut told: impl FnMut(u64)) {
        let (mut taken, mut known) = (Vec::new(), 0);
        loop {
            let empty = |lines: &mut Lines| lines.waiting.is_empty();
            let mut lines = self.more.wait_while(self.lock(), empty).unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut lines.waiting, &mut taken);
            lines.writing = true;
            drop(lines);
            let lost = write(out, &taken);
            self.dropped.fetch_add(lost, Relaxed);
            taken.clear();
            taken.shrink_to(KEPT);
            let dropped = self.dropped();
            if lost == 0 && dropped > known {
                told(dropped - known);
                known = dropped;
            }
            self.lock().writing = false;
            self.done.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread `name` that empties `queue` into `out`. Without one, which the system may refuse, lines are dropped.
pub(crate) fn start(
    queue: &Arc<Queue>,
    name: &str,
    mut out: impl Write + Send + 'static,
    told: impl FnMut(u64) + Send + 'static,
) {
    let queue = queue.clone();
    // A few calls deep, and nothing of it grows.
    let thread = thread::Builder::new().name(name.to_owned()).stack_size(128 << 10);
    drop(thread.spawn(move || queue.empty_into(&mut out, told)));
}

/// Writes `bytes`, and says how many lines of them could not be.
fn write(out: &mut impl Write, mut bytes: &[u8]) -> u64 {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => break,
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
            Err(_) => break,
        }
    }
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::mpsc::{Receiver, Sender, channel},
    };

    use super::*;

    /// A reader that takes a piece when it is told to.
    struct Slow(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            self.1.send(bytes.to_vec()).map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_stalled_reader_does_not_take_is_dropped_counted_and_said_when_it_reads_again() {
        let queue = Arc::new(Queue::default());
        let ((go, wait), (read, taken), (say, said)) = (channel(), channel(), channel());
        let writer = queue.clone();
        thread::spawn(move || writer.empty_into(&mut Slow(wait, read), |lost| say.send(lost).unwrap()));
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        queue.push(&line);
        while !queue.lock().writing {
            thread::yield_now();
        }
        // The first is on its way; of the next, as many wait as there is room for.
        let room = LIMIT / line.len();
        (0..room + 5).for_each(|_| queue.push(&line));
        assert_eq!((queue.dropped(), queue.lock().waiting.len()), (5, LIMIT));
        // Leaving does not wait for whoever does not read.
        queue.flush();
        assert!(queue.lock().writing);
        (0..2).for_each(|_| go.send(()).unwrap());
        assert_eq!((taken.recv().unwrap().len(), taken.recv().unwrap().len()), (line.len(), LIMIT));
        assert_eq!(said.recv().unwrap(), 5);
        queue.flush();
        assert!(!queue.lock().writing);
    }

    #[test]
    fn lines_that_a_broken_reader_cannot_take_are_counted() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(write(&mut Broken, b"one\ntwo\n"), 2);
    }
}
