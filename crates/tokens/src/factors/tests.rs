use super::*;

#[test]
fn models_with_the_counted_vocabulary_have_it_unweighted() {
    for family in [Family::Gpt4o, Family::Gpt5, Family::GptOss] {
        assert_eq!(factors(family).terms[0], 1.0, "{family:?}");
    }
}

#[test]
fn a_family_without_recordings_has_the_factors_of_all() {
    assert_eq!(factors(Family::Grok), OVERALL);
    assert_eq!(factors(Family::Other), OVERALL);
}

#[test]
fn every_row_is_plausible() {
    for (family, row) in TABLE {
        assert!((0.8..1.3).contains(&row.terms[0]), "{family:?}");
        assert!(row.terms.iter().all(|term| (0.0..1000.0).contains(term)), "{family:?}");
        assert!(row.samples >= 3 && row.p90 > 0.0, "{family:?}");
    }
}

#[test]
fn no_weight_makes_a_count_negative() {
    let factors = Factors { terms: [-1.0; TERMS], samples: 1, p90: 0.1 };
    assert_eq!(factors.tokens(&Measure { text: 5.0, ..Measure::default() }), 0.0);
}
