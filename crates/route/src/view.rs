//! What one workload may see of the policy, as parts that name each other by stable keys.
//!
//! A [`Snapshot`](crate::Snapshot) is made for requests: its parts find each other by position, so one provider more
//! renumbers them all. A view is made for everything before that: it is compiled from objects, compared, sent part by
//! part and kept on disk. [`View::assemble`] turns it into the snapshot, here and wherever it arrives, so that what is
//! pushed means what is compiled.

mod assemble;
mod fleet;

use std::{collections::BTreeMap, sync::Arc};

use outrigger_catalog::Prices;

pub use fleet::Fleet;

use crate::{
    closed::{Closed, Forbidden},
    snapshot::{BodyEdits, Credential, Operations, Provider, Route},
    words::{Modalities, Parameters, Quantization},
};

/// `namespace/name` of the object that a part was made of.
pub type Key = Box<str>;

/// The parts. A part that is not here does not exist for the workload.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Content hash; the same objects always give the same one.
    pub revision: Box<str>,
    /// Accounts and endpoints, with what each serves.
    pub providers: BTreeMap<Key, Arc<Offering>>,
    /// Their keys, by provider: apart, so that a rotated key is a part of its own.
    pub credentials: BTreeMap<Key, Arc<[Credential]>>,
    /// What callers may name.
    pub routes: BTreeMap<Key, Arc<RoutePart>>,
    /// Policies that hold over all of it.
    pub policies: BTreeMap<Key, Arc<PolicyPart>>,
    /// Objects that are there and mean nothing.
    pub broken: BTreeMap<(Kind, Key), Arc<Broken>>,
    /// Where a policy is broken: the providers of an earlier view that may go on, with the keys that they have today; `None`
    /// where a provider is broken itself. Only hashes of these keys are sent.
    pub alive: BTreeMap<Key, Option<Arc<[Credential]>>>,
    /// The rest.
    pub header: Arc<Header>,
}

/// The kinds of object that a part is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `ModelProvider`
    Provider,
    /// `ModelRoute`
    Route,
    /// `ModelPolicy`
    Policy,
}

/// A provider and what it serves.
#[derive(Debug)]
pub struct Offering {
    /// The provider, without its keys.
    pub provider: Provider,
    /// In the order of the catalogue or of the spec.
    pub offers: Vec<Offer>,
}

/// One model at one provider: a [`Target`](crate::Target) without its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Catalogue id, `author/slug`.
    pub model: Box<str>,
    /// The vendor's own id, sent upstream.
    pub upstream_name: Box<str>,
    /// Operations it answers.
    pub operations: Operations,
    /// Precision as the operator declared it.
    pub quantization: Quantization,
    /// Price per token; `None` if nobody declared one.
    pub prices: Option<Prices>,
    /// Longest prompt plus answer, in tokens.
    pub context_length: Option<u32>,
    /// Longest answer, in tokens.
    pub max_output: Option<u32>,
    /// What a prompt may contain.
    pub input_modalities: Modalities,
    /// Request parameters it honours.
    pub parameters: Parameters,
    /// Which names mean it.
    pub called: Called,
}

/// Which names mean an offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// The model's id. A vendor lists a model under several names (an alias and dated ones); the id means the first, or
    /// failover would try one endpoint several times.
    pub by_id: bool,
    /// The vendor's own id. An aggregator's may be spelled like another model's catalogue id: the id keeps its meaning.
    pub by_upstream_name: bool,
    /// `provider/vendor's id`, where that is nobody's id.
    pub by_qualified_name: bool,
}

/// A route whose targets are named.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutePart {
    /// Every name that is its own: `namespace/name`, name, aliases.
    pub names: Vec<Box<str>>,
    /// The route, without its targets.
    pub route: Route,
    /// One entry for each line of `spec.targets`.
    pub lines: Vec<Line>,
}

/// One line of a route's targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Who is asked.
    pub providers: Providers,
    /// Catalogue id, or a vendor's own.
    pub model: Box<str>,
    /// Lower is tried first.
    pub priority: u16,
    /// Share within one priority under `Weighted`.
    pub weight: u32,
    /// Request fields that are set or removed for these targets alone.
    pub parameters: BodyEdits,
}

/// The providers that a line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Providers {
    /// Every one of the view that serves the model. Not a list: one provider more must not change every route.
    Any,
    /// These.
    These(Vec<Key>),
}

/// What a `ModelPolicy` asks of requests. Everything it forbids by what is known of a target is no part of the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyPart {
    /// Only routes may be named.
    pub bare_models_denied: bool,
    /// Only targets that honour every parameter sent.
    pub require_parameters: bool,
}

/// An object that cannot be meant as it stands. It is no removal: whoever has an earlier value of it goes on with that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Names that are its own all the same, of a route.
    pub names: Vec<Box<str>>,
    /// Hash of the broken spec, so that the next broken edit is told from this one.
    pub spec: Box<str>,
    /// What is wrong with it.
    pub reason: Box<str>,
}

/// What no single object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Hash of the policies that the view was compiled under: an earlier value of a broken provider is only as good as
    /// the limits it was let through by.
    pub limits: Box<str>,
    /// Each of these policies with the hash of what it says.
    pub policies: Vec<(Key, Box<str>)>,
    /// A policy over the workload is broken: nothing is known to be allowed.
    pub refused: Option<Closed>,
    /// Where it is: the providers of an earlier view that may go on, each with the hash of its keys as they are sent; an
    /// empty hash stands for any.
    pub alive: Vec<(Key, Box<[u8]>)>,
    /// Names that lead nowhere, in order.
    pub closed: Vec<(Box<str>, Closed)>,
    /// What policies took away, in order.
    pub forbidden: Vec<Forbidden>,
    /// How many more they took away than are listed.
    pub forbidden_more: u32,
}

/// Most entries of [`Header::forbidden`]. They are for people to read; a policy that closes a whole catalogue takes away
/// thousands.
pub const FORBIDDEN_LISTED: usize = 1024;

impl Kind {
    /// Its name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "ModelProvider",
            Self::Route => "ModelRoute",
            Self::Policy => "ModelPolicy",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
