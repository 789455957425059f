//! The callers: so many connections, each sending its next request when the last was answered, every answer checked.

use std::{
    cell::RefCell,
    io::{BufRead as _, Write as _},
    rc::Rc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use memchr::memmem;
use tokio::sync::Barrier;

use super::{
    answers::{LAST_WORDS, STAMP, STAMP_DIGITS},
    clock,
    job::{Expect, Job, Outcome, Summary, Until},
    wire::Connection,
};

/// No request of any lane takes this long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// Does the jobs on standard input, one after the other, on one thread.
pub(super) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?).context("a job that cannot be read")?;
        let outcome = tokio::task::LocalSet::new().block_on(&runtime, perform(job));
        writeln!(out, "{}", serde_json::to_string(&outcome)?)?;
        out.flush()?;
    }
    Ok(())
}

/// What all connections of a job share.
struct Shared {
    job: Job,
    requests: Vec<Vec<u8>>,
    warm: Vec<u8>,
    next: RefCell<usize>,
    samples: RefCell<Samples>,
    begun: RefCell<Option<Duration>>,
    ended: RefCell<Duration>,
    outcome: RefCell<Outcome>,
}

/// Nanoseconds.
#[derive(Default)]
struct Samples {
    latency: Vec<i64>,
    first: Vec<i64>,
    transit: Vec<i64>,
    gap: Vec<i64>,
}

async fn perform(job: Job) -> Outcome {
    let shared = Rc::new(Shared {
        requests: job.bodies.iter().map(|body| job.request(body)).collect(),
        warm: job.request(&job.warm_body),
        next: RefCell::default(),
        samples: RefCell::default(),
        begun: RefCell::default(),
        ended: RefCell::default(),
        outcome: RefCell::default(),
        job,
    });
    let barrier = Rc::new(Barrier::new(shared.job.connections));
    let callers: Vec<_> = (0..shared.job.connections)
        .map(|number| tokio::task::spawn_local(caller(shared.clone(), barrier.clone(), number)))
        .collect();
    for caller in callers {
        if caller.await.is_err() {
            shared.outcome.borrow_mut().failed += 1;
        }
    }
    let mut outcome = shared.outcome.take();
    let samples = shared.samples.take();
    let begun = shared.begun.borrow().unwrap_or_default();
    outcome.seconds = shared.ended.borrow().saturating_sub(begun).as_secs_f64();
    outcome.latency = Summary::of(samples.latency);
    outcome.first = Summary::of(samples.first);
    outcome.transit = Summary::of(samples.transit);
    outcome.gap = Summary::of(samples.gap);
    outcome
}

async fn caller(shared: Rc<Shared>, barrier: Rc<Barrier>, number: usize) {
    let warmed = warm(&shared).await;
    // Everybody comes here, or nobody would go on.
    barrier.wait().await;
    let done = match warmed {
        Ok(mut connection) => measure(&shared, &mut connection, number).await,
        Err(error) => Err(error),
    };
    if let Err(error) = done {
        let mut outcome = shared.outcome.borrow_mut();
        outcome.failed += 1;
        outcome.first_failure.get_or_insert(format!("{error:#}"));
    }
}

async fn warm(shared: &Shared) -> Result<Connection> {
    let mut connection = Connection::open(shared.job.addr).await?;
    let mut body = Vec::new();
    for _ in 0..shared.job.warm {
        one(shared, &mut connection, &shared.warm, &mut body).await?;
        shared.outcome.borrow_mut().warmed += 1;
    }
    Ok(connection)
}

async fn measure(shared: &Shared, connection: &mut Connection, number: usize) -> Result<()> {
    tokio::time::sleep(Duration::from_micros(shared.job.stagger_us * number as u64)).await;
    let begun = *shared.begun.borrow_mut().get_or_insert_with(clock::now);
    let mut body = Vec::new();
    for sent in 0.. {
        let go_on = match shared.job.until {
            Until::Seconds(seconds) => clock::now() < begun + Duration::from_secs_f64(seconds),
            Until::Each(requests) => sent < requests,
        };
        if !go_on {
            break;
        }
        let turn = shared.next.replace_with(|turn| *turn + 1);
        let request = &shared.requests[turn % shared.requests.len()];
        let (start, end, seen) = one(shared, connection, request, &mut body).await?;
        let wanted = shared.job.head_has.as_bytes();
        if !wanted.is_empty() && memmem::find(&connection.head, wanted).is_none() {
            bail!("no {:?} in the head of an answer", shared.job.head_has);
        }
        let mut samples = shared.samples.borrow_mut();
        samples.latency.push((end - start).as_nanos() as i64);
        if let Some(&(first, _)) = seen.first() {
            samples.first.push((first - start).as_nanos() as i64);
        }
        let transits: Vec<i64> =
            seen.iter().map(|(came, left)| came.as_nanos() as i64 - left.as_nanos() as i64).collect();
        samples.gap.extend(transits.windows(2).map(|pair| pair[1] - pair[0]));
        samples.transit.extend(transits);
        shared.outcome.borrow_mut().answered += 1;
        *shared.ended.borrow_mut() = end;
    }
    Ok(())
}

/// When it came, when it left.
type Seen = Vec<(Duration, Duration)>;

/// One request whose answer is right.
async fn one(
    shared: &Shared,
    connection: &mut Connection,
    request: &[u8],
    body: &mut Vec<u8>,
) -> Result<(Duration, Duration, Seen)> {
    let events = matches!(shared.job.expect, Expect::Events(..));
    let (mut at, mut seen) = (0, Seen::new());
    let start = clock::now();
    let exchanged = connection.exchange(request, body, |body, came| {
        if events {
            stamps(body, &mut at, |left| seen.push((came, left)));
        }
    });
    let status = tokio::time::timeout(PATIENCE, exchanged).await.context("no answer in time")??;
    let end = clock::now();
    if status != 200 {
        bail!("status {status}: {}", excerpt(body));
    }
    match &shared.job.expect {
        Expect::Whole(bytes) => {
            if body.len() < *bytes || memmem::rfind(body, LAST_WORDS.as_bytes()).is_none() {
                bail!("{} bytes where {bytes} were due: {}", body.len(), excerpt(body));
            }
        }
        Expect::Events(count, last) => {
            shared.outcome.borrow_mut().lost += count.saturating_sub(seen.len());
            if seen.len() != *count || !body.ends_with(last.as_bytes()) {
                bail!("{} events where {count} were due, or no end: {}", seen.len(), excerpt(body));
            }
            if seen.windows(2).any(|pair| pair[0].1 > pair[1].1) {
                bail!("events in another order than they were sent");
            }
        }
    }
    Ok((start, end, seen))
}

/// Calls `found` for every complete stamp from `at` on, and moves `at` behind them.
pub(crate) fn stamps(body: &[u8], at: &mut usize, mut found: impl FnMut(Duration)) {
    while let Some(next) = memchr::memchr(STAMP, &body[*at..]) {
        let begin = *at + next;
        let Some(digits) = body.get(begin + 1..begin + 1 + STAMP_DIGITS) else {
            *at = begin;
            return;
        };
        let nanos = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        if let Some(nanos) = nanos {
            found(Duration::from_nanos(nanos));
        }
        *at = begin + 1 + STAMP_DIGITS;
    }
    *at = body.len();
}

pub(crate) fn excerpt(body: &[u8]) -> String {
    let end = &body[body.len().saturating_sub(300)..];
    String::from_utf8_lossy(end).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_once_however_the_body_grows() {
        let whole = b"..@00000000000000012..@00000000000000013!";
        let (mut at, mut found) = (0, Vec::new());
        for end in 0..=whole.len() {
            stamps(&whole[..end], &mut at, |left| found.push(left.as_nanos()));
        }
        assert_eq!(found, [12, 13]);
    }
}
