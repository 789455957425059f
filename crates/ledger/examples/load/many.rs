//! More of what a store has than anybody wants to wait for: copied by the store itself.

use std::time::Instant;

use anyhow::Result;
use jiff::{ToSpan as _, civil::Date};
use outrigger_ledger::Store;
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, SqliteConnection};

const DAY_MS: i64 = 86_400_000;

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

/// What is made more of, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies {
    /// So often each record is there in the end.
    pub(crate) records: u32,
    /// So often it counts in sums.
    pub(crate) sums: u32,
    /// Days that the traffic lasts: each copy lies so many days before the one before it.
    pub(crate) days: i64,
    /// The day on which it begins, since 1970.
    pub(crate) first_day: i64,
}

/// Makes older traffic of what there is: records with epochs of their own, and the sums that they and others would have left.
pub(crate) async fn multiply(store: &Store, copies: Copies) -> Result<()> {
    if copies.records <= 1 && copies.sums <= 1 {
        return Ok(());
    }
    let begin = Instant::now();
    match store {
        Store::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await?;
            // What is lost with the machine is made again.
            connection.execute("PRAGMA synchronous = OFF").await?;
            connection.execute("PRAGMA cache_size = -262144").await?;
            all(&mut connection, copies).await?;
        }
        Store::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await?;
            connection.execute("SET synchronous_commit = off").await?;
            all(&mut connection, copies).await?;
            connection.execute("VACUUM ANALYZE").await?;
        }
    }
    let Copies { records, sums, .. } = copies;
    println!("each record {records} times, and {sums} times in sums: {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

async fn all<C>(connection: &mut C, copies: Copies) -> Result<()>
where
    for<'c> &'c mut C: Executor<'c>,
{
    for copy in 1..copies.records {
        for sql in copied(copy, copies.days) {
            connection.execute(AssertSqlSafe(sql)).await?;
        }
    }
    // The oldest first, as they would have come.
    for copy in (1..copies.sums).rev() {
        connection.execute(AssertSqlSafe(older(copy, copies))).await?;
    }
    for sql in months(copies)? {
        connection.execute(AssertSqlSafe(sql)).await?;
    }
    Ok(())
}

/// The first epochs and their records once more, behind all others: a copy's name has a dash.
fn copied(copy: u32, days: i64) -> [String; 2] {
    let first = "(SELECT MAX(id) FROM epochs WHERE epoch NOT LIKE '%-%')";
    let (days, ms) = (i64::from(copy) * days, i64::from(copy) * days * DAY_MS);
    [
        format!(
            "INSERT INTO epochs (id, epoch, namespace, service_account, pod, node, version, started_ms, heard_ms, issued, \
             dropped_below, closed, lost, settled, came) \
             SELECT id + {copy} * {first}, epoch || '-{copy}', namespace, service_account, pod, node, version, \
             started_ms - {ms}, heard_ms - {ms}, issued, dropped_below, closed, lost, settled, came FROM epochs \
             WHERE epoch NOT LIKE '%-%'"
        ),
        format!(
            "INSERT INTO records (epoch, seq, day, at_ms, received_ms, marks, nano, attempts, id, series, person, session, body) \
             SELECT epoch + {copy} * {first}, seq, day - {days}, at_ms - {ms}, received_ms - {ms}, marks, nano, attempts, \
             id || '-{copy}', series, person, session, body FROM records WHERE epoch <= {first}"
        ),
    ]
}

/// The sums of hours and days once more.
fn older(copy: u32, Copies { days, first_day, .. }: Copies) -> String {
    let days = i64::from(copy) * days;
    let measures = MEASURES.join(", ");
    format!(
        "INSERT INTO rollups (span, start, adjustment, series, {measures}) \
         SELECT span, start - CASE span WHEN 0 THEN {} ELSE {days} END, adjustment, series, {measures} FROM rollups \
         WHERE span = 0 AND start >= {} OR span = 1 AND start >= {first_day}",
        days * 24,
        first_day * 24
    )
}

/// The sums of months anew, from those of days.
fn months(Copies { sums, days, first_day, .. }: Copies) -> Result<Vec<String>> {
    let date = |day: i64| -> Result<Date> { Ok(Date::constant(1970, 1, 1).checked_add(day.days())?) };
    let mut month = date(first_day - i64::from(sums - 1) * days)?.first_of_month();
    let end = date(first_day + days)?;
    let sum: Vec<String> = MEASURES.iter().map(|name| format!("SUM({name})")).collect();
    let mut all = vec!["DELETE FROM rollups WHERE span = 2".to_owned()];
    while month < end {
        let next = month.checked_add(1.month())?;
        let day = |date: Date| -> Result<i32> { Ok((date - Date::constant(1970, 1, 1)).get_days()) };
        all.push(format!(
            "INSERT INTO rollups (span, start, adjustment, series, {}) SELECT 2, {}, adjustment, series, {} FROM rollups \
             WHERE span = 1 AND start >= {} AND start < {} GROUP BY adjustment, series",
            MEASURES.join(", "),
            i32::from(month.year()) * 12 + i32::from(month.month()) - 1,
            sum.join(", "),
            day(month)?,
            day(next)?
        ));
        month = next;
    }
    Ok(all)
}
