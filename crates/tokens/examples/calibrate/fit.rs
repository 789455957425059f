//! Factors by least squares of relative errors.
//!
//! Each family is drawn to the factors of all families together as if it had a few prompts more that follow them, so
//! that a family with few prompts keeps close to those. Prompts far off, whose cost has a reason that the body does not
//! tell, weigh less: by Huber's weights first, then by Cauchy's, which nearly leave them out.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use outrigger_tokens::{Factors, Family, Measure, TERMS};

use super::recorded::Sample;

/// A family with fewer prompts has no factors of its own.
const FEW: usize = 3;
/// How many prompts the factors of all families stand for.
const PRIOR: f64 = 0.5;
/// The relative error from which on a prompt weighs less.
const FAR: f64 = 0.1;
/// Rounds of the search, and those of them with Huber's weights.
const ROUNDS: usize = 100;
const HUBER: usize = 50;
/// Terms in [`Measure::terms`]: tokens of texts, messages, whether there are tools, whether GPT-5 is told of them in
/// chat, whether it is a conversation.
const TEXT: usize = 0;
const MESSAGES: usize = 3;
const ANY_TOOL: usize = 6;
const CHAT_TOOLS: usize = 7;
const TALK: usize = 11;
/// The weight of a prior that is not to be moved.
const SURE: f64 = 1e6;
/// Parts that take turns in being kept out.
const PARTS: u64 = 5;

/// The factors, and the errors of prompts that were kept out of the fit.
pub(super) struct Fitted {
    pub(super) overall: Factors,
    pub(super) families: BTreeMap<Family, Factors>,
    /// For each sample, its relative error when its recording took no part.
    pub(super) kept_out: Vec<f64>,
}

pub(super) fn fit(samples: &[Sample]) -> Fitted {
    // Errors when a prompt's recording took no part: with the factors of its family, and with those of all.
    let mut own = vec![None; samples.len()];
    let mut common = vec![0.0; samples.len()];
    for part in 0..PARTS {
        let inside = |sample: &&Sample| self::part(&sample.file) != part;
        let (overall, families) = solve(&samples.iter().filter(inside).collect::<Vec<_>>());
        for (at, sample) in samples.iter().enumerate().filter(|(_, sample)| !inside(sample)) {
            let error = |terms: &Terms| (guess(terms, &sample.measure) - sample.actual) / sample.actual;
            own[at] = families.get(&sample.family).map(error);
            common[at] = error(&overall);
        }
    }
    let (overall, mut families) = solve(&samples.iter().collect::<Vec<_>>());
    // A family has factors of its own only if they tell more of prompts that they were not made from.
    families.retain(|family, _| {
        let of = || (0..samples.len()).filter(|at| samples[*at].family == *family);
        let size = |error: f64| error.abs().min(1.0);
        of().map(|at| size(own[at].unwrap_or(common[at]))).sum::<f64>() < of().map(|at| size(common[at])).sum::<f64>()
    });
    let kept_out: Vec<f64> = (0..samples.len())
        .map(|at| own[at].filter(|_| families.contains_key(&samples[at].family)).unwrap_or(common[at]))
        .collect();
    let p90 = |family: Option<Family>| {
        let of = samples.iter().zip(&kept_out).filter(|(it, _)| family.is_none_or(|family| it.family == family));
        quantile(&mut of.map(|(_, error)| error.abs()).collect::<Vec<_>>(), 0.9)
    };
    let number = |family: Family| samples.iter().filter(|it| it.family == family).count() as u32;
    let families = families
        .into_iter()
        .map(|(family, terms)| (family, Factors { terms, samples: number(family), p90: p90(Some(family)) }))
        .collect();
    Fitted { overall: Factors { terms: overall, samples: samples.len() as u32, p90: p90(None) }, families, kept_out }
}

type Terms = [f64; TERMS];

fn solve(samples: &[&Sample]) -> (Terms, BTreeMap<Family, Terms>) {
    // What a prompt of any maker costs, about: the start of the search.
    let start = [1.0, 0.5, 1.0, 4.0, 4.0, 4.0, 50.0, 0.0, 0.0, 0.0, 0.0, 3.0];
    let mut by_family: BTreeMap<Family, Vec<&Sample>> = BTreeMap::new();
    samples.iter().for_each(|sample| by_family.entry(sample.family).or_default().push(sample));
    // A maker with many recordings is not to outvote the others.
    let share = |sample: &Sample| 1.0 / (by_family[&sample.family].len() as f64).sqrt();
    let overall = robust(samples, share, &start, PRIOR);
    let mut by_maker: BTreeMap<u8, Vec<&Sample>> = BTreeMap::new();
    samples.iter().for_each(|sample| by_maker.entry(maker(sample.family)).or_default().push(sample));
    by_maker.remove(&0);
    let fit = |samples: &Vec<&Sample>| robust(samples, share, &overall, 10.0 * PRIOR);
    let makers: BTreeMap<u8, Terms> = by_maker.iter().map(|(maker, samples)| (*maker, fit(samples))).collect();
    let own = by_family.iter().filter(|(_, samples)| samples.len() >= FEW);
    let own = own.map(|(family, samples)| {
        let mut prior = makers.get(&maker(*family)).copied().unwrap_or(overall);
        // The vocabulary of some is the one that is counted with. Of the others, short prompts tell little of it.
        let same = matches!(family, Family::Gpt4o | Family::Gpt5 | Family::GptOss);
        let text = if same { (prior[0] = 1.0, SURE).1 } else { 10.0 * PRIOR };
        // Of no meaning to the others.
        prior[CHAT_TOOLS] = 0.0;
        (*family, robust(samples, |_| 1.0, &prior, text))
    });
    let own = own.collect();
    (overall, own)
}

/// Families of one maker draw each other; 0 for those that stand alone.
fn maker(family: Family) -> u8 {
    match family {
        Family::Claude3 | Family::Claude4 | Family::Claude45 | Family::ClaudeNew => 1,
        Family::Gemini2 | Family::Gemini3 => 2,
        Family::Gpt35To4 | Family::Gpt4o | Family::Gpt5 | Family::GptOss => 3,
        Family::Amazon | Family::Nova2 => 4,
        _ => 0,
    }
}

/// The best of searches from several starts: what tools cost at all differs most, and a search may end where it began.
/// `text`: how many prompts the prior of the first term stands for.
fn robust(samples: &[&Sample], weight: impl Fn(&Sample) -> f64, prior: &Terms, text: f64) -> Terms {
    // One more prompt that has as much of a term as those that have any.
    let pull: Terms = std::array::from_fn(|at| {
        let shares = samples.iter().map(|it| it.measure.terms()[at] / it.actual).filter(|share| *share > 0.0);
        let share = quantile(&mut shares.collect::<Vec<_>>(), 0.5);
        // Of long prompts a message is nothing; what it costs is not to be made of what is left over there.
        let pull = match at {
            TEXT => text * share.max(0.5).powi(2),
            MESSAGES => PRIOR * share.max(0.02).powi(2),
            TALK => PRIOR * share.max(0.005).powi(2),
            _ => PRIOR * share.powi(2),
        };
        // A term that no prompt has keeps its prior.
        pull + 1e-9
    });
    let loss =
        |terms: &Terms| -> f64 { samples.iter().map(|it| weight(it) * (error(terms, it) / FAR).powi(2).ln_1p()).sum() };
    let starts = [prior[ANY_TOOL], 100.0, 300.0, 600.0].map(|start| {
        let mut terms = *prior;
        terms[ANY_TOOL] = start;
        search(samples, &weight, prior, &pull, terms)
    });
    starts.into_iter().min_by(|a, b| loss(a).total_cmp(&loss(b))).unwrap_or(*prior)
}

/// Least squares with a prior, again and again with less weight for what is far off. No term lowers the count.
fn search(
    samples: &[&Sample],
    weight: impl Fn(&Sample) -> f64,
    prior: &Terms,
    pull: &Terms,
    mut terms: Terms,
) -> Terms {
    for round in 0..ROUNDS {
        let mut left = [[0.0; TERMS]; TERMS];
        let mut right = [0.0; TERMS];
        for at in 0..TERMS {
            left[at][at] = pull[at];
            right[at] = pull[at] * prior[at];
        }
        for sample in samples {
            let size = guess(&terms, &sample.measure).max(sample.actual);
            let error = error(&terms, sample);
            let far = if round < HUBER { (FAR / error).min(1.0) } else { 1.0 / (1.0 + (error / FAR).powi(2)) };
            let weight = weight(sample) * far;
            let row = sample.measure.terms().map(|term| term / size);
            for at in 0..TERMS {
                right[at] += weight * row[at] * sample.actual / size;
                (0..TERMS).for_each(|other| left[at][other] += weight * row[at] * row[other]);
            }
        }
        terms = gauss(left, right);
        // Those that would be negative are held at nothing, the most negative one first.
        while let Some(at) = (0..TERMS).filter(|at| terms[*at] < -1e-3).min_by(|a, b| terms[*a].total_cmp(&terms[*b])) {
            left[at][at] += SURE;
            terms = gauss(left, right);
        }
    }
    terms.map(|term| term.max(0.0))
}

/// How far a guess is off: half of a prompt's tokens and double of them are equally wrong.
fn error(terms: &Terms, sample: &Sample) -> f64 {
    let guess = guess(terms, &sample.measure);
    (guess - sample.actual).abs() / guess.max(sample.actual)
}

/// Solves `left * terms = right`; `left` is positive definite.
fn gauss(mut left: [Terms; TERMS], mut right: Terms) -> Terms {
    for pivot in 0..TERMS {
        let row = left[pivot];
        for below in pivot + 1..TERMS {
            let factor = left[below][pivot] / row[pivot];
            (pivot..TERMS).for_each(|at| left[below][at] -= factor * row[at]);
            right[below] -= factor * right[pivot];
        }
    }
    let mut terms = [0.0; TERMS];
    for at in (0..TERMS).rev() {
        let known: f64 = (at + 1..TERMS).map(|other| left[at][other] * terms[other]).sum();
        terms[at] = (right[at] - known) / left[at][at];
    }
    terms
}

fn guess(terms: &Terms, measure: &Measure) -> f64 {
    Factors { terms: *terms, samples: 0, p90: 0.0 }.tokens(measure)
}

fn part(file: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    hasher.finish() % PARTS
}

/// The value that this share of all values does not exceed; 0 of none.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or_default()
}
