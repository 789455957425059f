//! A rolling five-minute window of measurements and its percentiles.

use std::time::Duration;

use crate::signals::Percentiles;

/// The window is five whole minutes and the one that runs.
const SLICE: Duration = Duration::from_secs(60);
const SLICES: usize = 6;
/// Buckets are a fifth of a doubling apart: a percentile is at most 15 % off. 128 of them span 1 to 5e7.
const STEPS_PER_OCTAVE: f64 = 5.0;
const BUCKETS: usize = 128;

/// Counts of values by magnitude. Values below 1 fall in the first bucket: record milliseconds or tokens per second.
#[derive(Clone, Debug)]
pub struct Window {
    slices: [[u32; BUCKETS]; SLICES],
    slice: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { slices: [[0; BUCKETS]; SLICES], slice: 0 }
    }
}

impl Window {
    /// Adds `value` at `now`.
    pub fn record(&mut self, now: Duration, value: f64) {
        self.roll(now);
        let bucket = (value.max(1.0).log2() * STEPS_PER_OCTAVE) as usize;
        self.slices[(self.slice as usize) % SLICES][bucket.min(BUCKETS - 1)] += 1;
    }

    /// Percentiles p50, p75, p90, p99 at `now`; with `reversed`, the value that this share of samples reaches or
    /// exceeds. `None` without a sample in the window.
    pub fn percentiles(&mut self, now: Duration, reversed: bool) -> Option<Percentiles> {
        self.roll(now);
        let mut counts = [0_u32; BUCKETS];
        for slice in &self.slices {
            counts.iter_mut().zip(slice).for_each(|(sum, count)| *sum += count);
        }
        let total: u32 = counts.iter().sum();
        if total == 0 {
            return None;
        }
        let value_at = |share: f64| {
            let wanted = ((f64::from(total) * share).ceil() as u32).max(1);
            let mut seen = 0;
            let bucket = counts.iter().position(|count| {
                seen += count;
                seen >= wanted
            });
            ((bucket.unwrap_or(BUCKETS - 1) as f64 + 0.5) / STEPS_PER_OCTAVE).exp2()
        };
        let at = [0.50, 0.75, 0.90, 0.99].map(|share| value_at(if reversed { 1.0 - share } else { share }));
        Some(Percentiles { at: at.map(|value| value as f32) })
    }

    fn roll(&mut self, now: Duration) {
        let slice = now.as_secs() / SLICE.as_secs();
        if slice <= self.slice {
            return;
        }
        for step in 1..=(slice - self.slice).min(SLICES as u64) {
            self.slices[((self.slice + step) as usize) % SLICES] = [0; BUCKETS];
        }
        self.slice = slice;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_near_the_true_ones_and_old_samples_fade() {
        let mut window = Window::default();
        for value in 1..=1000 {
            window.record(Duration::from_secs(10), f64::from(value));
        }
        let p = window.percentiles(Duration::from_secs(10), false).unwrap();
        for (got, want) in p.at.iter().zip([500.0, 750.0, 900.0, 990.0]) {
            assert!((got / want - 1.0).abs() < 0.16, "{got} for {want}");
        }
        let fast = window.percentiles(Duration::from_secs(10), true).unwrap();
        assert!(fast.at[2] < 130.0, "90 % reach only {}", fast.at[2]);
        assert!(window.percentiles(Duration::from_secs(309), false).is_some());
        assert!(window.percentiles(Duration::from_secs(361), false).is_none());
    }
}
