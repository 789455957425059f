//! Where a provider is and how one speaks to it: the preset's row, overridden by the spec.

use outrigger_catalog::{Auth, Catalog, Provider as Preset};
use outrigger_crd::{
    ModelProviderSpec,
    provider::{AuthScheme as Declared, Dialect as Declaration, Family},
};
use outrigger_wire::{AuthScheme, Dialect, Dialects};

use crate::{
    check::{base_url, did_you_mean, header_name, is_header_value, once},
    problem::Report,
};

/// A provider's address and manners.
#[derive(Debug)]
pub(crate) struct Endpoint<'a> {
    pub(crate) preset: Option<&'a Preset>,
    /// What requests call the provider: the preset's slug, else the object's name.
    pub(crate) slug: &'a str,
    pub(crate) dialects: Dialects,
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
    let dialects = dialects(spec, preset, report);
    let base_url = address(spec, preset, report);
    let auth = auth(spec, preset, dialects, report);
    let headers = headers(spec, auth.as_ref(), report);
    let slug = preset.map_or(name, |preset| &preset.slug);
    Some(Endpoint { preset, slug, dialects: dialects?, base_url: base_url?, auth: auth?, headers: headers? })
}

/// What it is said to speak, the preset's unless the spec says another.
fn dialects(spec: &ModelProviderSpec, preset: Option<&Preset>, report: &mut Report<'_>) -> Option<Dialects> {
    let built = || format!("this build speaks {}", Dialect::ALL.map(Dialect::kind).join(", "));
    if let Some(family) = spec.dialect {
        if spec.dialects.is_some() {
            report.error("spec.dialect", "dialects and dialect say the same: remove dialect");
            return None;
        }
        let dialect = of_family(family);
        report.warning("spec.dialect", format!("is replaced by dialects: write dialects: [{dialect}]"));
        return Some(Dialects::only(dialect));
    }
    match (&spec.dialects, preset) {
        (Some(declared), _) => {
            once(Some(declared), "spec.dialects", report);
            let dialects = Dialects::of(declared.iter().map(|declared| declared_dialect(*declared)));
            if dialects.is_none() {
                report.error("spec.dialects", "must name one: what the endpoint speaks, such as [ChatCompletions]");
            }
            dialects
        }
        (None, Some(preset)) => {
            Dialects::of(preset.dialects.iter().filter_map(|word| Dialect::parse(word))).or_else(|| {
                let (name, words) = (&preset.name, preset.dialects.join(", "));
                report
                    .error("spec.preset", format!("{name} speaks the dialect {words}, not supported yet; {}", built()));
                None
            })
        }
        (None, None) => {
            report.error("spec.dialects", format!("required without a preset; {}", built()));
            None
        }
    }
}

fn declared_dialect(declared: Declaration) -> Dialect {
    match declared {
        Declaration::ChatCompletions => Dialect::ChatCompletions,
        Declaration::Messages => Dialect::Messages,
        Declaration::Responses => Dialect::Responses,
    }
}

fn of_family(family: Family) -> Dialect {
    match family {
        Family::OpenAI => Dialect::ChatCompletions,
        Family::Anthropic => Dialect::Messages,
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
    dialects: Option<Dialects>,
    report: &mut Report<'_>,
) -> Option<AuthScheme> {
    let Some(declared) = &spec.auth else {
        return Some(match preset.map(|preset| &preset.auth) {
            Some(Auth::Bearer) => AuthScheme::Bearer,
            Some(Auth::Header(name)) => AuthScheme::Header(name.as_str().into()),
            Some(Auth::None) => AuthScheme::None,
            None if spec.credentials.is_empty() => AuthScheme::None,
            None if dialects == Some(Dialects::only(Dialect::Messages)) => AuthScheme::Header("x-api-key".into()),
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
