//! A user who asked to be forgotten.

use serde::Serialize;

use crate::{
    db::{Db, Tx, Value},
    error::{Error, Result},
    keys::{self, Keys, Named},
    usage::among,
};

/// What became of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Records that named the user, and do no more.
    pub records: u64,
    /// Records whose user is a hash by a key that the ledger has not: whether that is the one who was named in clear, nobody can
    /// say here.
    pub unreadable: u64,
}

/// Namespaces in which somebody is looked for: each takes a statement.
const MOST: i64 = 20_000;

/// Forgets a user, as records have it or in clear, of one namespace or of all.
pub(crate) async fn forget(db: &Db, keys: &Keys, user: &str, namespace: Option<&str>) -> Result<Forgotten> {
    if user.is_empty() {
        return Err(Error::Invalid("no user is named".into()));
    }
    let only = namespace.map(|namespace| vec![namespace.to_owned()]);
    let of = only.as_deref();
    let clear = match Named::read(user) {
        Named::Written(written) => {
            let mut tx = db.write().await?;
            let records = one(&mut tx, written, of).await?;
            tx.commit().await?;
            return Ok(Forgotten { records, unreadable: 0 });
        }
        Named::Clear(word) => word,
    };
    let namespaces = match &only {
        Some(only) => only.iter().cloned().collect(),
        None => keys::namespaces(db, MOST).await?,
    };
    let hashes = namespaces.iter().map(|namespace| keys.hashed(namespace, clear));
    let mut tx = db.write().await?;
    let mut records = 0;
    for written in hashes.chain([keys::clear(clear)]) {
        records += one(&mut tx, &written, of).await?;
    }
    tx.commit().await?;
    Ok(Forgotten { records, unreadable: unreadable(db, of).await? })
}

async fn one(tx: &mut Tx, written: &str, namespaces: Option<&[String]>) -> Result<u64> {
    let (within, names) = within(namespaces, 2);
    // A session is a conversation of the same person.
    let sql = format!("UPDATE records SET person = NULL, session = NULL WHERE person = $1{within}");
    let values: Vec<_> = std::iter::once(written).chain(names.iter().map(String::as_str)).map(Value::Text).collect();
    tx.execute(&sql, &values).await
}

async fn unreadable(db: &Db, namespaces: Option<&[String]>) -> Result<u64> {
    let (within, names) = within(namespaces, 1);
    let sql = format!(
        "SELECT COUNT(*) FROM records WHERE person IS NOT NULL AND substr(person, 1, 2) IN ('h:', 'p:'){within}"
    );
    let values: Vec<_> = names.iter().map(|name| Value::Text(name)).collect();
    let rows = db.read().await?.fetch(&sql, &values).await?;
    let count = rows.into_iter().next().map(|mut row| row.int()).transpose()?;
    Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
}

/// Which epochs' records count.
fn within(namespaces: Option<&[String]>, first: usize) -> (String, &[String]) {
    let (among, names) = among("namespace", namespaces, first);
    match namespaces {
        None => (String::new(), names),
        Some(_) => (format!(" AND epoch IN (SELECT id FROM epochs WHERE TRUE{among})"), names),
    }
}
