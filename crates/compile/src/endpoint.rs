//! Where a provider is and how one speaks to it: the preset's row, overridden by the spec.

use outrigger_catalog::{Auth, Catalog, Provider as Preset};
use outrigger_crd::{ModelProviderSpec, provider::AuthScheme as Declared};
use outrigger_wire::{AuthScheme, Dialect};

use crate::{
    check::{base_url, did_you_mean, header_name, is_header_value},
    problem::Report,
};

/// A provider's address and manners.
#[derive(Debug)]
pub(crate) struct Endpoint<'a> {
    pub(crate) preset: Option<&'a Preset>,
    /// What requests call the provider: the preset's slug, else the object's name.
    pub(crate) slug: &'a str,
    pub(crate) dialect: Dialect,
    pub(crate) base_url: Box<str>,
    pub(crate) auth: AuthScheme,
    pub(crate) headers: Vec<(Box<str>, Box<str>)>,
}

/// Headers that frame a message or name its host; one of these would change where or how a request goes (Z7).
const RESERVED: [&str; 9] =
    ["host", "content-length", "content-type", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"];

/// `None` if there is no way to speak to it; then `report` says why.
pub(crate) fn endpoint<'a>(
    name: &'a str,
    spec: &ModelProviderSpec,
    catalog: &'a Catalog,
    report: &mut Report<'_>,
) -> Option<Endpoint<'a>> {
    let preset = match &spec.preset {
        None => None,
        Some(slug) => match catalog.provider(slug) {
            Some(preset) => Some(preset),
            None => {
                let near = did_you_mean(slug, catalog.providers().iter().map(|provider| provider.slug.as_str()));
                report.error("spec.preset", format!("there is no such preset{near}"));
                return None;
            }
        },
    };
    let dialect = dialect(spec, preset, report);
    let base_url = address(spec, preset, report);
    let auth = auth(spec, preset, dialect, report);
    let headers = headers(spec, auth.as_ref(), report);
    let slug = preset.map_or(name, |preset| &preset.slug);
    Some(Endpoint { preset, slug, dialect: dialect?, base_url: base_url?, auth: auth?, headers: headers? })
}

fn dialect(spec: &ModelProviderSpec, preset: Option<&Preset>, report: &mut Report<'_>) -> Option<Dialect> {
    let built = "this build speaks OpenAI and Anthropic";
    match (&spec.dialect, preset) {
        (Some(outrigger_crd::provider::Dialect::OpenAI), _) => Some(Dialect::OpenAi),
        (Some(outrigger_crd::provider::Dialect::Anthropic), _) => Some(Dialect::Anthropic),
        (None, Some(preset)) => Dialect::parse(&preset.dialect).or_else(|| {
            let (name, dialect) = (&preset.name, &preset.dialect);
            report.error("spec.preset", format!("{name} speaks the dialect {dialect}, not supported yet; {built}"));
            None
        }),
        (None, None) => {
            report.error("spec.dialect", format!("required without a preset; {built}"));
            None
        }
    }
}

fn address(spec: &ModelProviderSpec, preset: Option<&Preset>, report: &mut Report<'_>) -> Option<Box<str>> {
    let declared = spec.base_url.as_deref();
    let Some(url) = declared.or_else(|| preset.and_then(|preset| preset.base_url.as_deref())) else {
        let why = match preset {
            Some(preset) => format!("required: the address of {} depends on your account or region", preset.name),
            None => "required without a preset".to_owned(),
        };
        report.error("spec.baseURL", why);
        return None;
    };
    match base_url(url) {
        Ok(url) => Some(url.into()),
        Err(reason) => {
            report.error("spec.baseURL", reason);
            None
        }
    }
}

fn auth(
    spec: &ModelProviderSpec,
    preset: Option<&Preset>,
    dialect: Option<Dialect>,
    report: &mut Report<'_>,
) -> Option<AuthScheme> {
    let Some(declared) = &spec.auth else {
        return Some(match preset.map(|preset| &preset.auth) {
            Some(Auth::Bearer) => AuthScheme::Bearer,
            Some(Auth::Header(name)) => AuthScheme::Header(name.as_str().into()),
            Some(Auth::None) => AuthScheme::None,
            None if spec.credentials.is_empty() => AuthScheme::None,
            None if dialect == Some(Dialect::Anthropic) => AuthScheme::Header("x-api-key".into()),
            None => AuthScheme::Bearer,
        });
    };
    match (declared.scheme, &declared.header) {
        (Declared::Bearer, None) => Some(AuthScheme::Bearer),
        (Declared::None, None) => Some(AuthScheme::None),
        (Declared::Header, Some(name)) => match header_name(name) {
            Ok(name) if !RESERVED.contains(&&*name) => Some(AuthScheme::Header(name)),
            Ok(name) => {
                report.error("spec.auth.header", format!("{name:?} cannot carry a key"));
                None
            }
            Err(reason) => {
                report.error("spec.auth.header", reason);
                None
            }
        },
        (Declared::Header, None) => {
            report.error("spec.auth.header", "scheme Header needs the header's name, such as x-api-key");
            None
        }
        (Declared::Bearer | Declared::None, Some(_)) => {
            report.error("spec.auth.header", "only scheme Header looks at it: set that, or remove this");
            None
        }
    }
}

fn headers(
    spec: &ModelProviderSpec,
    auth: Option<&AuthScheme>,
    report: &mut Report<'_>,
) -> Option<Vec<(Box<str>, Box<str>)>> {
    let before = report.errors();
    let mut headers: Vec<(Box<str>, Box<str>)> = Vec::new();
    for (at, header) in spec.headers.iter().enumerate() {
        match header_name(&header.name) {
            Ok(name) if headers.iter().any(|(other, _)| *other == name) => {
                report.error(format!("spec.headers[{at}].name"), "is listed twice: keep one");
            }
            Err(reason) => report.error(format!("spec.headers[{at}].name"), reason),
            Ok(name) if RESERVED.contains(&&*name) => {
                report.error(format!("spec.headers[{at}].name"), format!("{name:?} is set by the proxy itself"));
            }
            Ok(name) if carries_key(auth, &name) => {
                report.error(format!("spec.headers[{at}].name"), "carries the key: use credentials");
            }
            Ok(_) if !is_header_value(&header.value) => {
                report.error(format!("spec.headers[{at}].value"), "holds characters that no header can carry");
            }
            Ok(name) => headers.push((name, header.value.as_str().into())),
        }
    }
    (report.errors() == before).then_some(headers)
}

fn carries_key(auth: Option<&AuthScheme>, name: &str) -> bool {
    name == "authorization" || matches!(auth, Some(AuthScheme::Header(key)) if **key == *name)
}
