//! Which series something goes under: bounded for each hour.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    db::{Tx, Value},
    error::{Error, Result},
    series::{COLUMNS, Series},
};

/// Hours of which the series are remembered: a day that is late, and some.
const MOST_HOURS: usize = 64;
/// Series whose ids are remembered.
const MOST_IDS: usize = 100_000;

/// What is remembered from one transaction to the next. Several writers of one PostgreSQL each keep their own: an hour then has
/// at most as many series as there are writers, times the bound.
#[derive(Debug)]
pub(crate) struct Sorter {
    most: usize,
    hours: BTreeMap<i64, HashSet<u128>>,
    ids: HashMap<u128, i64>,
}

impl Sorter {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, hours: BTreeMap::new(), ids: HashMap::new() }
    }

    /// Forgets everything: what was remembered was not written.
    pub(crate) fn clear(&mut self) {
        self.hours.clear();
        self.ids.clear();
    }

    /// The series that something of an hour goes under: its own, or one without the names that are too many.
    pub(super) async fn place(&mut self, tx: &mut Tx, hour: i64, series: Series) -> Result<(u128, Series)> {
        if !self.hours.contains_key(&hour) {
            if self.hours.len() >= MOST_HOURS {
                self.hours.pop_first();
            }
            let sql = "SELECT DISTINCT s.key FROM rollups r JOIN series s ON s.id = r.series WHERE r.span = 0 AND r.start = $1";
            let rows = tx.fetch(sql, &[Value::Int(hour)]).await?;
            let keys = rows.into_iter().map(|mut row| from_hex(&row.text()?)).collect::<Result<_>>()?;
            self.hours.insert(hour, keys);
        }
        let seen = self.hours.entry(hour).or_default();
        let key = series.key();
        if seen.contains(&key) {
            return Ok((key, series));
        }
        if seen.len() < self.most {
            seen.insert(key);
            return Ok((key, series));
        }
        let folded = series.folded();
        Ok((folded.key(), folded))
    }

    /// Finds the ids of series, and writes those that are new.
    pub(super) async fn resolve(&mut self, tx: &mut Tx, wanted: &BTreeMap<u128, &Series>) -> Result<()> {
        if self.ids.len() + wanted.len() > MOST_IDS {
            self.ids.clear();
        }
        let unknown: Vec<(String, u128)> =
            wanted.keys().filter(|key| !self.ids.contains_key(key)).map(|key| (format!("{key:032x}"), *key)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut values = Vec::with_capacity(unknown.len() * 10);
        for (hex, key) in &unknown {
            values.push(Value::Text(hex));
            values.extend(wanted[key].values().map(Value::Text));
        }
        // In the order of keys, so that two writers never wait for each other.
        let head = format!("INSERT INTO series (key, {COLUMNS})");
        tx.insert(&head, 10, &values, "ON CONFLICT (key) DO NOTHING").await?;
        let keys: Vec<Value<'_>> = unknown.iter().map(|(hex, _)| Value::Text(hex)).collect();
        for mut row in tx.select("SELECT key, id FROM series WHERE key IN", 1, &keys, "").await? {
            self.ids.insert(from_hex(&row.text()?)?, row.int()?);
        }
        Ok(())
    }

    pub(super) fn id(&self, key: u128) -> Result<i64> {
        self.ids.get(&key).copied().ok_or_else(|| Error::Corrupt("a series that was written is not there".into()))
    }
}

fn from_hex(text: &str) -> Result<u128> {
    u128::from_str_radix(text, 16).map_err(|_| Error::Corrupt("a series whose key is no number".into()))
}
