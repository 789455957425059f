//! A provider with its targets into its message.

use outrigger_catalog::{Fee, Prices, Service, Tier};
use outrigger_route::{
    snapshot::Provider,
    view::{Called, Offer, Offering},
    words::{Parameters, Quantization},
};
use outrigger_wire::{AuthScheme, Dialect, Operation};

use super::limit::limit;
use crate::{
    v1::{self, auth::Scheme, limit::Kind as Limit},
    words,
};

pub(super) fn encode(offering: &Offering) -> v1::Provider {
    let Offering { provider, offers } = offering;
    let Provider {
        name,
        slug,
        short_name,
        display,
        dialects,
        base_url,
        authorities,
        auth,
        credentials: _,
        region,
        trains,
        retention,
        requests_per_minute,
        tokens_per_minute,
        headers,
    } = provider;
    let scheme = match auth {
        AuthScheme::Bearer => Scheme::Bearer(v1::Flag {}),
        AuthScheme::Header(name) => Scheme::Header(name.to_string()),
        AuthScheme::None => Scheme::None(v1::Flag {}),
    };
    // A limit, so that whoever does not know it sends nothing: to go on with public authorities would be to trust more.
    let authorities = authorities.as_ref().map(|it| {
        let certificates = it.certificates().map(<[u8]>::to_vec).collect();
        Limit::Authorities(v1::Certificates { certificates })
    });
    let limits =
        [requests_per_minute.map(Limit::RequestsPerMinute), tokens_per_minute.map(Limit::TokensPerMinute), authorities];
    let header =
        |(name, value): &(Box<str>, Box<str>)| v1::header::Field { name: name.to_string(), value: value.to_string() };
    v1::Provider {
        name: name.to_string(),
        slug: slug.to_string(),
        short_name: short_name.to_string(),
        display: display.to_string(),
        dialects: dialects.iter().flat_map(Dialect::words).map(|word| (*word).to_owned()).collect(),
        base_url: base_url.to_string(),
        auth: Some(v1::Auth { scheme: Some(scheme) }),
        region: region.as_deref().map(str::to_owned),
        trains: *trains,
        retention: retention.map(|retention| words::retention(retention).to_owned()),
        limits: limits.into_iter().flatten().map(limit).collect(),
        headers: headers.iter().map(header).collect(),
        offers: offers.iter().map(offer).collect(),
    }
}

fn offer(offer: &Offer) -> v1::Offer {
    let Offer {
        model,
        upstream_name,
        operations,
        quantization,
        prices: priced,
        context_length,
        max_output,
        input_modalities,
        parameters,
        called,
    } = offer;
    let Called { by_id, by_upstream_name, by_qualified_name } = *called;
    let operations = Operation::ALL.into_iter().filter(|operation| operations.contains(*operation));
    let quantization = Some(*quantization).filter(|it| *it != Quantization::Unknown);
    v1::Offer {
        model: model.to_string(),
        upstream_name: if upstream_name == model { String::new() } else { upstream_name.to_string() },
        operations: operations.map(|operation| operation.path().to_owned()).collect(),
        quantization: quantization.map_or("", Quantization::as_str).to_owned(),
        prices: priced.as_ref().map(prices),
        context_length: *context_length,
        max_output: *max_output,
        input_modalities: input_modalities.iter().map(|modality| modality.as_str().to_owned()).collect(),
        refused_parameters: Parameters::all().minus(*parameters).iter().map(|it| it.as_str().to_owned()).collect(),
        by_id,
        by_upstream_name,
        by_qualified_name,
    }
}

fn prices(prices: &Prices) -> v1::Prices {
    let Prices {
        source,
        as_of,
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
        tiers,
        services,
        fees,
        heard,
        in_us_percent,
    } = prices;
    v1::Prices {
        source: source.clone(),
        as_of: as_of.clone(),
        rates: Some(v1::Rates {
            input: input.0,
            output: output.0,
            cache_read: cache_read.map(|rate| rate.0),
            cache_write_5m: cache_write_5m.map(|rate| rate.0),
            cache_write_1h: cache_write_1h.map(|rate| rate.0),
            reasoning: reasoning.map(|rate| rate.0),
            input_audio: input_audio.map(|rate| rate.0),
            output_audio: output_audio.map(|rate| rate.0),
            input_image: input_image.map(|rate| rate.0),
            output_image: output_image.map(|rate| rate.0),
        }),
        request: request.map(|fee| fee.0),
        image: image.map(|fee| fee.0),
        tiers: tiers.iter().map(tier).collect(),
        services: services.iter().map(service).collect(),
        fees: fees.iter().map(fee).collect(),
        heard: heard.map(|rate| rate.0),
        in_us_percent: in_us_percent.map(u32::from),
    }
}

fn service(Service { name, source, as_of, tiers }: &Service) -> v1::Service {
    v1::Service {
        name: name.clone(),
        source: source.clone(),
        as_of: as_of.clone(),
        tiers: tiers.iter().map(tier).collect(),
    }
}

fn fee(Fee { tool, each, source, as_of }: &Fee) -> v1::Fee {
    v1::Fee { tool: tool.clone(), each: each.0, source: source.clone(), as_of: as_of.clone() }
}

fn tier(tier: &Tier) -> v1::Tier {
    let Tier {
        above,
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
    } = tier;
    v1::Tier {
        above: *above,
        rates: Some(v1::Rates {
            input: input.0,
            output: output.0,
            cache_read: cache_read.map(|rate| rate.0),
            cache_write_5m: cache_write_5m.map(|rate| rate.0),
            cache_write_1h: cache_write_1h.map(|rate| rate.0),
            reasoning: reasoning.map(|rate| rate.0),
            input_audio: input_audio.map(|rate| rate.0),
            output_audio: output_audio.map(|rate| rate.0),
            input_image: input_image.map(|rate| rate.0),
            output_image: output_image.map(|rate| rate.0),
        }),
    }
}
