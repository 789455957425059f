//! Which people and programs may ask, and about whom.
//!
//! In a cluster the API server says so: whoever may `get` the resource `usage` of the group `outrigger.dev` in a namespace
//! reads that namespace's, and whoever may in every namespace reads all. There are no objects of that kind; it is a name for
//! a right. Outside a cluster a token of the state folder reads what is booked under its own namespace, and one of the system
//! namespace reads all.

use std::{sync::Arc, time::SystemTime};

use http::{HeaderMap, Response, StatusCode};
use outrigger_cluster::access::{Access, Wish};

use crate::{
    identity::Tokens,
    push::{bearer, people},
    roster::{Page, refusal},
};

/// Longest name of a namespace.
const NAMESPACE: usize = 63;

/// Who says so.
#[derive(Debug)]
pub(super) enum Readers {
    /// The API server.
    Cluster(Access),
    /// The keys of the state folder. `system`: the namespace that sees all.
    Issued { tokens: Arc<Tokens>, system: String },
}

/// Namespaces that somebody may read; `None`: all.
pub(super) type Scope = Option<Vec<String>>;

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Read.
    Get,
    /// Book what sidecars wrote to their logs.
    Create,
    /// Close a period, or price again.
    Update,
    /// Have a person forgotten.
    Delete,
}

impl Verb {
    /// As a role has it.
    fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Readers {
    /// Whether whoever sends these headers may do that with what is booked of this namespace; `None`: of all.
    ///
    /// # Errors
    ///
    /// The answer for one who may not.
    pub(super) async fn may(
        &self,
        headers: &HeaderMap,
        verb: Verb,
        namespace: Option<&str>,
    ) -> Result<(), Box<Response<Page>>> {
        // A name that is none could mean something else to whoever is asked.
        if namespace.is_some_and(|it| !is_namespace(it)) {
            return Err(Box::new(refusal(StatusCode::BAD_REQUEST, "bad_query", "that is no name of a namespace")));
        }
        let Some(token) = bearer(headers) else { return Err(Box::new(no_token(self))) };
        match self {
            Self::Cluster(access) => {
                let may = access.may(token, Wish::Usage { verb: verb.word(), namespace }).await;
                may.map_err(|why| Box::new(people::refused(why, "usage", &role(verb, namespace))))
            }
            Self::Issued { tokens, system } => {
                let workload = tokens.verify(token, SystemTime::now()).map_err(|refused| {
                    Box::new(refusal(StatusCode::UNAUTHORIZED, refused.code(), &refused.to_string()))
                })?;
                let own = workload.workload.namespace;
                // Its own namespace's token reads; what changes the books is for the system's.
                let may = own == *system || (verb == Verb::Get && namespace == Some(own.as_str()));
                if may { Ok(()) } else { Err(Box::new(not_own(verb, &own, system))) }
            }
        }
    }

    /// The namespaces that whoever sends these headers may read, of the one that they ask about, or of all; `None`: all.
    ///
    /// # Errors
    ///
    /// The answer for one who may not.
    pub(super) async fn scope(&self, headers: &HeaderMap, asked: Option<&str>) -> Result<Scope, Box<Response<Page>>> {
        let own = match self {
            // A token of the folder says itself whose it is: who asks about nobody means its own.
            Self::Issued { tokens, system } if asked.is_none() => bearer(headers)
                .and_then(|token| tokens.verify(token, SystemTime::now()).ok())
                .map(|identity| identity.workload.namespace)
                .filter(|namespace| namespace != system),
            _ => None,
        };
        let asked = asked.or(own.as_deref());
        self.may(headers, Verb::Get, asked).await?;
        Ok(asked.map(|namespace| vec![namespace.to_owned()]))
    }
}

/// As Kubernetes has it.
fn is_namespace(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAMESPACE).contains(&name.len()) && name.bytes().all(plain)
}

fn no_token(readers: &Readers) -> Response<Page> {
    match readers {
        Readers::Cluster(_) => people::no_token(),
        Readers::Issued { .. } => refusal(
            StatusCode::UNAUTHORIZED,
            "token_missing",
            "send `Authorization: Bearer TOKEN` with a token that `outrigger-control-plane token` made",
        ),
    }
}

/// What somebody would need.
fn role(verb: Verb, namespace: Option<&str>) -> String {
    let such = if verb == Verb::Get { ", such as the ClusterRole outrigger-usage-reader" } else { "" };
    let verb = verb.word();
    match namespace {
        Some(namespace) => format!(
            "bind it in namespace {namespace} to a role that may {verb} the resource usage of the API group outrigger.dev{such}"
        ),
        None => format!(
            "ask about one namespace, with where=namespace=NAME, or bind it by a ClusterRoleBinding to a role that may {verb} \
             the resource usage of the API group outrigger.dev"
        ),
    }
}

fn not_own(verb: Verb, own: &str, system: &str) -> Response<Page> {
    let why = match verb {
        Verb::Get => format!(
            "the token is of namespace {own} and may ask about that one alone: ask with where=namespace={own}, or with a \
             token of namespace {system}"
        ),
        Verb::Create | Verb::Update | Verb::Delete => {
            format!("what changes the books is for tokens of namespace {system}, and this is of {own}")
        }
    };
    refusal(StatusCode::FORBIDDEN, "forbidden", &why)
}
