//! Questions, and how long they take.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use outrigger_ledger::{Ledger, Query};

const DAY: i64 = 86_400_000;

/// Asks what can be asked about traffic that ends at `end`, some times each, and prints the slowest.
pub(crate) async fn all(ledger: &Ledger, end: i64, times: usize) -> Result<()> {
    let questions = [
        "since=90d",
        "since=90d&by=team,route,model",
        "since=90d&by=day,model",
        "since=90d&by=workload,route,model,outcome,source&where=team=team-1&order=cost",
        "since=4w&by=hour",
        "since=93d&by=hour",
        "since=7d&by=hour,team,model",
        "since=1080d&by=day",
        "since=1080d&by=day,team",
        "since=1080d&by=quarter,team,model",
        "since=1080d&by=namespace,team,workload,route,provider,model,outcome,source",
        "since=1h&by=user&order=cost",
        "since=24h&by=user&order=cost",
        "since=24h&by=tag:job,team",
        "since=90d&by=tag:job&where=user=h:00000000000000000000000000000001",
        "since=90d&by=session",
        "since=90d&by=session&where=session=nobody",
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
    report(ledger, end).await?;
    let begin = Instant::now();
    let dearest = ledger.most_expensive(end - 90 * DAY, end, None, 20).await?;
    println!("{:8.1} ms  the {} dearest", begin.elapsed().as_secs_f64() * 1e3, dearest.len());
    let id = dearest.first().context("there is no record")?.record.id.clone();
    let begin = Instant::now();
    ensure!(ledger.generation(&id, None).await?.is_some(), "{id} is not there");
    println!("{:8.1} ms  one by its id", begin.elapsed().as_secs_f64() * 1e3);
    let begin = Instant::now();
    let activity = ledger.activity(end - 30 * DAY, end, None).await?;
    println!("{:8.1} ms  activity of 30 days: {} rows", begin.elapsed().as_secs_f64() * 1e3, activity.len());
    let begin = Instant::now();
    let gaps = ledger.gaps(None, end).await?.len();
    println!("{:8.1} ms  gaps: {gaps}", begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Asks all that `outrigger report` asks about the last quarter that is over.
async fn report(ledger: &Ledger, end: i64) -> Result<()> {
    let begin = Instant::now();
    let quarter = Query::parse([("by", "quarter"), ("since", "92d"), ("limit", "1")], end)?;
    let quarter = ledger.usage(&quarter).await?.rows.pop().and_then(|mut row| row.names.pop());
    let quarter = quarter.context("there is no quarter")?;
    let words =
        ["", "", "day,vendor", "month", "team", "route,vendor,model,source", "workload", "provider,vendor,outcome", ""];
    for by in words {
        let query = Query::parse([("period", quarter.as_str()), ("by", by)], end)?;
        ledger.usage(&query).await?;
    }
    let Query { since_ms, until_ms, .. } = Query::parse([("period", quarter.as_str())], end)?;
    ledger.most_expensive(since_ms, until_ms, None, 10).await?;
    println!("{:8.1} ms  all of a report about {quarter}", begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
