//! For every rule of the kinds one spec that keeps it and one that breaks it, and what a person is then told.
//!
//! A test of the crate `crd` holds that each rule of the printed schema stands here and nothing else does, one of
//! `compile` that a policy folder refuses the same specs, and a story on a real API server that it says these words.

/// One rule, and two specs on either side of it.
pub(crate) struct Case {
    pub(crate) kind: &'static str,
    /// Where in the schema the rule stands.
    pub(crate) at: &'static str,
    /// What a person is told.
    pub(crate) message: &'static str,
    /// The spec that was there before, for rules over changes; empty for all others.
    pub(crate) before: &'static str,
    pub(crate) good: &'static str,
    pub(crate) bad: &'static str,
}

const PROVIDER: &str = "ModelProvider";
const ROUTE: &str = "ModelRoute";
const POLICY: &str = "ModelPolicy";
pub(crate) const PROFILE: &str = "SidecarProfile";

const TIME: &str = "must be longer than 0s and at most 24h, such as 30s; remove the field for the default";
const EXPRESSION: &str = "In and NotIn need values, Exists and DoesNotExist take none: list some, or remove them";
const UNIT: &str = "a price per million tokens may be at most 10000 US dollars: check its unit";

/// They name a `Secret` `keys` with the key `main` and a certificate `authority`, and a provider `main` of the model `a`.
pub(crate) const CASES: &[Case] = &[
    case(
        PROVIDER,
        "spec",
        "preset cannot be changed: its keys and models are one vendor's; create another ModelProvider and delete this \
         one",
        "{preset: openai, auth: {scheme: None}, region: us}",
        "{preset: groq, auth: {scheme: None}}",
    )
    .before("{preset: openai, auth: {scheme: None}}"),
    case(
        PROVIDER,
        "spec",
        "without a preset, set dialects: what the endpoint speaks, such as [ChatCompletions]",
        "{dialects: [Messages, ChatCompletions], baseURL: 'http://x/v1', models: [{model: a}]}",
        "{baseURL: 'http://x/v1', models: [{model: a}]}",
    ),
    case(
        PROVIDER,
        "spec",
        "dialects and dialect say the same: remove dialect",
        "{dialect: Anthropic, baseURL: 'http://x/v1', models: [{model: a}]}",
        "{dialects: [Messages], dialect: Anthropic, baseURL: 'http://x/v1', models: [{model: a}]}",
    ),
    case(
        PROVIDER,
        "spec",
        "without a preset, set baseURL: where the endpoint is, such as http://vllm.models.svc:8000/v1",
        "{dialects: [ChatCompletions], baseURL: 'http://x/v1', models: [{model: a}]}",
        "{dialects: [ChatCompletions], models: [{model: a}]}",
    ),
    case(
        PROVIDER,
        "spec",
        "without a preset, set models: which models the endpoint serves",
        "{preset: openai, auth: {scheme: None}}",
        "{dialects: [ChatCompletions], baseURL: 'http://x/v1'}",
    ),
    case(
        PROVIDER,
        "spec",
        "this auth scheme needs credentials: name a Secret that holds the key, or set auth.scheme to None",
        "{preset: openai, auth: {scheme: Bearer}, credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
        "{preset: openai, auth: {scheme: Bearer}}",
    ),
    case(
        PROVIDER,
        "spec",
        "a header of this name carries the key: remove it from headers and use credentials",
        "{preset: openai, auth: {scheme: Header, header: X-Key}, headers: [{name: X-Org, value: o}], \
          credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
        "{preset: openai, auth: {scheme: Header, header: X-Key}, headers: [{name: x-key, value: o}], \
          credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
    ),
    case(
        PROVIDER,
        "spec",
        "tls needs an https address, or nothing is known of who answers: write baseURL with https://, or remove tls",
        "{dialects: [ChatCompletions], baseURL: 'https://x/v1', models: [{model: a}], \
          tls: {caRef: {kind: Secret, name: keys, key: authority}}}",
        "{dialects: [ChatCompletions], baseURL: 'http://x/v1', models: [{model: a}], \
          tls: {caRef: {kind: Secret, name: keys, key: authority}}}",
    ),
    case(
        PROVIDER,
        "spec.allowedNamespaces",
        "from: Selector needs a selector with the labels of the namespaces",
        "{preset: openai, auth: {scheme: None}, allowedNamespaces: {from: Selector, selector: {}}}",
        "{preset: openai, auth: {scheme: None}, allowedNamespaces: {from: Selector}}",
    ),
    case(
        PROVIDER,
        "spec.allowedNamespaces",
        "only from: Selector looks at the selector: set that, or remove the selector",
        "{preset: openai, auth: {scheme: None}, allowedNamespaces: {}}",
        "{preset: openai, auth: {scheme: None}, allowedNamespaces: {selector: {}}}",
    ),
    case(
        PROVIDER,
        "spec.allowedNamespaces.selector.matchExpressions[]",
        EXPRESSION,
        "{preset: openai, auth: {scheme: None}, \
          allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}}",
        "{preset: openai, auth: {scheme: None}, \
          allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: a, operator: In, values: []}]}}}",
    ),
    case(
        PROVIDER,
        "spec.auth",
        "scheme Header needs the name of the header, such as x-api-key",
        "{preset: openai, auth: {scheme: Header, header: x-api-key}, \
          credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
        "{preset: openai, auth: {scheme: Header}, credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
    ),
    case(
        PROVIDER,
        "spec.auth",
        "only scheme Header looks at the header: set that, or remove the header",
        "{preset: openai, auth: {scheme: None}}",
        "{preset: openai, auth: {scheme: None, header: x-api-key}}",
    ),
    case(
        PROVIDER,
        "spec.auth.header",
        "this header is set by the proxy itself and cannot carry a key: use another",
        "{preset: openai, auth: {scheme: Header, header: X-Host}, \
          credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
        "{preset: openai, auth: {scheme: Header, header: Host}, \
          credentials: [{name: k, secretKeyRef: {name: keys, key: main}}]}",
    ),
    case(
        PROVIDER,
        "spec.baseURL",
        "must start with https:// or http://, such as https://api.openai.com/v1",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://x/v1'}",
        "{preset: openai, auth: {scheme: None}, baseURL: 'ftp://x/v1'}",
    ),
    case(
        PROVIDER,
        "spec.baseURL",
        "must not hold a user or password: put the key into a Secret and name it in credentials",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://x/@acme/v1'}",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://user:word@x/v1'}",
    ),
    case(
        PROVIDER,
        "spec.baseURL",
        "must not hold a query or fragment, since paths are appended to it: remove what follows the ? or #",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://x'}",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://x/v1?version=2'}",
    ),
    case(
        PROVIDER,
        "spec.baseURL",
        "must not hold spaces, characters outside ASCII or dot segments: write it as https://host/v1",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://x/v1.0/..a/'}",
        "{preset: openai, auth: {scheme: None}, baseURL: 'https://x/v1/..'}",
    ),
    case(
        PROVIDER,
        "spec.baseURL",
        "must name a valid host and port: write it as https://host/v1 or http://host:8000/v1",
        "{preset: openai, auth: {scheme: None}, baseURL: 'http://[::1]:8000/v1'}",
        "{preset: openai, auth: {scheme: None}, baseURL: 'http://x:0/v1'}",
    ),
    case(
        PROVIDER,
        "spec.credentials",
        "every credential has weight 0: give at least one a share",
        "{preset: openai, credentials: [{name: k, secretKeyRef: {name: keys, key: main}, weight: 0}, \
          {name: l, secretKeyRef: {name: keys, key: main}}]}",
        "{preset: openai, credentials: [{name: k, secretKeyRef: {name: keys, key: main}, weight: 0}]}",
    ),
    case(
        PROVIDER,
        "spec.headers",
        "two headers have one name, in which upper and lower case mean the same: keep one",
        "{preset: openai, auth: {scheme: None}, headers: [{name: X-Org, value: a}, {name: X-Team, value: b}]}",
        "{preset: openai, auth: {scheme: None}, headers: [{name: X-Org, value: a}, {name: x-org, value: b}]}",
    ),
    case(
        PROVIDER,
        "spec.headers[].name",
        "this header is set by the proxy itself: remove it",
        "{preset: openai, auth: {scheme: None}, headers: [{name: X-Host, value: a}]}",
        "{preset: openai, auth: {scheme: None}, headers: [{name: Content-Length, value: '1'}]}",
    ),
    case(
        PROVIDER,
        "spec.headers[].name",
        "authorization carries the key: remove it and use credentials",
        "{preset: openai, auth: {scheme: None}, headers: [{name: X-Authorization, value: a}]}",
        "{preset: openai, auth: {scheme: None}, headers: [{name: Authorization, value: a}]}",
    ),
    case(
        PROVIDER,
        "spec.models[].prices",
        UNIT,
        "{preset: openai, auth: {scheme: None}, \
          models: [{model: a, upstreamName: b, prices: {input: '10000', output: '0.60'}}]}",
        "{preset: openai, auth: {scheme: None}, \
          models: [{model: a, upstreamName: b, prices: {input: '1', output: '1', cacheRead: '10000.01'}}]}",
    ),
    case(
        PROVIDER,
        "spec.models[].prices",
        "request and image are prices of one piece and may be at most 1000 US dollars: check their unit",
        "{preset: openai, auth: {scheme: None}, \
          models: [{model: a, upstreamName: b, prices: {input: '1', output: '1', request: '0.005'}}]}",
        "{preset: openai, auth: {scheme: None}, \
          models: [{model: a, upstreamName: b, prices: {input: '1', output: '1', image: '1001'}}]}",
    ),
    case(
        ROUTE,
        "spec.workloads.selector.matchExpressions[]",
        EXPRESSION,
        "{targets: [{model: a}], workloads: {selector: {matchExpressions: [{key: app, operator: Exists}]}}}",
        "{targets: [{model: a}], \
          workloads: {selector: {matchExpressions: [{key: app, operator: Exists, values: [b]}]}}}",
    ),
    case(
        ROUTE,
        "spec.targets",
        "every target has weight 0: give at least one a share",
        "{targets: [{model: a, provider: main, weight: 1}]}",
        "{targets: [{model: a, provider: main, weight: 0}]}",
    ),
    case(
        ROUTE,
        "spec.targets[].parameters.set",
        "model, models, stream, provider, route, fallbacks and preset cannot be changed per target: remove them",
        "{targets: [{model: a, parameters: {set: {temperature: 0, metadata: {of: [this, {shape: 1}]}}}}]}",
        "{targets: [{model: a, parameters: {set: {temperature: 0, stream: true}}}]}",
    ),
    case(
        ROUTE,
        "spec.targets[].parameters.remove",
        "model, models, stream, provider, route, fallbacks and preset cannot be changed per target: keep them",
        "{targets: [{model: a, parameters: {remove: [logit_bias]}}]}",
        "{targets: [{model: a, parameters: {remove: [model]}}]}",
    ),
    case(
        ROUTE,
        "spec.constraints.maxPrice",
        UNIT,
        "{targets: [{model: a}], constraints: {maxPrice: {input: '2.5', output: '10000'}}}",
        "{targets: [{model: a}], constraints: {maxPrice: {input: '2.5', output: '20000'}}}",
    ),
    case(
        ROUTE,
        "spec.failover.hedgeAfter",
        TIME,
        "{targets: [{model: a}], failover: {hedgeAfter: 500ms}}",
        "{targets: [{model: a}], failover: {hedgeAfter: 0s}}",
    ),
    case(
        ROUTE,
        "spec.failover.maxWait",
        TIME,
        "{targets: [{model: a}], failover: {maxWait: 24h}}",
        "{targets: [{model: a}], failover: {maxWait: 24h1ms}}",
    ),
    case(
        ROUTE,
        "spec.timeouts",
        "firstToken is longer than total, which ends the request before: shorten it, or lengthen total",
        "{targets: [{model: a}], timeouts: {firstToken: 1m, total: 60s}}",
        "{targets: [{model: a}], timeouts: {firstToken: 1m, total: 59s}}",
    ),
    case(
        ROUTE,
        "spec.timeouts.connect",
        TIME,
        "{targets: [{model: a}], timeouts: {connect: 2s}}",
        "{targets: [{model: a}], timeouts: {connect: 0ms}}",
    ),
    case(
        ROUTE,
        "spec.timeouts.firstToken",
        TIME,
        "{targets: [{model: a}], timeouts: {firstToken: 1m30s}}",
        "{targets: [{model: a}], timeouts: {firstToken: 25h}}",
    ),
    case(
        ROUTE,
        "spec.timeouts.answer",
        TIME,
        "{targets: [{model: a}], timeouts: {answer: 10m}}",
        "{targets: [{model: a}], timeouts: {answer: 600h}}",
    ),
    case(
        ROUTE,
        "spec.timeouts.idle",
        TIME,
        "{targets: [{model: a}], timeouts: {idle: 30s}}",
        "{targets: [{model: a}], timeouts: {idle: 0h}}",
    ),
    case(
        ROUTE,
        "spec.timeouts.total",
        TIME,
        "{targets: [{model: a}], timeouts: {total: 1h30m}}",
        "{targets: [{model: a}], timeouts: {total: 99999h}}",
    ),
    case(
        ROUTE,
        "spec.stickiness.ttl",
        TIME,
        "{targets: [{model: a}], stickiness: {ttl: 30m}}",
        "{targets: [{model: a}], stickiness: {ttl: 48h}}",
    ),
    case(
        POLICY,
        "spec.workloads.selector.matchExpressions[]",
        EXPRESSION,
        "{workloads: {selector: {matchExpressions: [{key: app, operator: NotIn, values: [b]}]}}}",
        "{workloads: {selector: {matchExpressions: [{key: app, operator: NotIn}]}}}",
    ),
    case(
        POLICY,
        "spec.namespaceSelector.matchExpressions[]",
        EXPRESSION,
        "{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist, values: [a]}]}}",
    ),
    case(
        POLICY,
        "spec.constraints.maxPrice",
        UNIT,
        "{constraints: {maxPrice: {input: '10000'}}}",
        "{constraints: {maxPrice: {input: '10000.000000001'}}}",
    ),
    case(PROFILE, "spec.drain", TIME, "{drain: 115s}", "{drain: 0s}"),
    case(
        PROFILE,
        "spec.proxy.httpsProxy",
        "must be http://HOST:PORT or https://HOST:PORT, without a user or password, which all could read here",
        "{proxy: {httpsProxy: 'http://proxy.corp:3128', noProxy: [.corp]}}",
        "{proxy: {httpsProxy: 'http://joe:hunter2@proxy.corp:3128'}}",
    ),
    case(PROFILE, "spec.maxStaleness", TIME, "{maxStaleness: 1h}", "{maxStaleness: 48h}"),
    case(
        PROFILE,
        "spec.ports",
        "listen, admin and probe must be three different ports; without a value they are 4117, 4118 and 4121",
        "{ports: {listen: 4121, probe: 4117}}",
        "{ports: {listen: 4118}}",
    ),
    case(
        PROFILE,
        "spec.resources",
        "requests.cpu is more than limits.cpu: no pod could start",
        "{resources: {requests: {cpu: 500m}, limits: {cpu: '0.5'}}}",
        "{resources: {requests: {cpu: 501m}, limits: {cpu: '0.5'}}}",
    ),
    case(
        PROFILE,
        "spec.resources",
        "requests.memory is more than limits.memory: no pod could start",
        "{resources: {requests: {memory: 1Gi}, limits: {memory: 1024Mi}}}",
        "{resources: {requests: {memory: 1Gi}, limits: {memory: 1G}}}",
    ),
];

const fn case(
    kind: &'static str,
    at: &'static str,
    message: &'static str,
    good: &'static str,
    bad: &'static str,
) -> Case {
    Case { kind, at, message, before: "", good, bad }
}

impl Case {
    const fn before(self, spec: &'static str) -> Self {
        Self { before: spec, ..self }
    }

    /// A document of `spec`.
    pub(crate) fn object(&self, namespace: &str, name: &str, spec: &str) -> String {
        let Self { kind, .. } = self;
        format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             spec: {spec}\n"
        )
    }
}
