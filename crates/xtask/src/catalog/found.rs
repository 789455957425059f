//! What one source says about one model at one provider.

use outrigger_catalog::{Capabilities, Kind, Modality, Prices, Source};

/// One row of one source, in our words but not yet under our model ids.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) source: Source,
    /// Our provider slug.
    pub(crate) provider: String,
    /// The vendor's own id.
    pub(crate) upstream: String,
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<Kind>,
    pub(crate) released: Option<String>,
    pub(crate) knowledge: Option<String>,
    pub(crate) context: Option<u32>,
    pub(crate) max_output: Option<u32>,
    pub(crate) input: Vec<Modality>,
    pub(crate) output: Vec<Modality>,
    pub(crate) can: Capabilities,
    pub(crate) deprecated: bool,
    pub(crate) prices: Option<Prices>,
}

/// Whether a price says anything.
///
/// Sources write 0 for "free", "by subscription" and "we do not know" alike; only rows whose name says so are free.
/// Everything else becomes a price that is absent, which the router reports as unknown instead of counting 0.
pub(crate) fn meant(prices: Prices, upstream: &str, kind: Option<Kind>) -> Option<Prices> {
    let nothing = prices.input.0 == 0
        && prices.output.0 == 0
        && prices.request.is_none()
        && prices.image.is_none()
        && prices.heard.is_none()
        && [prices.input_audio, prices.output_audio, prices.input_image, prices.output_image]
            .iter()
            .all(Option::is_none);
    let free = upstream.ends_with(":free") || kind == Some(Kind::Moderation);
    (!nothing || free).then_some(prices)
}
