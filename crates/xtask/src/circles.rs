//! `cargo xtask circles`: files of a crate that use one another in a circle.
//!
//! A file *uses* another if it names a word that is defined there: a type, a function, a constant, a trait, a macro. By
//! which way the word came does not matter: `pub use` passes a word on and is no use of it, and whoever takes the word from
//! there uses the file that defines it. `mod child;` is no use either. Code for tests alone is left out.
//!
//! **A parent and its child are two files like any others.** Where the parent calls what the child defines and the child
//! names what the parent's own file defines, neither can be read, tested or moved without the other, and that is a circle.
//! One way is fine: a parent that tells a story with words of its children, or children that build on words of their parent,
//! which then only declares them. What both need goes into a file below both, under a name of its own.
//!
//! What it cannot see: a method called on a value whose type the file does not name, and what a macro writes. So a circle
//! that is printed is one, and some are not printed.

mod allowed;
mod scope;
mod tree;
mod words;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use allowed::{ALLOWED, Allowed};
use anyhow::{Context as _, Result, bail};
use scope::Edges;
use serde_json::Value;
use tree::Tree;

use crate::tools;

/// Prints the circles of the workspace's crates, or of one, and which words tie each.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A crate, by the name of its package or of its folder.
    name: Option<String>,
}

/// Files of one program or library that use one another.
struct Circle {
    package: String,
    /// Paths from the package's folder on.
    files: BTreeSet<String>,
    told: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let (circles, packages) = all(args.name.as_deref())?;
    for circle in circles.iter().filter(|circle| allowed(circle).is_some()) {
        println!("{}: a circle of {} files, allowed for now\n{}", circle.package, circle.files.len(), circle.told);
    }
    println!("{} circles in {packages} crates", circles.len());
    let problems = judge(&circles, args.name.as_deref().is_none());
    if !problems.is_empty() {
        println!("{}", problems.join("\n"));
        bail!("{} of them are not allowed, or are allowed and gone", problems.len());
    }
    Ok(())
}

/// What is wrong, in words.
pub(crate) fn check() -> Result<Vec<String>> {
    Ok(judge(&all(None)?.0, true))
}

/// New circles, and, where all are there, rows of the list that are no longer needed.
fn judge(circles: &[Circle], whole: bool) -> Vec<String> {
    let new = circles.iter().filter(|circle| allowed(circle).is_none());
    let mut problems: Vec<String> = new
        .map(|circle| format!("{}: a circle of {} files\n{}", circle.package, circle.files.len(), circle.told))
        .collect();
    for row in ALLOWED.iter().filter(|_| whole) {
        let tied =
            |file: &str| circles.iter().any(|circle| circle.package == row.package && circle.files.contains(file));
        let free: Vec<&str> = row.files.iter().copied().filter(|file| !tied(file)).collect();
        if !free.is_empty() {
            problems.push(format!(
                "{}: in no circle any more, so to be taken off the list in crates/xtask/src/circles/allowed.rs: {}",
                row.package,
                free.join(", ")
            ));
        }
    }
    problems
}

fn allowed(circle: &Circle) -> Option<&'static Allowed> {
    let mut rows = ALLOWED.iter().filter(|row| row.package == circle.package);
    rows.find(|row| circle.files.iter().all(|file| row.files.contains(&file.as_str())))
}

/// All circles, or those of one package; of how many packages.
fn all(name: Option<&str>) -> Result<(Vec<Circle>, usize)> {
    let metadata = tools::metadata()?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let (mut circles, mut seen) = (Vec::new(), 0);
    for package in packages {
        let full = package["name"].as_str().unwrap_or_default();
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest.parent().context("a package has no folder")?;
        if name.is_some_and(|name| name != full && !folder.ends_with(name)) {
            continue;
        }
        seen += 1;
        for root in roots(package) {
            circles.extend(of(full, folder, &root)?);
        }
    }
    if seen == 0 {
        bail!("no package of the workspace is called {}", name.unwrap_or_default());
    }
    circles.sort_by(|one, other| (&one.package, &one.files).cmp(&(&other.package, &other.files)));
    Ok((circles, seen))
}

/// How many circles the library and the programs of a package in this folder have.
///
/// # Errors
///
/// If a file is missing or is not Rust.
pub(crate) fn count(folder: &Path) -> Result<usize> {
    let usual = ["src/lib.rs", "src/main.rs"].map(|root| folder.join(root));
    let more = fs::read_dir(folder.join("src/bin")).into_iter().flatten().flatten().map(|entry| entry.path());
    let roots =
        usual.into_iter().chain(more).filter(|root| root.is_file() && root.extension().is_some_and(|it| it == "rs"));
    roots.map(|root| Ok(scope::circles(&scope::edges(&Tree::read(&root)?)).len())).sum()
}

/// Where the library, the programs, the examples and the benches of a package begin; its tests are left out.
fn roots(package: &Value) -> Vec<PathBuf> {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let left_out = |kind: &Value| ["test", "custom-build"].iter().any(|out| kind == out);
    let kept = targets.iter().filter(|target| !target["kind"].as_array().into_iter().flatten().any(left_out));
    kept.filter_map(|target| target["src_path"].as_str()).map(PathBuf::from).collect()
}

fn of(package: &str, folder: &Path, root: &Path) -> Result<Vec<Circle>> {
    let tree = Tree::read(root)?;
    let edges = scope::edges(&tree);
    let name = |file: usize| {
        let path = &tree.files[file];
        path.strip_prefix(folder).unwrap_or(path).display().to_string()
    };
    let circle = |files: &BTreeSet<usize>| Circle {
        package: package.to_owned(),
        files: files.iter().map(|file| name(*file)).collect(),
        told: tell(files, &edges, name),
    };
    Ok(scope::circles(&edges).iter().map(circle).collect())
}

/// Each arrow of a circle with its words, and a mark on those without which nothing of the circle is left.
fn tell(files: &BTreeSet<usize>, edges: &Edges, name: impl Fn(usize) -> String) -> String {
    let inside = |(from, to): &(usize, usize)| files.contains(from) && files.contains(to);
    let mut text = String::new();
    for (arrow, words) in edges.iter().filter(|(arrow, _)| inside(arrow)) {
        let without: Edges =
            edges.iter().filter(|(other, _)| inside(other) && *other != arrow).map(|(k, v)| (*k, v.clone())).collect();
        let mark = if scope::circles(&without).is_empty() { "   <- moved, these alone break it" } else { "" };
        let words: Vec<String> = words.iter().map(|(word, line)| format!("{word} (line {line})")).collect();
        let _ = writeln!(text, "  {} -> {}: {}{mark}", name(arrow.0), name(arrow.1), words.join(", "));
    }
    text
}
