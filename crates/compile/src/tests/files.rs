//! What is wrong with the text itself.

use super::*;

/// R-CFG-5: a broken document is named by line and column, and the others of its file are read.
#[test]
fn a_broken_document_leaves_the_others_of_its_file() {
    let told = told(&format!("{MAIN}---\nkind: [\n{}", route("r", "{targets: [{model: a}]}")));
    assert!(told.starts_with("demo/r: main:a p0 w1\nr: main:a p0 w1\np.yaml:7:7: "), "{told}");
    assert!(told.contains("not valid YAML"), "{told}");
}

#[test]
fn a_misspelled_field_is_named_with_its_line() {
    let told = told(&provider("x", "\n  preset: openai\n  baseUrl: https://x"));
    assert!(told.starts_with("p.yaml:7:3: ModelProvider demo/x spec.baseUrl: unknown field `baseUrl`"), "{told}");
}

#[test]
fn an_unquoted_price_says_that_it_wants_quotes() {
    let yaml = provider("x", "\n  preset: openai\n  models:\n  - model: m\n    prices: {input: 0.15, output: '1'}");
    check(
        &told(&yaml),
        &["p.yaml:9:14: ModelProvider demo/x spec.models[0].prices.input: invalid type: floating point \
        `0.15`, expected a string; put it in quotes"],
    );
}

#[test]
fn foreign_kinds_are_ignored_aloud_and_unknown_ones_of_ours_are_errors() {
    let yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\n\
        apiVersion: outrigger.dev/v1alpha1\nkind: ModelRuote\nmetadata: {name: d}\n";
    check(
        &told(yaml),
        &[
            "p.yaml:2:1: warning: apps/v1 Deployment is ignored: only outrigger.dev kinds, Secret and Namespace are read",
            "p.yaml:6:1: outrigger.dev has no kind \"ModelRuote\"; did you mean ModelRoute?",
        ],
    );
}

#[test]
fn of_two_objects_with_one_name_the_first_is_used() {
    check(
        &told(&format!("{MAIN}---{MAIN}")),
        &["p.yaml:9:12: ModelProvider demo/main is already at p.yaml:2: remove one of the two"],
    );
}

#[test]
fn comments_and_empty_documents_are_nothing() {
    check(&told("# only this\n---\n\n---\n# and this\n"), &[]);
}

#[test]
fn aliases_that_unfold_without_end_are_refused() {
    let bomb: String =
        (1..9).map(|at| format!("x{at}: &x{at} [{}]\n", vec![format!("*x{}", at - 1); 9].join(","))).collect();
    let told = told(&format!("x0: &x0 [a,a,a,a,a,a,a,a,a]\n{bomb}"));
    assert!(told.contains("more than 100000 values in one document"), "{told}");
}

/// H12: a key in the wrong place is named by its place alone.
#[test]
fn a_text_where_something_else_belongs_is_not_quoted() {
    for spec in [
        "{preset: openai, credentials: sk-hidden}",
        "{preset: openai, limits: sk-hidden}",
        "{preset: openai, models: [sk-hidden]}",
    ] {
        let told = told(&provider("x", spec));
        assert!(told.contains("invalid type: string, expected ") && !told.contains("sk-hidden"), "{told}");
    }
}

/// What may hold a limit is not passed over.
#[test]
fn a_list_and_a_misspelt_group_are_errors() {
    let list = "apiVersion: v1\nkind: List\nitems: []\n";
    assert!(told(list).contains("write each of its items as a document of its own"));
    let told = told("apiVersion: outriger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: p}\nspec: {}\n");
    assert!(told.contains("write outrigger.dev/v1alpha1") && !told.contains("warning"), "{told}");
}
