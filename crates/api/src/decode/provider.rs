//! A provider with its targets out of its message.

use std::sync::Arc;

use outrigger_catalog::{Fee, NanoUsd, Prices, Rate, Service, Tier};
use outrigger_route::{
    snapshot::Provider,
    view::{Called, Offer, Offering},
    words::{Modality, Parameter, Parameters, Quantization},
};
use outrigger_wire::{AuthScheme, Dialect, Dialects};

use super::limit::{self, Limits};
use crate::{
    v1::{self, auth::Scheme},
    words,
};

/// Or what of it this build does not know.
pub(super) fn decode(provider: v1::Provider) -> Result<Offering, &'static str> {
    let v1::Provider {
        name,
        slug,
        short_name,
        display,
        dialects,
        base_url,
        auth,
        region,
        trains,
        retention,
        limits,
        headers,
        offers,
    } = provider;
    let auth = match auth.and_then(|auth| auth.scheme).ok_or("how its key is sent")? {
        Scheme::Bearer(v1::Flag {}) => AuthScheme::Bearer,
        Scheme::Header(name) => AuthScheme::Header(name.into()),
        Scheme::None(v1::Flag {}) => AuthScheme::None,
    };
    let Limits { requests_per_minute, tokens_per_minute, authorities } = limit::provider(limits)?;
    let provider = Provider {
        name: name.into(),
        slug: slug.into(),
        short_name: short_name.into(),
        display: display.into(),
        dialects: Dialects::of(dialects.iter().filter_map(|word| Dialect::parse(word))).ok_or("its dialects")?,
        base_url: base_url.into(),
        authorities,
        auth,
        credentials: Arc::default(),
        region: region.map(Into::into),
        trains,
        retention: retention.and_then(|word| words::read_retention(&word)),
        requests_per_minute,
        tokens_per_minute,
        headers: headers.into_iter().map(|header| (header.name.into(), header.value.into())).collect(),
    };
    Ok(Offering { provider, offers: offers.into_iter().map(offer).collect() })
}

fn offer(offer: v1::Offer) -> Offer {
    let v1::Offer {
        model,
        upstream_name,
        operations,
        quantization,
        prices: priced,
        context_length,
        max_output,
        input_modalities,
        refused_parameters,
        by_id,
        by_upstream_name,
        by_qualified_name,
    } = offer;
    let mut parameters = Parameters::all();
    refused_parameters.iter().filter_map(|word| Parameter::exact(word)).for_each(|word| parameters.remove(word));
    Offer {
        upstream_name: if upstream_name.is_empty() { model.as_str().into() } else { upstream_name.into() },
        model: model.into(),
        operations: operations.iter().filter_map(|word| words::read_operation(word)).collect(),
        quantization: Quantization::exact(&quantization).unwrap_or(Quantization::Unknown),
        prices: priced.and_then(prices),
        context_length,
        max_output,
        input_modalities: input_modalities.iter().filter_map(|word| Modality::exact(word)).collect(),
        parameters,
        called: Called { by_id, by_upstream_name, by_qualified_name },
    }
}

/// No rates, no price: never zero (U6).
fn prices(prices: v1::Prices) -> Option<Prices> {
    let v1::Prices { source, as_of, rates, request, image, tiers, services, fees, heard, in_us_percent } = prices;
    let rates = rates?;
    let mut prices = Prices::flat(Rate(rates.input), Rate(rates.output), source, as_of);
    prices.cache_read = rates.cache_read.map(Rate);
    prices.cache_write_5m = rates.cache_write_5m.map(Rate);
    prices.cache_write_1h = rates.cache_write_1h.map(Rate);
    prices.reasoning = rates.reasoning.map(Rate);
    prices.input_audio = rates.input_audio.map(Rate);
    prices.output_audio = rates.output_audio.map(Rate);
    prices.input_image = rates.input_image.map(Rate);
    prices.output_image = rates.output_image.map(Rate);
    prices.request = request.map(NanoUsd);
    prices.image = image.map(NanoUsd);
    prices.tiers = tiers.into_iter().map(tier).collect::<Option<_>>()?;
    prices.services = services.into_iter().map(service).collect::<Option<_>>()?;
    prices.fees = fees.into_iter().map(fee).collect();
    prices.heard = heard.map(Rate);
    prices.in_us_percent = in_us_percent.and_then(|percent| u16::try_from(percent).ok());
    Some(prices)
}

fn service(service: v1::Service) -> Option<Service> {
    let v1::Service { name, source, as_of, tiers } = service;
    Some(Service { name, source, as_of, tiers: tiers.into_iter().map(tier).collect::<Option<_>>()? })
}

fn fee(fee: v1::Fee) -> Fee {
    let v1::Fee { tool, each, source, as_of } = fee;
    Fee { tool, each: NanoUsd(each), source, as_of }
}

fn tier(tier: v1::Tier) -> Option<Tier> {
    let v1::Tier { above, rates } = tier;
    let rates = rates?;
    let mut tier = Tier::flat(above, Rate(rates.input), Rate(rates.output));
    tier.cache_read = rates.cache_read.map(Rate);
    tier.cache_write_5m = rates.cache_write_5m.map(Rate);
    tier.cache_write_1h = rates.cache_write_1h.map(Rate);
    tier.reasoning = rates.reasoning.map(Rate);
    tier.input_audio = rates.input_audio.map(Rate);
    tier.output_audio = rates.output_audio.map(Rate);
    tier.input_image = rates.input_image.map(Rate);
    tier.output_image = rates.output_image.map(Rate);
    Some(tier)
}
