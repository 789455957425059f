//! How much is left to chance.

/// Tests the charts with Helm 3 and Helm 4, which are fetched where they are not there.
#[derive(Debug, clap::Args)]
pub(in crate::charts) struct Args {
    /// How many random sets of values are tried, good ones and as many bad ones.
    #[arg(long, default_value_t = RANDOM)]
    pub(super) random: usize,
    /// Where chance begins: what a failure has printed, to see it again.
    #[arg(long, default_value_t = SEED)]
    pub(super) seed: u64,
}

const RANDOM: usize = 30;
/// The same every time: a step that fails by chance is of no use to whoever changed something else.
const SEED: u64 = 4117;

impl Default for Args {
    fn default() -> Self {
        Self { random: RANDOM, seed: SEED }
    }
}
