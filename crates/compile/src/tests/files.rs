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
        &[
            "p.yaml:9:14: ModelProvider demo/x spec.models[0].prices.input: is 0.15, expected a string; put it in quotes",
        ],
    );
}

#[test]
fn foreign_kinds_are_ignored_aloud_and_unknown_ones_of_ours_are_errors() {
    let yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\n\
        apiVersion: outrigger.dev/v1alpha1\nkind: ModelRuote\nmetadata: {name: d}\n";
    check(
        &told(yaml),
        &[
            "p.yaml:2:1: warning: a Deployment is ignored: only outrigger.dev kinds, Secret, ConfigMap and Namespace are read",
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
    let told = told(&format!("x0: &x0 [1,1,1,1,1,1,1,1,1]\n{bomb}"));
    assert!(told.contains("more than 100000 values in one document"), "{told}");
}

/// H11: long texts count by their length, wherever they are copied to.
#[test]
fn texts_that_unfold_without_end_are_refused() {
    let text = "x".repeat(100_000);
    let list = vec!["*a"; 9_000].join(",");
    let object = |more: &str| format!("---\na: &a '{text}'\nb: [{more}]\n");
    let good = MAIN.trim();
    let told = told(&format!("{good}\n{}---\n{}", object(&list), MAIN.replace("main", "second")));
    let lines: Vec<&str> = told.lines().collect();
    assert!(matches!(lines[..], [one] if one.contains("p.yaml:7:") && one.contains("unfold to more than")), "{told}");
    // In many documents as in one, and at every level of one.
    let many = object("*a,*a,*a,*a,*a,*a,*a,*a,*a").repeat(40);
    assert!(super::told(&many).contains("unfold to more than"));
    let levels: String = (0..60).map(|at| format!("{}a: &l{at}\n", " ".repeat(at))).collect();
    let levels = super::told(&format!("{levels}{}b: '{text}'\n", " ".repeat(60)));
    assert!(levels.contains("unfold to more than"), "{levels}");
}

/// H11: at the bound, and one beyond it.
#[test]
fn a_file_unfolds_to_so_many_times_its_length() {
    let told_of = |aliases: usize| {
        let yaml = format!("a: &a {}\nb: [{}]\n", "x".repeat(200_000), vec!["*a"; aliases].join(","));
        super::told(&yaml)
    };
    // The text, and each of its copies, against eight times the file and 64 KiB.
    assert!(told_of(7).contains("apiVersion is missing") && told_of(8).contains("unfold to more than"));
}

/// H11: depth that aliases add is depth.
#[test]
fn nesting_has_an_end_with_aliases_and_without() {
    let deep: String = (1..500).map(|at| format!("x{at}: &x{at} [*x{}]\n", at - 1)).collect();
    assert!(told(&format!("x0: &x0 [a]\n{deep}")).contains("nested deeper than 64 levels"));
    for brackets in [70, 100_000] {
        let told = told(&format!("a: {}", "[".repeat(brackets)));
        assert!(told.contains("p.yaml:1:"), "{told}");
    }
    let merged: String =
        (1..40).map(|at| format!("m{at}: &m{at}\n  <<: *m{}\n  <<<: *m{}\n", at - 1, at - 1)).collect();
    assert!(told(&format!("m0: &m0 {{a: b}}\n{merged}")).contains("unfold to more than"));
}

/// H11: places are no way to fill the memory either; what has none of its own is told by the one around it.
#[test]
fn long_keys_cost_no_more_than_they_are_long() {
    let key = "k".repeat(300_000);
    let items = vec!["1"; 50_000].join(",");
    let told = told(&format!("apiVersion: v1\nkind: Nothing\n? {key}\n: ? {key}\n  : [{items}]\n"));
    assert!(told.contains("a Nothing is ignored"), "{told}");
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
        assert!(told.contains("is text, expected ") && !told.contains("sk-hidden"), "{told}");
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
