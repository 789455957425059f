//! Fills a ledger with made-up traffic, holds it against its books, and says how fast it was and how fast it answers.
//!
//! `cargo run --release -p outrigger-ledger --example load -- sqlite:/tmp/ledger.db --sidecars 1000 --requests 1000`
//!
//! With `--copies 10 --sums 100` of these million requests there are ten million records and sums of a hundred million: the store
//! makes them of what was told, by statements of its own.

#![allow(clippy::print_stdout)]

#[path = "load/many.rs"]
mod many;
#[path = "../src/tests/traffic.rs"]
mod traffic;

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
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
    /// So often each record is there in the end: what is more than one is copied within the store, in epochs of its own.
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

/// The 1st of September 2026.
const START: u64 = 1_788_220_800_000;
const DAY: u64 = 86_400_000;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let args = Args::parse();
    let shape = Shape {
        seed: 11,
        sidecars: args.sidecars,
        requests: args.requests,
        start_ms: START,
        length_ms: args.days * DAY,
    };
    let mut ledger = Ledger::open(&args.store, Settings::default()).await?;
    if !args.ask {
        let books = fill(&ledger, &args, shape).await?;
        compare(&ledger, &shape, &books).await?;
        let before = total(&ledger, &shape).await?;
        ledger.shut().await;
        let sums = args.sums.max(args.copies);
        many::multiply(&args.store, args.copies, sums).await?;
        ledger = Ledger::open(&args.store, Settings::default()).await?;
        ensure!(total(&ledger, &shape).await? == before * i128::from(sums), "the sums are not {sums} times as large");
    }
    ask(&ledger, &shape, args.times).await?;
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
    Ok(ledger.usage(&Query::between(shape.start_ms as i64, end)).await?.total.nano())
}

/// Asks, some times each, and prints the slowest.
async fn ask(ledger: &Ledger, shape: &Shape, times: usize) -> Result<()> {
    let end = (shape.start_ms + shape.length_ms) as i64;
    let day = DAY as i64;
    let questions = [
        "since=90d",
        "since=90d&by=team,route,model",
        "since=90d&by=day,model",
        "since=90d&by=workload,route,model,outcome,source&where=team=team-1&order=cost",
        "since=4w&by=hour",
        "period=2026-Q3&by=month,vendor",
        "since=2024-01-01&by=quarter,team,model",
        "since=1h&by=user&order=cost",
        "since=30d&by=tag:job&where=user=h:00000000000000000000000000000001",
    ];
    for question in questions {
        let pairs = question.split('&').filter_map(|pair| pair.split_once('='));
        let query = Query::parse(pairs, end)?;
        let mut slowest = 0.0_f64;
        let mut said = String::new();
        for _ in 0..times {
            let begin = Instant::now();
            said = match ledger.usage(&query).await {
                Ok(usage) => format!("{} groups, {} requests", usage.groups, usage.total.sums().requests),
                Err(why) => why.to_string(),
            };
            slowest = slowest.max(begin.elapsed().as_secs_f64());
        }
        println!("{:8.1} ms  {question}: {said}", slowest * 1e3);
    }
    let begin = Instant::now();
    let dearest = ledger.most_expensive(shape.start_ms as i64, end, None, 20).await?;
    println!("{:8.1} ms  the {} dearest", begin.elapsed().as_secs_f64() * 1e3, dearest.len());
    let id = dearest.first().context("there is no record")?.record.id.clone();
    let begin = Instant::now();
    ensure!(ledger.generation(&id, None).await?.is_some(), "{id} is not there");
    println!("{:8.1} ms  one by its id", begin.elapsed().as_secs_f64() * 1e3);
    let begin = Instant::now();
    let activity = ledger.activity(end - 30 * day, end, None).await?;
    println!("{:8.1} ms  activity of 30 days: {} rows", begin.elapsed().as_secs_f64() * 1e3, activity.len());
    let begin = Instant::now();
    let gaps = ledger.gaps(None, end).await?.len();
    println!("{:8.1} ms  gaps: {gaps}", begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
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
