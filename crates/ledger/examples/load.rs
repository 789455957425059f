//! Fills a ledger with made-up traffic, holds it against its books, and says how fast it was and how fast it answers.
//!
//! `cargo run --release -p outrigger-ledger --example load -- sqlite:/tmp/ledger.db --sidecars 1000 --requests 1000`
//!
//! With `--days 9 --copies 10 --sums 100` of these million requests there are ten million records of 90 days and sums of a hundred
//! million of 900: the store makes the older ones of what was told, by statements of its own.

#![allow(clippy::print_stdout)]

#[path = "load/ask.rs"]
mod ask;
#[path = "load/many.rs"]
mod many;
#[path = "../src/tests/traffic.rs"]
mod traffic;

use std::{sync::Arc, time::Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use jiff::{civil::Date, tz::TimeZone};
use many::Copies;
use outrigger_api::ledger::AppendRequest;
use outrigger_ledger::{Dimension, Error, Ledger, Query, Settings, Stamp, Store};
use prost::Message as _;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use tokio::{sync::Semaphore, task::JoinSet};
use traffic::{Books, Known, Shape};

#[derive(Parser)]
struct Args {
    /// `sqlite:PATH` or `postgres://USER@HOST/DATABASE`; it should be empty.
    store: Store,
    /// Processes that tell.
    #[arg(long, default_value_t = 1_000)]
    sidecars: u64,
    /// Requests of each.
    #[arg(long, default_value_t = 100)]
    requests: u64,
    /// Days that the traffic is spread over.
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// Entries of a batch.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Processes that tell at the same time, each with one batch under way.
    #[arg(long, default_value_t = 100)]
    together: usize,
    /// The day on which it begins; that of the ledger's program must be less than 90 days later to keep all records.
    #[arg(long, default_value = "2026-09-01")]
    from: Date,
    /// So often each record is there in the end: what is more than one is copied within the store, each copy before the last,
    /// in epochs of its own.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// So often it counts in sums; no fewer than its copies.
    #[arg(long, default_value_t = 1)]
    sums: u32,
    /// Fill nothing: ask what is there.
    #[arg(long)]
    ask: bool,
    /// Times of each question.
    #[arg(long, default_value_t = 3)]
    times: usize,
}

const DAY: u64 = 86_400_000;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let args = Args::parse();
    let start_ms = u64::try_from(args.from.to_zoned(TimeZone::UTC)?.timestamp().as_millisecond())?;
    let shape =
        Shape { seed: 11, sidecars: args.sidecars, requests: args.requests, start_ms, length_ms: args.days * DAY };
    let mut ledger = Ledger::open(&args.store, Settings::default()).await?;
    if !args.ask {
        let books = fill(&ledger, &args, shape).await?;
        compare(&ledger, &shape, &books).await?;
        let before = total(&ledger, &shape).await?;
        ledger.shut().await;
        let sums = args.sums.max(args.copies);
        let (days, first_day) = (i64::try_from(args.days)?, i64::try_from(start_ms / DAY)?);
        many::multiply(&args.store, Copies { records: args.copies, sums, days, first_day }).await?;
        ledger = Ledger::open(&args.store, Settings::default()).await?;
        ensure!(total(&ledger, &shape).await? == before * i128::from(sums), "the sums are not {sums} times as large");
    }
    ask::all(&ledger, (shape.start_ms + shape.length_ms) as i64, args.times).await?;
    ledger.shut().await;
    bare(&args.store).await
}

/// Has all processes tell, and adds up what they told.
async fn fill(ledger: &Ledger, args: &Args, shape: Shape) -> Result<Books> {
    let room = Arc::new(Semaphore::new(args.together));
    let mut tasks = JoinSet::new();
    let begin = Instant::now();
    for number in 0..shape.sidecars {
        let room = Arc::clone(&room).acquire_owned().await?;
        let (ledger, batch) = (ledger.clone(), args.batch);
        tasks.spawn(async move {
            let _room = room;
            let mut books = Books::new();
            let sidecar = traffic::sidecar(&shape, number, &mut books);
            let end = shape.start_ms + shape.length_ms;
            let last = sidecar.entries.chunks(batch).count() - 1;
            let mut bytes = 0;
            for (at, chunk) in sidecar.entries.chunks(batch).enumerate() {
                let batch = sidecar.batch(chunk.to_vec(), end, at == last);
                bytes += batch.encoded_len();
                tell(&ledger, &sidecar.namespace, batch, end).await?;
            }
            anyhow::Ok((books, sidecar.entries.len(), bytes))
        });
    }
    let (mut books, mut entries, mut bytes) = (Books::new(), 0, 0);
    while let Some(told) = tasks.join_next().await {
        let (some, count, length) = told??;
        for (key, known) in some {
            add(books.entry(key).or_default(), &known);
        }
        entries += count;
        bytes += length;
    }
    let took = begin.elapsed().as_secs_f64();
    let requests = (shape.sidecars * shape.requests) as f64;
    println!(
        "{requests} requests, {entries} entries in {took:.1} s: {:.0} requests/s, {:.0} entries/s",
        requests / took,
        entries as f64 / took
    );
    println!("on the wire: {:.0} bytes a request", bytes as f64 / requests);
    Ok(books)
}

/// Sends a batch, again where too much waits.
async fn tell(ledger: &Ledger, namespace: &str, batch: AppendRequest, at_ms: u64) -> Result<()> {
    let stamp =
        Stamp { namespace: namespace.into(), service_account: Some("default".into()), received_at_ms: at_ms as i64 };
    loop {
        match ledger.append(stamp.clone(), batch.clone()).await {
            Ok(_) => return Ok(()),
            Err(Error::Busy(_)) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(why) => return Err(why.into()),
        }
    }
}

fn add(to: &mut Known, other: &Known) {
    let Known { requests, attempts, input, output, nano, unpriced, unknown, saved } = other;
    to.requests += requests;
    to.attempts += attempts;
    to.input += input;
    to.output += output;
    to.nano += nano;
    to.unpriced += unpriced;
    to.unknown += unknown;
    to.saved += saved;
}

/// The ledger against the books of whoever made the traffic.
async fn compare(ledger: &Ledger, shape: &Shape, books: &Books) -> Result<()> {
    let end = (shape.start_ms + shape.length_ms) as i64;
    let query = Query::between(shape.start_ms as i64, end).by([Dimension::Team, Dimension::Model]);
    let usage = ledger.usage(&query).await?;
    let mut sum = Known::default();
    books.values().for_each(|known| add(&mut sum, known));
    let total = usage.total;
    let found = Known {
        requests: total.booked.requests,
        attempts: total.booked.attempts,
        input: total.booked.input,
        output: total.booked.output,
        nano: total.booked.nano,
        unpriced: total.unpriced.attempts,
        unknown: total.unknown.attempts,
        saved: total.booked.saved,
    };
    ensure!(found == sum, "the ledger has {found:?}, the books have {sum:?}");
    ensure!(ledger.gaps(None, end).await?.is_empty(), "something is missing");
    println!("the ledger is what was made, to the token and the nano-dollar: {} nano-dollars, no gap", sum.nano);
    Ok(())
}

/// All that was booked, in nano-dollars.
async fn total(ledger: &Ledger, shape: &Shape) -> Result<i128> {
    let end = (shape.start_ms + shape.length_ms) as i64;
    Ok(ledger.usage(&Query::between(0, end)).await?.total.nano())
}

/// What the store does without a ledger: how large it is, rows written with nothing beside them, and all records read.
async fn bare(store: &Store) -> Result<()> {
    const ROWS: &str = "INSERT INTO bare SELECT epoch, seq, body FROM records LIMIT 200000";
    const TABLE: &str = "CREATE TABLE bare (epoch BIGINT NOT NULL, seq BIGINT NOT NULL, body BYTEA NOT NULL)";
    const SCAN: &str = "SELECT COUNT(*), CAST(SUM(nano) AS BIGINT), CAST(SUM(LENGTH(body)) AS BIGINT) FROM records";
    let (size, records, body, scan, inserted): (i64, i64, i64, f64, f64) = match store {
        Store::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await?;
            let begin = Instant::now();
            let (records, _, body): (i64, i64, i64) = sqlx::query_as(SCAN).fetch_one(&mut connection).await?;
            let scan = begin.elapsed().as_secs_f64();
            let (pages,): (i64,) =
                sqlx::query_as("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
                    .fetch_one(&mut connection)
                    .await?;
            connection.execute(TABLE).await?;
            let begin = Instant::now();
            connection.execute(ROWS).await?;
            let inserted = begin.elapsed().as_secs_f64();
            connection.execute("DROP TABLE bare").await?;
            (pages, records, body, scan, inserted)
        }
        Store::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await?;
            let begin = Instant::now();
            let (records, _, body): (i64, i64, i64) = sqlx::query_as(SCAN).fetch_one(&mut connection).await?;
            let scan = begin.elapsed().as_secs_f64();
            let (size,): (i64,) =
                sqlx::query_as("SELECT pg_database_size(current_database())").fetch_one(&mut connection).await?;
            connection.execute(TABLE).await?;
            let begin = Instant::now();
            connection.execute(ROWS).await?;
            let inserted = begin.elapsed().as_secs_f64();
            connection.execute("DROP TABLE bare").await?;
            (size, records, body, scan, inserted)
        }
    };
    let of = |bytes: i64| bytes as f64 / records as f64;
    println!("{records} records: {:.0} bytes of the store each, {:.0} of them the message", of(size), of(body));
    println!("bare scan of all records: {:.1} ms", scan * 1e3);
    println!("bare insert, within the store: {:.0} rows/s", records.min(200_000) as f64 / inserted);
    Ok(())
}
