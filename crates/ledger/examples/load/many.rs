//! More of what a store has than anybody wants to wait for: copied by the store itself.

use std::time::Instant;

use anyhow::Result;
use outrigger_ledger::Store;
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, SqliteConnection};

/// What a sum is made of, as `migrations/0001_ledger.sql` has it.
const MEASURES: [&str; 21] = [
    "requests",
    "attempts",
    "saved",
    "estimated",
    "partial",
    "nano",
    "nano_estimated",
    "nano_list",
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "input_audio",
    "input_image",
    "output",
    "reasoning",
    "output_audio",
    "output_image",
    "took_ms",
    "first_token_ms",
    "first_tokens",
];

/// Has each record `copies` times in the store, and `sums` times in sums.
pub(crate) async fn multiply(store: &Store, copies: u32, sums: u32) -> Result<()> {
    if copies <= 1 && sums <= 1 {
        return Ok(());
    }
    let begin = Instant::now();
    match store {
        Store::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await?;
            // What is lost with the machine is made again.
            connection.execute("PRAGMA synchronous = OFF").await?;
            connection.execute("PRAGMA cache_size = -262144").await?;
            all(&mut connection, copies, sums).await?;
        }
        Store::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await?;
            connection.execute("SET synchronous_commit = off").await?;
            all(&mut connection, copies, sums).await?;
            connection.execute("ANALYZE").await?;
        }
    }
    println!("each record {copies} times, and {sums} times in sums: {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

async fn all<C>(connection: &mut C, copies: u32, sums: u32) -> Result<()>
where
    for<'c> &'c mut C: Executor<'c>,
{
    for copy in 1..copies {
        for sql in copied(copy) {
            connection.execute(AssertSqlSafe(sql)).await?;
        }
    }
    let set: Vec<String> = MEASURES.iter().map(|name| format!("{name} = {name} * {sums}")).collect();
    connection.execute(AssertSqlSafe(format!("UPDATE rollups SET {}", set.join(", ")))).await?;
    Ok(())
}

/// The first epochs and their records once more, behind all others: a copy's name has a dash.
fn copied(copy: u32) -> [String; 2] {
    let first = "(SELECT MAX(id) FROM epochs WHERE epoch NOT LIKE '%-%')";
    [
        format!(
            "INSERT INTO epochs (id, epoch, namespace, service_account, pod, node, version, started_ms, heard_ms, issued, \
             dropped_below, closed, lost, settled, came) \
             SELECT id + {copy} * {first}, epoch || '-{copy}', namespace, service_account, pod, node, version, started_ms, \
             heard_ms, issued, dropped_below, closed, lost, settled, came FROM epochs WHERE epoch NOT LIKE '%-%'"
        ),
        format!(
            "INSERT INTO records (epoch, seq, day, at_ms, received_ms, marks, nano, attempts, id, series, person, session, body) \
             SELECT epoch + {copy} * {first}, seq, day, at_ms, received_ms, marks, nano, attempts, id || '-{copy}', series, \
             person, session, body FROM records WHERE epoch <= {first}"
        ),
    ]
}
