//! A transaction on either store.

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, Column as _, Postgres, Row, Sqlite, Transaction, TypeInfo as _, ValueRef as _,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::value::{Cell, Cells, Value};
use crate::error::{Error, Result};

/// Values that one statement takes: PostgreSQL counts them in 16 bits, SQLite up to 32,766.
const MOST_VALUES: usize = 30_000;

/// A transaction. Dropped, it is rolled back.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A statement with its values, for whichever store the type that it has to be says.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        // Statements are put together of words of this crate alone; what others say is bound.
        let query = sqlx::query(AssertSqlSafe($sql.to_owned()));
        $values.iter().fold(query, |query, value| match *value {
            Value::Int(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Maybe(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }};
}

fn sqlite<'a>(sql: &str, values: &[Value<'a>]) -> Query<'a, Sqlite, SqliteArguments> {
    bound!(sql, values)
}

fn postgres<'a>(sql: &str, values: &[Value<'a>]) -> Query<'a, Postgres, PgArguments> {
    bound!(sql, values)
}

fn sqlite_cells(row: &SqliteRow) -> Result<Cells> {
    let cell = |at: usize| -> Result<Cell> {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Cell::Null);
        }
        Ok(match raw.type_info().name() {
            "INTEGER" | "BIGINT" | "INT8" => Cell::Int(row.try_get_unchecked(at)?),
            "TEXT" => Cell::Text(row.try_get_unchecked(at)?),
            "BLOB" => Cell::Bytes(row.try_get_unchecked(at)?),
            other => return Err(odd(other, row.columns()[at].name())),
        })
    };
    Ok(Cells((0..row.len()).map(cell).collect::<Result<Vec<_>>>()?.into_iter()))
}

fn postgres_cells(row: &PgRow) -> Result<Cells> {
    let cell = |at: usize| -> Result<Cell> {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Cell::Null);
        }
        Ok(match raw.type_info().name() {
            "INT8" => Cell::Int(row.try_get_unchecked(at)?),
            "INT4" => Cell::Int(row.try_get_unchecked::<i32, _>(at)?.into()),
            "TEXT" | "VARCHAR" => Cell::Text(row.try_get_unchecked(at)?),
            "BYTEA" => Cell::Bytes(row.try_get_unchecked(at)?),
            // What a function answers that is called for what it does.
            "VOID" => Cell::Null,
            other => return Err(odd(other, row.columns()[at].name())),
        })
    };
    Ok(Cells((0..row.len()).map(cell).collect::<Result<Vec<_>>>()?.into_iter()))
}

fn odd(kind: &str, column: &str) -> Error {
    Error::Corrupt(format!("a value of type {kind} in {column}"))
}

impl Tx {
    /// Runs a statement: how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx) => sqlite(sql, values).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => postgres(sql, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Runs a statement: its rows.
    pub(crate) async fn fetch(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Cells>> {
        match self {
            Self::Sqlite(tx) => sqlite(sql, values).fetch_all(&mut **tx).await?.iter().map(sqlite_cells).collect(),
            Self::Postgres(tx) => {
                postgres(sql, values).fetch_all(&mut **tx).await?.iter().map(postgres_cells).collect()
            }
        }
    }

    /// Runs a statement and takes its rows one by one, as there may be any number.
    pub(crate) async fn rows(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(Cells) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(tx) => {
                let mut rows = sqlite(sql, values).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(sqlite_cells(&row)?)?;
                }
            }
            Self::Postgres(tx) => {
                let mut rows = postgres(sql, values).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(postgres_cells(&row)?)?;
                }
            }
        }
        Ok(())
    }

    /// Writes many rows: `HEAD VALUES (..), (..) TAIL`, in statements of few different lengths, so that each is prepared once.
    pub(crate) async fn insert(&mut self, head: &str, width: usize, values: &[Value<'_>], tail: &str) -> Result<()> {
        for rows in chunks(values, width) {
            let sql = format!("{head} VALUES {} {tail}", self.places(rows.len() / width, width));
            self.execute(&sql, rows).await?;
        }
        Ok(())
    }

    /// Reads the rows of many keys: `HEAD (VALUES (..), (..)) TAIL`.
    pub(crate) async fn select(
        &mut self,
        head: &str,
        width: usize,
        keys: &[Value<'_>],
        tail: &str,
    ) -> Result<Vec<Cells>> {
        let mut rows = Vec::new();
        for keys in chunks(keys, width) {
            let sql = format!("{head} (VALUES {}){tail}", self.places(keys.len() / width, width));
            rows.extend(self.fetch(&sql, keys).await?);
        }
        Ok(rows)
    }

    /// Runs a statement on many keys: `HEAD (VALUES (..), (..))`.
    pub(crate) async fn each(&mut self, head: &str, width: usize, keys: &[Value<'_>]) -> Result<()> {
        for keys in chunks(keys, width) {
            let sql = format!("{head} (VALUES {})", self.places(keys.len() / width, width));
            self.execute(&sql, keys).await?;
        }
        Ok(())
    }

    fn places(&self, rows: usize, width: usize) -> String {
        places(rows, width, matches!(self, Self::Sqlite(_)))
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Rows of `width` values, in pieces of 1, 2, 4, 8 ... rows, the longest first.
fn chunks<T>(values: &[T], width: usize) -> impl Iterator<Item = &[T]> {
    let most = (MOST_VALUES / width).min(512);
    let most = if most.is_power_of_two() { most } else { most.next_power_of_two() / 2 };
    let mut rest = values;
    std::iter::from_fn(move || {
        let rows = rest.len() / width;
        if rows == 0 {
            return None;
        }
        let take = if rows >= most { most } else { 1 << rows.ilog2() };
        let (piece, after) = rest.split_at(take * width);
        rest = after;
        Some(piece)
    })
}

/// `($1, $2), ($3, $4)`. SQLite is given `?`: it looks for a place with a name among all others that have one, for each of them,
/// and there are thousands.
fn places(rows: usize, width: usize, sqlite: bool) -> String {
    let place = |at: usize| if sqlite { "?".to_owned() } else { format!("${}", at + 1) };
    let row = |row: usize| {
        let places: Vec<String> = (0..width).map(|at| place(row * width + at)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_are_written_in_pieces_of_few_lengths() {
        let values: Vec<i32> = (0..3 * 1100).collect();
        let lengths: Vec<usize> = chunks(&values, 3).map(|piece| piece.len() / 3).collect();
        assert_eq!(lengths, [512, 512, 64, 8, 4]);
        assert_eq!(chunks(&values, 3).flatten().copied().collect::<Vec<_>>(), values);
        assert_eq!(places(2, 2, false), "($1, $2), ($3, $4)");
        assert_eq!(places(2, 2, true), "(?, ?), (?, ?)");
    }
}
