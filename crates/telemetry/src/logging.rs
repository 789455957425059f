//! One structured line per event on standard error, written by a thread of its own: whoever has something to say never
//! waits for whoever reads it (H1).

mod filter;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io, panic,
    sync::{Arc, LazyLock},
};

use tracing_subscriber::{
    Layer as _,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};

use crate::{
    family::{Family, Stability},
    queue::{self, Queue},
};

pub use filter::Filter;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON objects, for collectors.
    Json,
    /// For people.
    Text,
}

/// What there is to know of the log itself; every registry has it.
pub(crate) const DROPPED: Family = Family {
    name: "outrigger_log_lines_dropped_total",
    kind: "counter",
    labels: &[],
    help: "Log lines that were dropped because standard error was not read, or could not be written.",
    buckets: &[],
    stability: Stability::Stable,
};

/// The lines of this process.
static QUEUE: LazyLock<Arc<Queue>> = LazyLock::new(Arc::default);

/// How many lines of this process were dropped.
pub(crate) fn dropped() -> u64 {
    QUEUE.dropped()
}

/// The log of a program. Dropped, it waits a moment for the last lines to be read: keep it until the program ends.
#[derive(Debug)]
#[must_use = "what was said last is written when it is dropped"]
pub struct Log(());

impl Drop for Log {
    fn drop(&mut self) {
        QUEUE.flush();
    }
}

/// Installs the process-wide subscriber, and has panics say what they say in a line of it. A second call changes nothing.
pub fn init(format: Format, filter: &Filter) -> Log {
    let layer = fmt::layer().with_writer(Queued).with_target(false).log_internal_errors(false);
    let layer = match format {
        Format::Json => layer.json().flatten_event(true).boxed(),
        Format::Text => layer.compact().boxed(),
    };
    // Errors only if a subscriber is installed already: then that one stays, with its thread and its hook.
    if registry().with(layer.with_filter(filter.0.clone())).try_init().is_ok() {
        queue::start(&QUEUE, "log", io::stderr(), |lines| {
            tracing::warn!(lines, "log lines were dropped: standard error was not read fast enough");
        });
        panic::set_hook(Box::new(panicked));
    }
    Log(())
}

/// What the standard hook says, without its way of saying it: that one waits for the reader, with a lock held.
fn panicked(panic: &panic::PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("a panic that says nothing");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(at, thread = thread.name(), backtrace, "panicked: {said}");
}

/// Makes writers that put whole lines into the queue.
#[derive(Debug)]
struct Queued;

impl io::Write for Queued {
    /// The subscriber writes a line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        QUEUE.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Queued {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
