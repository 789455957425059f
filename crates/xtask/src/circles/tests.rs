use std::fs;

use super::*;

/// A crate of these files, and the arrows in it as `from -> to: words`.
fn arrows(files: &[(&str, &str)]) -> (Vec<String>, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let tree = Tree::read(&folder.path().join(files[0].0)).expect("a crate");
    let edges = scope::edges(&tree);
    let name = |file: usize| {
        let path = tree.files[file].strip_prefix(folder.path()).expect("a path of ours");
        path.display().to_string()
    };
    let line = |((from, to), words): (&(usize, usize), &std::collections::BTreeMap<std::rc::Rc<str>, usize>)| {
        let words: Vec<&str> = words.keys().map(|word| &**word).collect();
        format!("{} -> {}: {}", name(*from), name(*to), words.join(", "))
    };
    (edges.iter().map(line).collect(), scope::circles(&edges).len())
}

#[test]
fn a_word_leads_to_the_file_that_defines_it_by_whichever_way_it_came() {
    let (found, circles) = arrows(&[
        ("lib.rs", "mod a; mod b; mod c; pub use b::Deep;"),
        ("a.rs", "use crate::{b, c::*}; fn f(x: b::deep::Deep) -> super::Deep { g(); b::renamed() }"),
        ("b.rs", "pub mod deep; pub use deep::{Deep, old as renamed};"),
        ("b/deep.rs", "pub struct Deep; pub fn old() {}"),
        ("c.rs", "pub fn g() { inner::h() } mod inner { pub fn h() {} }"),
    ]);
    assert_eq!(found, ["a.rs -> b/deep.rs: Deep, old", "a.rs -> c.rs: g"]);
    assert_eq!(circles, 0);
}

#[test]
fn a_parent_that_only_declares_its_child_is_in_no_circle_with_it() {
    let (found, circles) = arrows(&[
        ("lib.rs", "mod parent;"),
        ("parent.rs", "mod child; pub use child::run; pub struct Word;"),
        ("parent/child.rs", "use super::Word; pub fn run(_: Word) {}"),
    ]);
    assert_eq!(found, ["parent/child.rs -> parent.rs: Word"]);
    assert_eq!(circles, 0);
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
    let (found, circles) = arrows(&[
        ("lib.rs", "mod parent;"),
        ("parent.rs", "mod child; pub struct Word; pub fn start() { child::run(Word) }"),
        ("parent/child.rs", "use super::Word; pub fn run(_: Word) {}"),
    ]);
    assert_eq!(found, ["parent.rs -> parent/child.rs: run", "parent/child.rs -> parent.rs: Word"]);
    assert_eq!(circles, 1);
}

#[test]
fn paths_inside_macros_and_attributes_count_and_tests_do_not() {
    let (found, circles) = arrows(&[
        ("main.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b; fn f() { println!(\"{}\", b::text(1)); shout!() }"),
        ("b.rs", "pub fn text(_: u8) {} #[cfg(test)] mod tests { use crate::a::f; } #[test] fn t() { crate::a::f() }"),
        (
            "c.rs",
            "#[derive(Debug)] #[serde(with = \"crate::b::text\")] struct S { #[arg(value_parser = crate::d::read)] x: u8 }",
        ),
        ("d.rs", "macro_rules! shout { () => { $crate::b::text(2) } } pub fn read() {}"),
    ]);
    assert_eq!(
        found,
        ["a.rs -> b.rs: text", "a.rs -> d.rs: shout", "c.rs -> b.rs: text", "c.rs -> d.rs: read", "d.rs -> b.rs: text"]
    );
    assert_eq!(circles, 0);
}

#[test]
fn what_no_item_defines_is_the_module_s_that_is_named() {
    let (found, _) = arrows(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use std::fmt; use crate::b; fn f() -> fmt::Result { b::Written::new(); Self::x(); local::y() }"),
        ("b.rs", "written! { Written }"),
    ]);
    assert_eq!(found, ["a.rs -> b.rs: Written"]);
}

#[test]
fn a_circle_is_told_with_its_words_and_what_would_break_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("lib.rs", "mod a;\nmod b;\nmod c;\n");
    write("a.rs", "use crate::b::B;\nuse crate::c::C;\npub struct A(B, C);\n");
    write("b.rs", "use crate::c::C;\npub struct B(C);\n");
    write("c.rs", "pub struct C;\nfn f(_: crate::a::A) {}\n");
    let found = of("p", folder.path(), &folder.path().join("lib.rs")).expect("a crate");
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].told,
        "  a.rs -> b.rs: B (line 1)\n  a.rs -> c.rs: C (line 2)\n  b.rs -> c.rs: C (line 1)\n  \
         c.rs -> a.rs: A (line 2)   <- moved, these alone break it\n"
    );
    assert_eq!(judge(&found, false).len(), 1);
}
