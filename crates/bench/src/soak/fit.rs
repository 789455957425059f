//! A line through measurements, and how sure its slope is.

use serde::Serialize;

/// The slope of a line of least squares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Slope {
    /// Change of y for one of x.
    pub(super) slope: f64,
    /// Its standard error. Neighbours are alike (memory that was taken stays taken for a while), so that many looks are
    /// worth fewer independent ones: counted by the correlation of neighbouring residuals.
    pub(super) error: f64,
}

/// Fewer points say nothing.
const LEAST: usize = 8;
/// Three standard errors: a slope beyond them comes about by chance in one of about seven hundred runs.
const SURE: f64 = 3.0;

impl Slope {
    /// Through points `(x, y)`; `None` for too few, or for all at one x.
    pub(super) fn of(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        if points.len() < LEAST {
            return None;
        }
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        if spread <= 0.0 {
            return None;
        }
        let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
        let residuals: Vec<f64> = points.iter().map(|point| point.1 - y - slope * (point.0 - x)).collect();
        let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        let neighbours: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let alike = if squares > 0.0 { (neighbours / squares).clamp(0.0, 0.98) } else { 0.0 };
        let independent = (count * (1.0 - alike) / (1.0 + alike) - 2.0).max(1.0);
        Some(Self { slope, error: (squares / independent / spread).sqrt() })
    }

    /// Whether it may be zero or less.
    pub(super) fn may_be_flat(&self) -> bool {
        self.slope <= SURE * self.error
    }

    /// What it may be at most.
    pub(super) fn reach(&self) -> f64 {
        SURE * self.error
    }
}

/// The middle of these.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Even noise between -1 and 1, the same in every run.
    fn noise(at: usize) -> f64 {
        (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) as f64 / u64::MAX as f64 * 2.0 - 1.0
    }

    fn points(y: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
        (0..200).map(|at| (at as f64, y(at))).collect()
    }

    #[test]
    fn noise_around_a_level_may_be_flat() {
        let fit = Slope::of(&points(|at| 5000.0 + 100.0 * noise(at))).unwrap();
        assert!(fit.may_be_flat() && fit.error > 0.0, "{fit:?}");
    }

    #[test]
    fn a_leak_is_told_from_noise() {
        let fit = Slope::of(&points(|at| 5000.0 + at as f64 + 20.0 * noise(at))).unwrap();
        assert!(!fit.may_be_flat() && (fit.slope - 1.0).abs() < 0.1, "{fit:?}");
    }

    #[test]
    fn an_exact_line_has_no_error() {
        let fit = Slope::of(&points(|at| 3.0 * at as f64)).unwrap();
        assert!((fit.slope - 3.0).abs() < 1e-9 && fit.error < 1e-9, "{fit:?}");
    }

    #[test]
    fn one_step_is_not_taken_for_a_slope_that_is_sure() {
        let step = |at: usize| if at < 150 { 5000.0 } else { 5010.0 };
        let fit = Slope::of(&points(step)).unwrap();
        assert!(fit.may_be_flat(), "{fit:?}");
    }

    #[test]
    fn falling_memory_is_no_leak() {
        assert!(Slope::of(&points(|at| -(at as f64))).unwrap().may_be_flat());
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(Slope::of(&[(0.0, 1.0); 7]), None);
        assert_eq!(Slope::of(&[(1.0, 1.0); 20]), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
