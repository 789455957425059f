//! `ModelProvider`: an account at a vendor, or an endpoint in the cluster.

mod access;
mod credential;
mod endpoint;
mod served;
mod terms;
mod tls;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use access::{AllowedNamespaces, From};
pub use credential::{Auth, AuthScheme, Credential, SecretKeyRef};
pub use endpoint::{Dialect, Family, Header};
pub use served::{Modality, PARAMETERS, Prices, Quantization, ServedModel};
pub use terms::{DataPolicy, Limits, Retention, Training};
pub use tls::{CaKind, CaRef, Tls};

use crate::status::Status;

/// The account: where it is, how one speaks to it, with which keys, what it serves at which price, and who may use it.
/// Either `preset` names a vendor of the catalogue, or `dialect`, `baseURL` and `models` describe an endpoint of your
/// own.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "ModelProvider",
    plural = "modelproviders",
    shortname = "mprov",
    category = "outrigger",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    doc = "An account at a model vendor, or an endpoint in the cluster that serves models.",
    printcolumn = r#"{"name":"Preset","type":"string","jsonPath":".spec.preset",
        "description":"Row of the catalogue that it stands for; empty for an endpoint of your own."}"#,
    printcolumn = r#"{"name":"Region","type":"string","jsonPath":".spec.region",
        "description":"Where prompts are processed, as declared."}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type==\"Accepted\")].status",
        "description":"Whether the spec is valid."}"#,
    printcolumn = r#"{"name":"Resolved","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"ResolvedRefs\")].status",
        "description":"Whether the Secrets and ConfigMaps that it names are there."}"#,
    printcolumn = r#"{"name":"Programmed","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"Programmed\")].status",
        "description":"Whether the sidecars run it."}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Base URL","type":"string","jsonPath":".spec.baseURL","priority":1,
        "description":"Its address; empty where the preset's is used."}"#,
    printcolumn = r#"{"name":"Retention","type":"string","jsonPath":".spec.dataPolicy.retention","priority":1,
        "description":"Whether prompts are kept, as declared."}"#,
    printcolumn = r#"{"name":"Training","type":"string","jsonPath":".spec.dataPolicy.training","priority":1,
        "description":"Whether prompts may be trained on, as declared."}"#,
    printcolumn = r#"{"name":"Namespaces","type":"string","jsonPath":".spec.allowedNamespaces.from","priority":1,
        "description":"Which namespaces may use it; empty for its own."}"#,
    printcolumn = r#"{"name":"Message","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"Programmed\")].message","priority":1,
        "description":"How many sidecars run it, or why they do not."}"#
)]
#[x_kube(
    // The key of one vendor must not be sent to another because a word was edited.
    validation = Rule::new("has(self.preset) == has(oldSelf.preset) && \
            (!has(self.preset) || self.preset == oldSelf.preset)")
        .message("preset cannot be changed: its keys and models are one vendor's; create another ModelProvider and \
            delete this one")
        .field_path(".preset")
            .reason(Reason::FieldValueForbidden),
    validation = Rule::new("has(self.preset) || has(self.dialects) || has(self.dialect)")
        .message("without a preset, set dialects: what the endpoint speaks, such as [ChatCompletions]")
        .field_path(".dialects").reason(Reason::FieldValueRequired),
    validation = Rule::new("!has(self.dialects) || !has(self.dialect)")
        .message("dialects and dialect say the same: remove dialect")
        .field_path(".dialect").reason(Reason::FieldValueForbidden),
    validation = Rule::new("has(self.preset) || has(self.baseURL)")
        .message("without a preset, set baseURL: where the endpoint is, such as http://vllm.models.svc:8000/v1")
        .field_path(".baseURL").reason(Reason::FieldValueRequired),
    validation = Rule::new("has(self.preset) || has(self.models)")
        .message("without a preset, set models: which models the endpoint serves")
        .field_path(".models").reason(Reason::FieldValueRequired),
    validation = Rule::new("!has(self.auth) || self.auth.scheme == 'None' || \
            (has(self.credentials) && size(self.credentials) > 0)")
        .message("this auth scheme needs credentials: name a Secret that holds the key, or set auth.scheme to None")
        .field_path(".credentials").reason(Reason::FieldValueRequired),
    validation = Rule::new("!has(self.auth) || !has(self.auth.header) || !has(self.headers) || \
            self.headers.all(h, h.name.lowerAscii() != self.auth.header.lowerAscii())")
        .message("a header of this name carries the key: remove it from headers and use credentials")
        .field_path(".headers")
            .reason(Reason::FieldValueForbidden),
    validation = Rule::new("!has(self.tls) || !has(self.baseURL) || !self.baseURL.startsWith('http://')")
        .message("tls needs an https address, or nothing is known of who answers: write baseURL with https://, or \
            remove tls")
        .field_path(".tls").reason(Reason::FieldValueForbidden),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModelProviderSpec {
    /// A row of the catalogue, such as `openai`, `anthropic` or `groq`. It gives dialect, address, way of
    /// authentication, models and prices, all of which the other fields override. Cannot be changed later. Default:
    /// none, the endpoint is described by `dialects`, `baseURL` and `models`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub preset: Option<String>,
    /// What the endpoint speaks, the preferred one first: `ChatCompletions` (with the rest of OpenAI's API but for
    /// Responses), `Messages` (Anthropic's) or `Responses`. A request in one of them passes as it is; chat completions and
    /// Messages are translated into each other where the endpoint speaks only the other. Default: the preset's; required
    /// without a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "set"))]
    pub dialects: Option<Vec<Dialect>>,
    /// Replaced by `dialects`: `OpenAI` is `[ChatCompletions]`, `Anthropic` is `[Messages]`.
    /// Default: none, `dialects` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Family>,
    /// Absolute http or https URL up to and including the version segment, without user, query or fragment: for
    /// instance `https://api.openai.com/v1` or `http://vllm.models.svc:8000/v1`. Default: the preset's; required
    /// without a preset, and with one whose address depends on your account.
    #[serde(default, rename = "baseURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    // Forbidden and not merely invalid: then the API server does not repeat the value, which may hold a key.
    #[x_kube(
        validation = Rule::new("self.startsWith('https://') || self.startsWith('http://')")
            .message("must start with https:// or http://, such as https://api.openai.com/v1")
            .reason(Reason::FieldValueForbidden),
        validation = Rule::new("!self.matches('^https?://[^/?#]*@')")
            .message("must not hold a user or password: put the key into a Secret and name it in credentials")
            .reason(Reason::FieldValueForbidden),
        validation = Rule::new("!self.contains('?') && !self.contains('#')")
            .message("must not hold a query or fragment, since paths are appended to it: \
                remove what follows the ? or #")
            .reason(Reason::FieldValueForbidden),
        validation = Rule::new("self.matches('^[!-~]*$') && !self.matches('^https?://[^/?#]*(/.*)?/[.]{1,2}(/|$)')")
            .message("must not hold spaces, characters outside ASCII or dot segments: write it as https://host/v1")
            .reason(Reason::FieldValueForbidden),
        validation = Rule::new("!self.matches('^https?://') || \
                self.matches('^https?://([^/?#]*@)?([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+[]])(:[0-9]*[1-9][0-9]*)?([/?#].*)?$')")
            .message("must name a valid host and port: write it as https://host/v1 or http://host:8000/v1")
            .reason(Reason::FieldValueForbidden),
    )]
    pub base_url: Option<String>,
    /// Its name for people, in lists and messages. Default: the preset's, else the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub display_name: Option<String>,
    /// By whose certificates the endpoint is known, where no public authority has signed its own. For https addresses
    /// alone. Default: by the public authorities, and by those of `--upstream-ca` of the sidecar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How the key is sent. Default: as the preset says; without a preset `Authorization: Bearer` for dialect `OpenAI`
    /// and the header `x-api-key` for `Anthropic`, or nothing at all where there are no credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Where prompts are processed, a word of your choice such as `eu` or `us`; upper and lower case mean the same. A
    /// route or policy that asks for regions leaves out providers that declare none. Default: not declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub region: Option<String>,
    /// What the vendor does with prompts, by your contract with it. Routes and policies can ask for it. Default: what
    /// is not declared is read as the worse case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_policy: Option<DataPolicy>,
    /// The keys, each in a `Secret` of the same namespace. Several share the requests by weight, and stand in for each
    /// other when one is refused or limited. Default: none, for an endpoint that asks for no key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(
        validation = Rule::new("size(self) == 0 || self.exists(c, c.weight > 0)")
            .message("every credential has weight 0: give at least one a share"),
    )]
    pub credentials: Vec<Credential>,
    /// The models that it serves, and these alone. Default: all that the preset serves; required without a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 512),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["model"])
    )]
    pub models: Option<Vec<ServedModel>>,
    /// The most that each pod may ask of it; once that is reached, its targets rest until there is room. Default: no
    /// limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Which namespaces may use it. Default: its own alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
    /// Headers added to every request, for instance the id of an organisation. Not for keys: these values are shown.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(
        validation = Rule::new("self.all(h, self.exists_one(o, o.name.lowerAscii() == h.name.lowerAscii()))")
            .message("two headers have one name, in which upper and lower case mean the same: keep one"),
    )]
    pub headers: Vec<Header>,
}
