//! Every code that an error answer, an error event or an attempt can have.

#[cfg(test)]
mod tests;

/// One code.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The stable word.
    pub code: &'static str,
    /// HTTP status of the answer, in words where it is somebody else's.
    pub status: &'static str,
    /// Whose fault it is.
    pub fault: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const CALLER: &str = "caller";
const POLICY: &str = "policy";
const SIDECAR: &str = "sidecar";
const PROVIDER: &str = "provider";
const NETWORK: &str = "network";
const NOBODY: &str = "nobody";

/// Where it ended the request: the upstream's own status if every attempt has the same, else this.
const OR_502: &str = "upstream's, or 502";
const BAD_GATEWAY: &str = "502";
const TIMEOUT: &str = "504";

const fn row(
    code: &'static str,
    status: &'static str,
    fault: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Code {
    Code { code, status, fault, meaning, remedy }
}

/// All of them: what the request is at fault for, what policy refuses, what the sidecar cannot, what upstreams do.
#[rustfmt::skip]
pub const CODES: &[Code] = &[
    row("invalid_json", "400", CALLER, "the body is no JSON", "mend it; the message has the place"),
    row("invalid_request", "400, or upstream's", CALLER, "a field or a header is wrong, by our word or the provider's", "mend what the message names"),
    row("body_aborted", "400", CALLER, "the connection ended within the body", "send it again"),
    row("body_too_large", "413", CALLER, "the body is longer than the sidecar takes", "send less, or raise `--max-body`"),
    row("body_timeout", "408", CALLER, "the body came too slowly", "send it faster, or raise `--read-timeout`"),
    row("unsupported_encoding", "415", CALLER, "the body is compressed", "send it as it is"),
    row("unknown_path", "404", CALLER, "nothing is served there", "see the README for the paths; the base URL may lack `/v1` or have it twice"),
    row("method_not_allowed", "405", CALLER, "the path answers another method", "use the one in `allow`"),
    row("host_not_allowed", "403", CALLER, "the `Host` is no name of this machine", "ask by localhost, or name the host with `--allow-host`"),
    row("origin_not_allowed", "403", CALLER, "it comes from a web page of another origin", "ask from a program; a web page must not reach a sidecar"),
    row("generation_not_found", "404", CALLER, "the id is not among those remembered", "ask sooner, or raise `--generations`"),
    row("model_missing", "400", CALLER, "the request names no model", "set `model` to a ModelRoute, an alias or a model's id"),
    row("model_not_found", "400", CALLER, "nobody knows the name", "`error.metadata.nearest` has names that work"),
    row("wrong_endpoint", "400", CALLER, "what is named does not do this operation", "use the path of what it does, or name another"),
    row("no_provider", "404", POLICY, "the catalogue knows the model, and no ModelProvider serves it", "create one of those that the message names"),
    row("no_route", "404", POLICY, "policy was applied and is empty: no ModelProvider that the workload may use", "create a ModelProvider, and a ModelRoute in the workload's namespace"),
    row("constraint_filtered", "404", POLICY, "limits of the request or the route leave no target", "`error.metadata.removed` has each target and what removed it: ask for less, or widen the route"),
    row("region_restricted", "403", POLICY, "no target is in a region that is allowed", "declare the `region` of a provider, or allow another"),
    row("privacy_restricted", "404", POLICY, "no target is declared to keep or learn as little as is demanded", "declare the provider's `dataPolicy`, or demand less"),
    row("policy_forbidden", "403", POLICY, "a ModelPolicy forbids everything that would answer", "`error.metadata.removed` names targets, policy and rule: ask for something else, or whoever owns the policy"),
    row("bare_model_denied", "403", POLICY, "only routes may be named (`bareModels: Deny`)", "name a ModelRoute"),
    row("route_not_for_workload", "403", POLICY, "the route's `spec.workloads` selects others", "name another, or have the workload selected"),
    row("route_without_targets", "404", POLICY, "the route is whole, and nothing that it names can be used", "the message says why: a provider that is broken, or without a key"),
    row("policy_broken", "503", POLICY, "the object of this name, or a policy over the workload, is broken, and no earlier value of it is here", "mend the object that the message names"),
    row("policy_pending", "503", NOBODY, "no policy was applied yet", "retry; `/readyz` and `/config` of the admin port say what is missing"),
    row("policy_stale", "503", NETWORK, "the policy is older than `--max-staleness` allows", "find out why the control plane is not reached: the log says `control_plane_lost`"),
    row("policy_unsupported", "503", SIDECAR, "there is a limit that this version of the sidecar does not know", "update the sidecar"),
    row("credentials_pending", "503", NETWORK, "the provider's keys are on no disk and have not come from the control plane yet", "retry; see why the sidecar cannot reach its control plane; `/config` says which keys, where they are mounted"),
    row("sidecar_overloaded", "503", SIDECAR, "there is no memory left for this body or this answer", "retry after a second; raise `--buffer-budget` or `--answer-budget` if it lasts"),
    row("shutting_down", "503", SIDECAR, "the sidecar leaves, and its time to drain is over", "ask again, of the next one; raise `--drain-timeout` to wait longer"),
    row("internal_error", "500", SIDECAR, "a bug of the sidecar", "its log has the details: please report it, with the decision id"),
    row("deadline_exceeded", "503", NOBODY, "`timeouts.total` ran out before anything could be tried: all targets cool, or are at their limits", "retry later, or give the route another target"),
    row("all_attempts_failed", OR_502, PROVIDER, "every attempt failed, and not all in the same way", "`error.metadata.attempts` has each with its status and code"),
    row("connect_failed", BAD_GATEWAY, NETWORK, "the connection was refused, not possible, or failed in TLS", "look at the provider's `baseURL`, DNS, NetworkPolicies and certificates"),
    row("connect_timeout", TIMEOUT, NETWORK, "there was no connection within `timeouts.connect`", "as for `connect_failed`"),
    row("proxy_unreachable", BAD_GATEWAY, NETWORK, "the proxy that leads to the provider is not there, or lets nobody through", "look at `HTTPS_PROXY` and `NO_PROXY`, and at that proxy"),
    row("first_token_timeout", TIMEOUT, PROVIDER, "nothing came within `timeouts.firstToken`, or `timeouts.answer` where no stream was asked for", "give the route another target; raise the limit for models that think long"),
    row("idle_timeout", TIMEOUT, PROVIDER, "the stream fell silent for longer than `timeouts.idle`", "ask again; raise the limit for models that pause long"),
    row("total_timeout", TIMEOUT, NOBODY, "`timeouts.total` ran out, with all attempts", "ask for less at once, or raise the limit"),
    row("connection_reset", BAD_GATEWAY, NETWORK, "the connection broke after the request was sent", "ask again; it may have been billed"),
    row("truncated", BAD_GATEWAY, PROVIDER, "the answer ended too early, without a word of why", "ask again; it was probably billed"),
    row("malformed_answer", BAD_GATEWAY, PROVIDER, "the answer could not be understood, or was empty", "see `error.metadata.raw`; the provider's `dialects` or `baseURL` may be wrong"),
    row("rate_limited", OR_502, PROVIDER, "too many requests or tokens for this key, or for the limits that policy sets", "wait as long as `retry-after` says; add keys or targets"),
    row("quota_exhausted", OR_502, PROVIDER, "the key's quota or credit is spent", "pay, or use another key: waiting does not help"),
    row("overloaded", OR_502, PROVIDER, "the provider says that it is overloaded", "ask again later, or give the route another target"),
    row("server_error", OR_502, PROVIDER, "the provider failed", "ask again, or give the route another target"),
    row("unauthorized", OR_502, POLICY, "the provider does not know the key", "put a good one into the Secret"),
    row("forbidden", OR_502, POLICY, "the key may not do this", "look at its rights at the provider, such as for the model or the region"),
    row("try_again", OR_502, PROVIDER, "the provider asks for the same request once more", "ask again"),
    row("not_found", "upstream's, or 404", POLICY, "the provider knows no such model or path", "look at `upstreamName` and `baseURL`"),
    row("context_length_exceeded", "upstream's, or 400", CALLER, "the prompt is longer than the model's context", "send less, or name a model with more; a route can have `alsoOn: [ContextLength]`"),
    row("content_policy_violation", "upstream's, or 400", CALLER, "the provider's policy refuses the prompt", "change the prompt; a route can have `alsoOn: [ContentPolicy]`"),
    row("payload_too_large", "upstream's, or 413", CALLER, "the body is larger than the provider takes", "send less, such as smaller images"),
    row("untranslatable", "400, or 502", CALLER, "the target's dialect has no words for a part of the prompt; nothing was sent", "the message names the part: leave it out, or name a target of the caller's own dialect"),
    row("recovering", "503, or 502", PROVIDER, "the target rests after failures, and others try whether it is back; nothing was sent", "wait as long as `retry-after` says"),
    row("cancelled", "499, in the log alone", CALLER, "the caller went away", "nothing, if it meant to; else look at its own timeout"),
];
