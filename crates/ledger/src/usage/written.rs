//! Users and sessions that a question names in clear, as records have them.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    db::Db,
    error::Result,
    keys::{self, Keys, Named},
    query::{Dimension, Filter, Query},
};

/// Namespaces that one question is about: a name has another hash in each, and a statement takes 32,766 values.
const MOST: i64 = 1_000;

/// The question, with what records may have written for each name in its place: its hash in every namespace that the question is
/// about, and the clear word.
pub(super) async fn written<'a>(db: &Db, keys: &Keys, query: &'a Query) -> Result<Cow<'a, Query>> {
    if !query.filters.iter().any(is_clear) {
        return Ok(Cow::Borrowed(query));
    }
    let namespaces = match about(query) {
        Some(namespaces) => namespaces,
        None => keys::namespaces(db, MOST).await?,
    };
    let mut query = query.clone();
    query.filters = query.filters.into_iter().flat_map(|filter| spread(keys, &namespaces, filter)).collect();
    Ok(Cow::Owned(query))
}

/// Whether a filter names somebody in clear. The empty word is nobody.
fn is_clear(filter: &Filter) -> bool {
    matches!(filter.dimension, Dimension::User | Dimension::Session)
        && !filter.value.is_empty()
        && matches!(Named::read(&filter.value), Named::Clear(_))
}

/// The namespaces that a question can be about; `None`: any.
fn about(query: &Query) -> Option<BTreeSet<String>> {
    let named = || {
        let wanted = query.filters.iter().filter(|it| it.dimension == Dimension::Namespace && !it.not);
        let wanted: BTreeSet<String> = wanted.map(|it| it.value.clone()).collect();
        Some(wanted).filter(|wanted| !wanted.is_empty())
    };
    query.namespaces.as_ref().map(|scope| scope.iter().cloned().collect()).or_else(named)
}

/// Values that are asked for are joined by "or", and those that are not wanted by "and": each form of a name is one more.
fn spread(keys: &Keys, namespaces: &BTreeSet<String>, filter: Filter) -> Vec<Filter> {
    if !is_clear(&filter) {
        return vec![filter];
    }
    let hashes = namespaces.iter().map(|namespace| keys.hashed(namespace, &filter.value));
    let forms = hashes.chain([keys::clear(&filter.value)]);
    forms.map(|value| Filter { value, ..filter.clone() }).collect()
}
