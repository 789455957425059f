//! Which models a provider serves, and how: the catalogue's offers, or the list of the spec.

use outrigger_catalog::{Catalog, Kind, Offer as Listed, Prices, Source};
use outrigger_crd::{
    Decimal,
    provider::{Prices as DeclaredPrices, ServedModel},
};
use outrigger_route::{
    view::{Called, Offer},
    words::{Parameter, Parameters, Quantization},
};

use crate::{
    capability,
    check::{callable, did_you_mean, fee, once, rate},
    endpoint::Endpoint,
    problem::Report,
};

pub(crate) fn served(
    declared: Option<&[ServedModel]>,
    endpoint: &Endpoint<'_>,
    catalog: &Catalog,
    report: &mut Report<'_>,
) -> Vec<Offer> {
    let Some(declared) = declared else { return preset(endpoint, catalog, report) };
    let mut all: Vec<Offer> = Vec::new();
    for (at, model) in declared.iter().enumerate() {
        let field = format!("spec.models[{at}]");
        if declared[..at].iter().any(|above| above.model == model.model) {
            report.error(format!("{field}.model"), "is listed twice: keep one");
            continue;
        }
        let Some(model) = one(model, &field, endpoint, catalog, report) else { continue };
        let same = |other: &Offer| (&other.model, &other.upstream_name) == (&model.model, &model.upstream_name);
        match all.iter().any(same) {
            true => report.error(field, "is listed twice under one upstream name"),
            false => all.push(model),
        }
    }
    all
}

/// All that the preset serves. Deprecated offers are kept: they can still be called.
fn preset(endpoint: &Endpoint<'_>, catalog: &Catalog, report: &mut Report<'_>) -> Vec<Offer> {
    let Some(preset) = endpoint.preset else {
        report.error("spec.models", "required without a preset: say which models it serves");
        return Vec::new();
    };
    let mut last = None;
    let mut all = Vec::new();
    for offer in catalog.offers_of(&preset.slug) {
        let model = catalog.model(&offer.model);
        let operations = capability::operations(endpoint.dialects, model.map(|model| model.kind));
        if operations.is_empty() {
            continue;
        }
        let by_id = last != Some(&offer.model);
        last = Some(&offer.model);
        all.push(Offer {
            model: offer.model.as_str().into(),
            upstream_name: offer.upstream_name.as_str().into(),
            operations,
            quantization: Quantization::Unknown,
            prices: offer.prices.clone(),
            context_length: offer.context_length,
            max_output: offer.max_output,
            input_modalities: capability::modalities(model),
            parameters: capability::parameters(endpoint.dialects, model),
            called: called(by_id, offer.model.as_str(), &offer.upstream_name, &preset.slug, catalog),
        });
    }
    all
}

fn one(
    declared: &ServedModel,
    field: &str,
    endpoint: &Endpoint<'_>,
    catalog: &Catalog,
    report: &mut Report<'_>,
) -> Option<Offer> {
    let ServedModel {
        model: name,
        upstream_name,
        quantization,
        context_length,
        max_output,
        input_modalities,
        parameters: supported,
        prices: declared_prices,
    } = declared;
    let before = report.errors();
    for (part, text) in [("model", Some(name)), ("upstreamName", upstream_name.as_ref())] {
        if let Some(Err(reason)) = text.map(|text| callable(text)) {
            report.error(format!("{field}.{part}"), reason);
        }
    }
    for (part, length) in [("contextLength", context_length), ("maxOutput", max_output)] {
        if *length == Some(0) {
            report.error(format!("{field}.{part}"), "must be at least 1; remove it for the catalogue's");
        }
    }
    let offer = endpoint.preset.and_then(|preset| {
        let upstream = upstream_name.as_deref().and_then(|upstream| catalog.offer(&preset.slug, upstream));
        upstream.filter(|offer| offer.model == *name).or_else(|| catalog.offer(&preset.slug, name))
    });
    let id = offer.map_or(name.as_str(), |offer| &offer.model);
    let model = catalog.model(id);
    let prices = prices(declared_prices.as_ref(), &format!("{field}.prices"), offer, report);
    once(input_modalities.as_deref(), &format!("{field}.inputModalities"), report);
    once(supported.as_deref(), &format!("{field}.parameters"), report);
    let supported = supported.as_ref().map(|words| parameters(words, &format!("{field}.parameters"), report));
    let operations = capability::operations(endpoint.dialects, model.map(|model| model.kind));
    if operations.is_empty() {
        let kind = model.map_or(Kind::Chat, |model| model.kind);
        report.error(
            format!("{field}.model"),
            format!("{} has no {kind:?} requests, which this model is for", endpoint.dialects),
        );
    }
    if report.errors() > before {
        return None;
    }
    if let (None, Some(preset), None) = (offer, endpoint.preset, upstream_name) {
        let near = did_you_mean(name, catalog.offers_of(&preset.slug).map(|offer| offer.model.as_str()));
        report.warning(
            format!("{field}.model"),
            format!("the catalogue lists no such model at {}: sent as written; set upstreamName{near}", preset.name),
        );
    }
    let upstream = upstream_name.as_deref().or(offer.map(|offer| offer.upstream_name.as_str())).unwrap_or(name);
    Some(Offer {
        model: id.into(),
        upstream_name: upstream.into(),
        operations,
        quantization: quantization.map_or(Quantization::Unknown, capability::quantization),
        prices,
        context_length: context_length.or(offer.map_or(model.and_then(|m| m.context_length), |o| o.context_length)),
        max_output: max_output.or(offer.map_or(model.and_then(|m| m.max_output), |o| o.max_output)),
        input_modalities: match input_modalities {
            Some(modalities) => capability::declared_modalities(modalities),
            None => capability::modalities(model),
        },
        parameters: supported.unwrap_or_else(|| capability::parameters(endpoint.dialects, model)),
        called: called(true, id, upstream, endpoint.slug, catalog),
    })
}

/// The names that mean an offer of the provider that callers call `slug`.
fn called(by_id: bool, model: &str, upstream_name: &str, slug: &str, catalog: &Catalog) -> Called {
    Called {
        by_id,
        by_upstream_name: upstream_name != model && catalog.model(upstream_name).is_none(),
        by_qualified_name: catalog.model(&format!("{slug}/{upstream_name}")).is_none(),
    }
}

fn parameters(words: &[String], field: &str, report: &mut Report<'_>) -> Parameters {
    let mut set = Parameters::default();
    for (at, word) in words.iter().enumerate() {
        match Parameter::parse(word) {
            Some(parameter) => set.insert(parameter),
            None => {
                let near = did_you_mean(word, Parameter::ALL.iter().map(|known| known.as_str()));
                report.error(format!("{field}[{at}]"), format!("there is no such parameter{near}"));
            }
        }
    }
    set
}

/// The operator's row if there is one, else the catalogue's; nobody's row is no price, never zero (U6).
fn prices(
    declared: Option<&DeclaredPrices>,
    field: &str,
    offer: Option<&Listed>,
    report: &mut Report<'_>,
) -> Option<Prices> {
    let Some(declared) = declared else { return offer.and_then(|offer| offer.prices.clone()) };
    let DeclaredPrices {
        input,
        output,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        reasoning,
        input_audio,
        output_audio,
        input_image,
        output_image,
        request,
        image,
    } = declared;
    let (input, output) = (value("input", input, rate, field, report), value("output", output, rate, field, report));
    let mut prices = Prices::flat(input, output, Source::Policy.as_str(), "");
    let mut rates = |part, text: &Option<Decimal>| text.as_ref().map(|text| value(part, text, rate, field, report));
    prices.cache_read = rates("cacheRead", cache_read);
    prices.cache_write_5m = rates("cacheWrite5m", cache_write_5m);
    prices.cache_write_1h = rates("cacheWrite1h", cache_write_1h);
    prices.reasoning = rates("reasoning", reasoning);
    prices.input_audio = rates("inputAudio", input_audio);
    prices.output_audio = rates("outputAudio", output_audio);
    prices.input_image = rates("inputImage", input_image);
    prices.output_image = rates("outputImage", output_image);
    let mut fees = |part, text: &Option<Decimal>| text.as_ref().map(|text| value(part, text, fee, field, report));
    prices.request = fees("request", request);
    prices.image = fees("image", image);
    // Tools that the vendor runs have no place in the object: what they cost does not hang on the rates. Tiers of service do.
    if let Some(listed) = offer.and_then(|offer| offer.prices.as_ref()) {
        prices.fees.clone_from(&listed.fees);
    }
    Some(prices)
}

/// A zero that was not written never gets out: its error leaves the model out.
fn value<T: Default>(
    part: &str,
    text: &Decimal,
    read: impl Fn(&Decimal) -> Result<T, String>,
    field: &str,
    report: &mut Report<'_>,
) -> T {
    read(text).unwrap_or_else(|reason| {
        report.error(format!("{field}.{part}"), reason);
        T::default()
    })
}
