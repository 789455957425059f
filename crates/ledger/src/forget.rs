//! A user who asked to be forgotten.

use crate::{
    db::{Db, Value},
    error::{Error, Result},
};

pub(crate) async fn forget(db: &Db, user: &str) -> Result<u64> {
    if user.is_empty() {
        return Err(Error::Invalid("no user is named".into()));
    }
    let mut tx = db.write().await?;
    // A session is a conversation of the same person.
    let sql = "UPDATE records SET person = NULL, session = NULL WHERE person = $1";
    let records = tx.execute(sql, &[Value::Text(user)]).await?;
    tx.commit().await?;
    Ok(records)
}
