//! The policy as one immutable value: what a plan reads and nothing else.

use std::{collections::HashMap, sync::Arc, time::Duration};

use outrigger_catalog::{Prices, Rate};
use outrigger_wire::{AuthScheme, Dialects, Kind, Operation, Secret};

use crate::{
    authorities::Authorities,
    closed::{Closed, Forbidden},
    hash::Hash,
    words::{Allowed, Modalities, Parameters, Quantization, Retention, Strategy},
};

/// What names stand for. Callers only look names up, policy alone adds some: so the hash may be a fast one.
pub type Names<V> = HashMap<Box<str>, V, foldhash::fast::RandomState>;

/// Everything the data plane knows about models and providers, published as a whole and never changed in place.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Content hash of the policy; the same objects always give the same revision.
    pub revision: Box<str>,
    /// Every (provider, model) pair that can be called. A target's place here is its [`Target::slot`].
    pub targets: Vec<Arc<Target>>,
    /// Every model name a caller may use directly: catalogue ids and vendors' own ids, to slots in `targets`.
    pub models: Names<Arc<[u32]>>,
    /// `ModelRoute`s by name, by `namespace/name` and by alias.
    pub routes: Names<Arc<Route>>,
    /// How a model that no route names is answered.
    pub direct: Arc<Route>,
    /// Names that are known and lead nowhere, with why. Looked at only where nothing else has the name.
    pub closed: Names<Closed>,
    /// Why every name that is nowhere else leads nowhere, where policy says so of all names at once.
    pub otherwise: Option<Closed>,
    /// The policy, if any, for which requests go only where every parameter is honoured; told by `explain`.
    pub strict: Option<Box<str>>,
    /// What policy took away from a name that still leads somewhere; told by `explain`, never read by a request.
    pub forbidden: Names<Arc<[Forbidden]>>,
}

/// One model at one provider.
#[derive(Debug)]
pub struct Target {
    /// Place in [`Snapshot::targets`].
    pub slot: u32,
    /// Stable identity across snapshots: hash of provider, model, upstream name and base URL. Health is kept under it.
    pub id: u64,
    /// The account or endpoint that serves it.
    pub provider: Arc<Provider>,
    /// Catalogue id, `author/slug`.
    pub model: Box<str>,
    /// The vendor's own id, sent upstream.
    pub upstream_name: Box<str>,
    /// Operations this target answers.
    pub operations: Operations,
    /// Precision as the operator declared it.
    pub quantization: Quantization,
    /// Price per token; `None` if nobody declared one: then a cost is absent, never zero (U6).
    pub prices: Option<Prices>,
    /// Longest prompt plus answer, in tokens.
    pub context_length: Option<u32>,
    /// Longest answer, in tokens.
    pub max_output: Option<u32>,
    /// What a prompt may contain.
    pub input_modalities: Modalities,
    /// Request parameters it honours.
    pub parameters: Parameters,
}

/// An account at a vendor, or an in-cluster endpoint.
#[derive(Debug)]
pub struct Provider {
    /// `namespace/name` of the `ModelProvider`.
    pub name: Box<str>,
    /// What `provider.only`, `order` and `ignore` match: the preset's slug, else the object's name.
    pub slug: Box<str>,
    /// The object's name without its namespace; matched by `provider.*` too.
    pub short_name: Box<str>,
    /// Name for people.
    pub display: Box<str>,
    /// What it speaks.
    pub dialects: Dialects,
    /// Base URL without a trailing slash; operations' paths are appended to it.
    pub base_url: Box<str>,
    /// By whose certificates alone it is known; `None`: by those that are public, and as the sidecar is set.
    pub authorities: Option<Authorities>,
    /// How its credentials are sent.
    pub auth: AuthScheme,
    /// Keys; empty only with [`AuthScheme::None`].
    pub credentials: Arc<[Credential]>,
    /// Where prompts are processed, as declared: `eu`, `us` ... in lower case.
    pub region: Option<Box<str>>,
    /// Whether prompts may be used for training. `None` = not declared, read as "it trains".
    pub trains: Option<bool>,
    /// How long prompts are kept. `None` = not declared, read as "kept".
    pub retention: Option<Retention>,
    /// Requests per minute this pod may send it; `None` = no limit.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute this pod may use of it; `None` = no limit.
    pub tokens_per_minute: Option<u32>,
    /// Headers added to every request, for instance an organisation id.
    pub headers: Vec<(Box<str>, Box<str>)>,
}

/// One key of a provider.
#[allow(missing_debug_implementations)]
pub struct Credential {
    /// Name within the provider; safe to show.
    pub name: Box<str>,
    /// Stable identity: hash of provider, name and the key itself. Marks ("this key is dead") are kept under it, so a
    /// rotated key starts clean.
    pub id: u64,
    /// The key.
    pub secret: Secret,
    /// Share of the provider's requests.
    pub weight: u32,
}

impl Credential {
    /// The key called `name` of `provider` (`namespace/name`).
    pub fn new(provider: &str, name: &str, secret: &str, weight: u32) -> Self {
        let id = Hash::new().part(provider).part(name).part(secret).finish();
        Self { name: name.into(), id, secret: Secret::new(secret), weight }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("name", &self.name).field("weight", &self.weight).finish_non_exhaustive()
    }
}

/// How requests that name it are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `namespace/name`, or `direct` for [`Snapshot::direct`].
    pub name: Box<str>,
    /// Targets in the order written; empty for [`Snapshot::direct`].
    pub targets: Vec<RouteTarget>,
    /// Order within one priority. Where policy says none: `Priority` for a route, `Balanced` for a bare model.
    pub strategy: Strategy,
    /// Hard limits, which a request can tighten and never loosen.
    pub constraints: Constraints,
    /// Attempts and what triggers the next one.
    pub failover: FailoverPolicy,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Whether a conversation stays with the provider that holds its prompt cache.
    pub stickiness: Stickiness,
    /// Its traces say what was asked and answered.
    pub traces_content: bool,
}

/// One line of `ModelRoute.spec.targets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTarget {
    /// Slot in [`Snapshot::targets`].
    pub slot: u32,
    /// Lower is tried first.
    pub priority: u16,
    /// Share within one priority under `Weighted`.
    pub weight: u32,
    /// Request fields that are set, or removed (`None`), for this target alone (F7): top-level name to raw JSON.
    pub parameters: BodyEdits,
}

/// Changes to a request's body for one target: top-level name to raw JSON, or `None` to remove it.
pub type BodyEdits = Arc<[(Box<str>, Option<Box<str>>)]>;

/// Hard limits on candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Only zero-retention endpoints.
    pub zero_data_retention: bool,
    /// Only endpoints that do not train on prompts.
    pub deny_training: bool,
    /// Only these regions. An endpoint without a declared region fails (closed).
    pub regions: Allowed<Box<str>>,
    /// Highest price for input, per million tokens.
    pub max_input_price: Option<Rate>,
    /// Highest price for output, per million tokens.
    pub max_output_price: Option<Rate>,
    /// Only these precisions.
    pub quantizations: Allowed<Quantization>,
    /// Only targets that honour every parameter sent.
    pub require_parameters: bool,
}

/// Attempt budget and triggers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailoverPolicy {
    /// Most upstream calls for one request, whatever the nesting of targets, retries and keys (F1).
    pub attempts: u32,
    /// Request-caused failures that move on all the same: any of `ContextLength`, `ContentPolicy`, `InvalidRequest`,
    /// `NotFound`, `TooLarge`. Empty by default (F2).
    pub also_on: Vec<Kind>,
    /// Go on after a break in mid-stream.
    pub continue_on_break: bool,
    /// Start the next target beside a silent one after this time.
    pub hedge_after: Option<Duration>,
    /// Longest wait for a target to recover or for a `Retry-After`, when no other target is left.
    pub max_wait: Duration,
}

/// Time limits of one request (T1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS.
    pub connect: Duration,
    /// From sending a streamed request to its first content.
    pub first_token: Duration,
    /// From sending a request that is not streamed to its whole answer.
    pub answer: Duration,
    /// Between two data events of a stream.
    pub idle: Duration,
    /// The whole request, all attempts together.
    pub total: Duration,
}

/// When a conversation keeps its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stickiness {
    /// Off means every request is decided afresh.
    pub enabled: bool,
    /// Idle time after which the tie is forgotten; refreshed by each success.
    pub ttl: Duration,
}

/// A set of [`Operation`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations(u16);

impl Snapshot {
    /// What is served before the policy has come: nothing.
    pub fn pending() -> Self {
        Self { otherwise: Some(Closed::Pending), ..Self::default() }
    }

    /// What is served under a policy that is too old: nothing, and every name says why.
    pub fn stale(revision: &str) -> Self {
        Self { revision: revision.into(), otherwise: Some(Closed::Stale), ..Self::default() }
    }
}

impl Default for Route {
    fn default() -> Self {
        Self {
            name: "direct".into(),
            targets: Vec::new(),
            strategy: Strategy::Balanced,
            constraints: Constraints::default(),
            failover: FailoverPolicy::default(),
            timeouts: Timeouts::default(),
            stickiness: Stickiness::default(),
            traces_content: false,
        }
    }
}

impl Default for FailoverPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            also_on: Vec::new(),
            continue_on_break: false,
            hedge_after: None,
            max_wait: Duration::from_secs(10),
        }
    }
}

impl Default for Timeouts {
    /// Streams end by silence, not by age: `total` only stops what nobody waits for any more, so it is far above the
    /// 20-minute streams that are legal (T4).
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            first_token: Duration::from_secs(20),
            answer: Duration::from_secs(300),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(3600),
        }
    }
}

impl Default for Stickiness {
    /// Ten minutes, as OpenRouter keeps it since 2026-08-12; longer than Anthropic's five-minute cache.
    fn default() -> Self {
        Self { enabled: true, ttl: Duration::from_secs(600) }
    }
}

impl Operations {
    /// Every operation in which one of `dialects` is spoken.
    pub fn of_dialects(dialects: &Dialects) -> Self {
        Operation::ALL.into_iter().filter(|op| dialects.contains(op.dialect())).collect()
    }

    /// Whether `operation` is in the set.
    pub fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u16) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        Self(operations.into_iter().fold(0, |bits, op| bits | 1 << op as u16))
    }
}
