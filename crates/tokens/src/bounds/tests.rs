use super::*;

#[test]
fn an_empty_prompt_may_cost_what_a_provider_adds() {
    assert_eq!(bounds(0), Bounds { least: 0, most: 1000 });
}

#[test]
fn bounds_grow_with_the_text() {
    assert_eq!(bounds(80_000), Bounds { least: 10_000, most: 41_000 });
    assert!(bounds(usize::MAX).least < bounds(usize::MAX).most);
}
