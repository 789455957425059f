//! Reading a data file: everything is checked before anything is believed.

use crate::{
    Catalog,
    file::{Counts, FORMAT, OfferRow},
    model::{Model, Offer},
    price::{Fee, NanoUsd, Prices, Rate, Service, Source, Tier},
    provider::Provider,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, HashSet},
    fmt,
};

/// Why a data file was refused: every problem found, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejected {
    /// Never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The row and, where it has one, its name: `offers[12] groq llama-3.1-8b-instant`.
    pub path: String,
    /// What is wrong there, for the person who has to mend it.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "catalogue refused, {} problem(s)", self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl Catalog {
    /// Reads and validates a data file.
    ///
    /// # Errors
    ///
    /// Any problem in any row refuses the file whole; [`Rejected`] lists all of them. The caller keeps the catalogue
    /// it has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejected> {
        parse(bytes)
    }
}

fn parse(bytes: &[u8]) -> Result<Catalog, Rejected> {
    let mut found = Findings::default();
    let file: File<'_> = match serde_json::from_slice(bytes) {
        Ok(file) => file,
        Err(error) => {
            found.add("file", error);
            return Err(Rejected { problems: found.0 });
        }
    };
    found.head(&file);
    let mut providers: Vec<Provider> = found.rows("providers", &file.providers);
    let mut models: Vec<Model> = found.rows("models", &file.models);
    let rows: Vec<OfferRow> = found.rows("offers", &file.offers);
    if found.0.is_empty() {
        // Rows are checked against each other only when each was readable, or every gap would be reported twice.
        found.providers(&providers);
        found.models(&models);
        found.offers(&rows, &providers, &models);
    }
    if !found.0.is_empty() {
        return Err(Rejected { problems: found.0 });
    }

    providers.sort_by(|a, b| a.slug.cmp(&b.slug));
    models.sort_by(|a, b| a.id.cmp(&b.id));
    let mut offers = offers(rows, &models);
    // Stable: of several offers of one model at one provider the first in the file stays first.
    offers.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
    Ok(Catalog {
        version: format!("{:016x}", fnv1a(bytes)),
        as_of: file.as_of,
        by_model: indices(&offers, |offer| (&offer.model, &offer.provider)),
        by_upstream: indices(&offers, |offer| (&offer.provider, &offer.upstream_name)),
        providers,
        models,
        offers,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    format: u32,
    as_of: String,
    made_from: Vec<String>,
    counts: Counts,
    #[serde(borrow)]
    providers: Vec<&'a RawValue>,
    #[serde(borrow)]
    models: Vec<&'a RawValue>,
    #[serde(borrow)]
    offers: Vec<&'a RawValue>,
}

#[derive(Default)]
struct Findings(Vec<Problem>);

impl Findings {
    fn add(&mut self, path: impl Into<String>, reason: impl ToString) {
        self.0.push(Problem { path: path.into(), reason: reason.to_string() });
    }

    fn head(&mut self, file: &File<'_>) {
        if file.format != FORMAT {
            let reason = format!("is {}, this build reads {FORMAT}", file.format);
            self.add("format", reason);
        }
        if !is_date(&file.as_of, &[10]) {
            self.add("as_of", format!("{:?} is not an ISO date", file.as_of));
        }
        if file.made_from.is_empty() {
            self.add("made_from", "names no source");
        }
        let counts = Counts { providers: file.providers.len(), models: file.models.len(), offers: file.offers.len() };
        if counts != file.counts {
            let reason = format!("promises {:?}, the file holds {counts:?}", file.counts);
            self.add("counts", reason);
        }
        if counts.providers == 0 || counts.models == 0 || counts.offers == 0 {
            self.add("counts", "a catalogue with nothing in it");
        }
    }

    fn rows<T: DeserializeOwned>(&mut self, section: &str, rows: &[&RawValue]) -> Vec<T> {
        let mut read = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            match serde_json::from_str(row.get()) {
                Ok(row) => read.push(row),
                Err(error) => self.add(format!("{section}[{at}]{}", name_of(row)), error),
            }
        }
        read
    }

    fn providers(&mut self, providers: &[Provider]) {
        let mut seen = HashSet::new();
        for (at, provider) in providers.iter().enumerate() {
            let path = || format!("providers[{at}] {}", provider.slug);
            if !is_slug(&provider.slug) {
                self.add(path(), "slug must be lower-case letters, digits, '-', '_', '.'");
            }
            if !seen.insert(&provider.slug) {
                self.add(path(), "slug occurs twice");
            }
            if provider.name.is_empty()
                || provider.dialects.is_empty()
                || provider.dialects.iter().any(String::is_empty)
            {
                self.add(path(), "name and dialects must not be empty");
            }
            if let Some(url) = &provider.base_url
                && !is_base_url(url)
            {
                let reason = format!("base_url {url:?} is not an absolute http(s) URL without a trailing slash");
                self.add(path(), reason);
            }
            if provider.env.iter().any(|name| !is_env_name(name)) {
                self.add(path(), "env names must be upper-case letters, digits and '_'");
            }
        }
    }

    fn models(&mut self, models: &[Model]) {
        let mut seen = HashSet::new();
        for (at, model) in models.iter().enumerate() {
            let path = || format!("models[{at}] {}", model.id);
            if !is_model_id(&model.id) {
                self.add(path(), "id must be author/slug without spaces");
            }
            if !seen.insert(&model.id) {
                self.add(path(), "id occurs twice");
            }
            if model.name.is_empty() {
                self.add(path(), "name is empty");
            }
            if model.context_length == Some(0) || model.max_output == Some(0) {
                self.add(path(), "context and max_output must not be 0");
            }
            if model.input_modalities.is_empty() || model.output_modalities.is_empty() {
                self.add(path(), "in and out must not be empty");
            }
            for date in [&model.release_date, &model.knowledge_cutoff].into_iter().flatten() {
                if !is_date(date, &[4, 7, 10]) {
                    self.add(path(), format!("{date:?} is not an ISO date"));
                }
            }
        }
    }

    fn offers(&mut self, offers: &[OfferRow], providers: &[Provider], models: &[Model]) {
        let providers: HashSet<&str> = providers.iter().map(|p| p.slug.as_str()).collect();
        let models: HashSet<&str> = models.iter().map(|m| m.id.as_str()).collect();
        let mut seen = HashSet::new();
        for (at, offer) in offers.iter().enumerate() {
            let path = || format!("offers[{at}] {} {}", offer.provider, offer.upstream);
            if !providers.contains(offer.provider.as_str()) {
                self.add(path(), format!("no provider {:?}", offer.provider));
            }
            if !models.contains(offer.model.as_str()) {
                self.add(path(), format!("no model {:?}", offer.model));
            }
            if offer.upstream.is_empty() {
                self.add(path(), "upstream name is empty");
            }
            if !seen.insert((&offer.provider, &offer.upstream)) {
                self.add(path(), "this provider has the upstream name twice");
            }
            if offer.context == Some(0) || offer.max_output == Some(0) {
                self.add(path(), "context and max_output must not be 0");
            }
            if offer.source.is_none() && offer.prices.is_none() {
                self.add(path(), "has no source");
            }
            if offer.source == Some(Source::Policy) {
                self.add(path(), "source \"policy\" is for the operator's own rows");
            }
            if let Some(prices) = &offer.prices {
                for reason in wrong_with(prices) {
                    self.add(path(), reason);
                }
            }
        }
    }
}

/// Everything wrong with one price; negative, fractional and non-numeric rates were already refused by their type.
fn wrong_with(prices: &Prices) -> Vec<String> {
    let mut wrong = Vec::new();
    if shipped_source(&prices.source).is_none() {
        wrong.push(format!("prices.source {:?} is not known", prices.source));
    }
    if !is_date(&prices.as_of, &[10]) {
        wrong.push(format!("prices.as_of {:?} is not an ISO date", prices.as_of));
    }
    for (name, rate) in rates(prices) {
        if rate > Rate::CAP {
            let cap = Rate::CAP;
            wrong.push(format!("prices.{name} is {rate} USD per million tokens, above the cap of {cap}"));
        }
    }
    for (name, fee) in [("request", prices.request), ("image", prices.image)] {
        if fee.is_some_and(|fee| fee > NanoUsd::FEE_CAP) {
            let cap = NanoUsd::FEE_CAP;
            wrong.push(format!("prices.{name} is above the cap of {cap} USD"));
        }
    }
    extras(prices, &mut wrong);
    if prices.tiers.first().is_some_and(|tier| tier.above == 0) {
        wrong.push("prices.tiers: a tier above 0 tokens leaves the base price without a meaning".to_owned());
    }
    if !prices.tiers.is_sorted_by(|a, b| a.above < b.above) {
        wrong.push("prices.tiers are not ascending".to_owned());
    }
    wrong
}

/// What is wrong with tiers of service and fees.
fn extras(prices: &Prices, wrong: &mut Vec<String>) {
    let mut dated = |what: &str, source: &str, as_of: &str| {
        if shipped_source(source).is_none() {
            wrong.push(format!("prices.{what}: source {source:?} is not known"));
        }
        if !is_date(as_of, &[10]) {
            wrong.push(format!("prices.{what}: as_of {as_of:?} is not an ISO date"));
        }
    };
    prices.services.iter().for_each(|row| dated("services", &row.source, &row.as_of));
    prices.fees.iter().for_each(|row| dated("fees", &row.source, &row.as_of));
    let mut seen = HashSet::new();
    for service in &prices.services {
        let Service { name, tiers, .. } = service;
        if !Service::NAMES.contains(&name.as_str()) || !seen.insert(name) {
            wrong.push(format!("prices.services: {name:?} is not known, or there twice"));
        }
        if tiers.first().is_none_or(|tier| tier.above != 0) || !tiers.is_sorted_by(|a, b| a.above < b.above) {
            wrong.push(format!("prices.services {name:?}: tiers must begin above 0 and ascend"));
        }
    }
    let mut seen = HashSet::new();
    for Fee { tool, each, .. } in &prices.fees {
        if !Fee::TOOLS.contains(&tool.as_str()) || !seen.insert(tool) {
            wrong.push(format!("prices.fees: {tool:?} is not known, or there twice"));
        }
        // A call dearer than a dollar is a price of a thousand calls.
        if each.0 == 0 || *each > Fee::CAP {
            wrong.push(format!("prices.fees {tool:?} must be above 0 and at most {} USD", Fee::CAP));
        }
    }
    if prices.in_us_percent.is_some_and(|percent| !(100..=200).contains(&percent)) {
        wrong.push("prices.in_us_percent must be from 100 to 200".to_owned());
    }
}

/// Every rate of a price with its name.
fn rates(prices: &Prices) -> Vec<(String, Rate)> {
    // Destructured without `..`: a new rate does not compile until it is checked, too.
    let Prices {
        source: _,
        as_of: _,
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
        request: _,
        image: _,
        tiers,
        services,
        fees: _,
        heard,
        in_us_percent: _,
    } = prices;
    let special = [
        ("cache_read", cache_read),
        ("cache_write_5m", cache_write_5m),
        ("cache_write_1h", cache_write_1h),
        ("reasoning", reasoning),
        ("input_audio", input_audio),
        ("output_audio", output_audio),
        ("input_image", input_image),
        ("output_image", output_image),
        ("heard", heard),
    ];
    let mut all = vec![("input".to_owned(), *input), ("output".to_owned(), *output)];
    all.extend(special.into_iter().filter_map(|(name, rate)| Some((name.to_owned(), (*rate)?))));
    let served = services.iter().flat_map(|service| &service.tiers);
    for (at, tier) in tiers.iter().chain(served).enumerate() {
        all.extend(
            tier_rates(tier).into_iter().filter_map(|(name, rate)| Some((format!("tiers[{at}].{name}"), rate?))),
        );
    }
    all
}

fn tier_rates(tier: &Tier) -> [(&'static str, Option<Rate>); 10] {
    let Tier {
        above: _,
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
    [
        ("input", Some(*input)),
        ("output", Some(*output)),
        ("cache_read", *cache_read),
        ("cache_write_5m", *cache_write_5m),
        ("cache_write_1h", *cache_write_1h),
        ("reasoning", *reasoning),
        ("input_audio", *input_audio),
        ("output_audio", *output_audio),
        ("input_image", *input_image),
        ("output_image", *output_image),
    ]
}

/// Only sources that may stand in a shipped file.
fn shipped_source(word: &str) -> Option<Source> {
    Source::ALL.into_iter().find(|source| source.as_str() == word && *source != Source::Policy)
}

/// Rows made whole: what a row leaves out is the model's or the price's own.
fn offers(rows: Vec<OfferRow>, models: &[Model]) -> Vec<Offer> {
    let limits: HashMap<&str, (Option<u32>, Option<u32>)> =
        models.iter().map(|model| (model.id.as_str(), (model.context_length, model.max_output))).collect();
    rows.into_iter()
        .filter_map(|row| {
            let (context, max_output) = limits.get(row.model.as_str()).copied()?;
            let priced_by = row.prices.as_ref().and_then(|p| shipped_source(&p.source));
            Some(Offer {
                source: row.source.or(priced_by)?,
                context_length: row.context.or(context),
                max_output: row.max_output.or(max_output),
                provider: row.provider,
                model: row.model,
                upstream_name: row.upstream,
                prices: row.prices,
                deprecated: row.deprecated,
            })
        })
        .collect()
}

fn indices<'a, K: Ord>(offers: &'a [Offer], key: impl Fn(&'a Offer) -> K) -> Vec<u32> {
    let mut order: Vec<(K, u32)> = offers.iter().map(key).zip(0..).collect();
    order.sort();
    order.into_iter().map(|(_, at)| at).collect()
}

/// As much of a bad row's name as can still be read.
fn name_of(row: &RawValue) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(row.get()) else {
        return String::new();
    };
    ["slug", "id", "provider", "upstream"]
        .iter()
        .filter_map(|field| fields.get(*field)?.as_str())
        .fold(String::new(), |name, part| name + " " + part)
}

fn is_slug(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_model_id(text: &str) -> bool {
    let visible = text.bytes().all(|b| b.is_ascii_graphic());
    let parts = text.split_once('/');
    visible && parts.is_some_and(|(author, slug)| !author.is_empty() && !slug.is_empty())
}

fn is_base_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let clean = |b: u8| b.is_ascii_graphic() && !b"${}<>\"?#@".contains(&b);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('/') && rest.bytes().all(clean))
}

fn is_env_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    !text.is_empty() && text.bytes().all(allowed)
}

/// `2026`, `2026-05` or `2026-05-21`, whichever lengths are allowed.
fn is_date(text: &str, lengths: &[usize]) -> bool {
    let shape = text.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    let within = |range: std::ops::Range<usize>, most: u8| {
        text.get(range).is_none_or(|part| part.parse().is_ok_and(|n: u8| (1..=most).contains(&n)))
    };
    lengths.contains(&text.len()) && shape && within(5..7, 12) && within(8..10, 31)
}

/// FNV-1a, 64 bits: stable on every machine, and nobody gains by forging a name for their own data.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
