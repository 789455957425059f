mod finding;
mod indexing;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::{FutureExt as _, future::BoxFuture};

use super::*;

/// `demo/NAME`, with uid `UID` and `labels` as `key=value,key=value`.
fn meta(name: &str, uid: &str, labels: &str) -> Meta {
    let labels = labels.split(',').filter_map(|label| label.split_once('='));
    Meta {
        uid: uid.to_owned(),
        namespace: "demo".to_owned(),
        name: name.to_owned(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
        controller: None,
        injected: false,
    }
}
