//! Numbers with their spread, and the reach each is held against.

use serde::Serialize;

/// The median over repetitions, and the extremes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) repetitions: usize,
}

impl Spread {
    /// `None` of nothing. What is not finite is left out: a ratio to nothing measurable.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Self { median, min, max, repetitions: values.len() })
    }
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) lane: String,
    pub(super) what: String,
    pub(super) contender: String,
    /// `us`, `KiB`, `x` for a ratio, ...
    pub(super) unit: &'static str,
    #[serde(flatten)]
    pub(super) value: Spread,
    /// The most it may be.
    pub(super) reach: Option<f64>,
}

impl Figure {
    /// Whether the median is within reach; `None` where nothing is promised.
    pub(super) fn passes(&self) -> Option<bool> {
        self.reach.map(|reach| self.value.median <= reach)
    }
}

/// What a lane found.
#[derive(Debug, Default)]
pub(super) struct Figures {
    lane: String,
    pub(super) all: Vec<Figure>,
    /// What else has to be said, in sentences.
    pub(super) notes: Vec<String>,
}

impl Figures {
    pub(super) fn of(lane: &str) -> Self {
        Self { lane: lane.to_owned(), ..Self::default() }
    }

    /// A figure that promises nothing.
    pub(super) fn add(&mut self, contender: &str, what: &str, unit: &'static str, value: Option<Spread>) {
        self.push(contender, what, unit, value, None);
    }

    /// A figure that must not be above `reach`.
    pub(super) fn hold(&mut self, contender: &str, what: &str, unit: &'static str, value: Option<Spread>, reach: f64) {
        self.push(contender, what, unit, value, Some(reach));
    }

    /// How many figures have a reach.
    pub(super) fn judged(&self) -> usize {
        self.all.iter().filter(|figure| figure.reach.is_some()).count()
    }

    fn push(&mut self, contender: &str, what: &str, unit: &'static str, value: Option<Spread>, reach: Option<f64>) {
        let (lane, what, contender) = (self.lane.clone(), what.to_owned(), contender.to_owned());
        match value {
            Some(value) => self.all.push(Figure { lane, what, contender, unit, value, reach }),
            None => self.notes.push(format!("{contender}: {what} could not be measured")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_and_the_extremes() {
        let spread = Spread::of([3.0, 1.0, f64::NAN, 2.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max, spread.repetitions), (2.0, 1.0, 3.0, 3));
        assert_eq!(Spread::of([1.0, 2.0]).unwrap().median, 1.5);
        assert_eq!(Spread::of([f64::INFINITY]), None);
    }

    #[test]
    fn a_figure_passes_up_to_its_reach() {
        let mut figures = Figures::of("lane");
        figures.hold("a", "w", "x", Spread::of([1.25]), 1.25);
        figures.hold("a", "w", "x", Spread::of([1.26]), 1.25);
        figures.add("a", "w", "x", Spread::of([9.0]));
        figures.add("a", "w", "x", None);
        assert_eq!(figures.all.iter().map(Figure::passes).collect::<Vec<_>>(), [Some(true), Some(false), None]);
        assert_eq!(figures.notes.len(), 1);
    }
}
