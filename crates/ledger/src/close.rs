//! Periods that never change again.

use serde::Serialize;

use crate::{
    db::{Cells, Db, Value},
    error::{Error, Result},
    period::Period,
    usage::among,
};

/// A month that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// `2026-09`.
    pub month: String,
    /// When, in milliseconds since 1970.
    pub closed_at_ms: i64,
    /// What was booked in it, in nano-dollars: what it says for ever.
    pub nano: i64,
    /// Requests that were booked in it.
    pub requests: i64,
}

impl Closed {
    fn from_cells(mut row: Cells) -> Result<Self> {
        Ok(Self {
            month: Period::of_number(row.int()?).to_string(),
            closed_at_ms: row.int()?,
            nano: row.int()?,
            requests: row.int()?,
        })
    }
}

const COLUMNS: &str = "month, closed_ms, nano, requests";

pub(crate) async fn close(db: &Db, period: Period, now_ms: i64) -> Result<Vec<Closed>> {
    if period.end_ms() > now_ms {
        return Err(Error::Invalid(format!("{period} is not over: a period is closed after its end")));
    }
    let mut tx = db.write().await?;
    if let Some(sql) = db.words().claim_closing {
        tx.fetch(sql, &[]).await?;
    }
    let mut months = Vec::new();
    for month in period.numbers() {
        // What is booked as late already can only be there if the month is closed.
        let sql = "INSERT INTO closed (month, closed_ms, nano, requests) \
                   SELECT $1, $2, CAST(COALESCE(SUM(nano), 0) AS BIGINT), CAST(COALESCE(SUM(requests), 0) AS BIGINT) \
                   FROM rollups WHERE span = 2 AND start = $1 AND adjustment = 0 \
                   ON CONFLICT (month) DO NOTHING";
        tx.execute(sql, &[Value::Int(month), Value::Int(now_ms)]).await?;
        let sql = format!("SELECT {COLUMNS} FROM closed WHERE month = $1");
        for row in tx.fetch(&sql, &[Value::Int(month)]).await? {
            months.push(Closed::from_cells(row)?);
        }
    }
    tx.commit().await?;
    Ok(months)
}

/// The months that are closed, in order, with what was booked in them of these namespaces (`None`: of all).
pub(crate) async fn list(db: &Db, namespaces: Option<&[String]>) -> Result<Vec<Closed>> {
    let (sql, names) = match namespaces {
        None => (format!("SELECT {COLUMNS} FROM closed ORDER BY month"), &[][..]),
        Some(_) => {
            // Sums of a month (span 2) as they were booked, which is what never changes.
            let (among, names) = among("s.namespace", namespaces, 1);
            let sum = |column: &str| {
                format!(
                    "(SELECT CAST(COALESCE(SUM(r.{column}), 0) AS BIGINT) FROM rollups r JOIN series s ON s.id = r.series \
                     WHERE r.span = 2 AND r.start = c.month AND r.adjustment = 0{among})"
                )
            };
            let sql = format!(
                "SELECT c.month, c.closed_ms, {}, {} FROM closed c ORDER BY c.month",
                sum("nano"),
                sum("requests")
            );
            (sql, names)
        }
    };
    let values: Vec<_> = names.iter().map(|name| Value::Text(name)).collect();
    let rows = db.read().await?.fetch(&sql, &values).await?;
    rows.into_iter().map(Closed::from_cells).collect()
}
