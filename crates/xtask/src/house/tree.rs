//! A tree of code, package by package.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::file::{self, Figures};
use crate::circles;

/// Of a package: the files that count, and what is beside them.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) files: Vec<Figures>,
    /// Lines in files that are for tests alone.
    pub(super) tests: usize,
    /// `None` where nobody can say: a file is missing, or made when it is built.
    pub(super) circles: Option<usize>,
}

impl Package {
    pub(super) fn add(&mut self, other: &Self) {
        self.files.extend_from_slice(&other.files);
        self.tests += other.tests;
        if let Some(circles) = other.circles {
            self.circles = Some(self.circles.unwrap_or_default() + circles);
        }
    }
}

/// Folders that are no part of a tree's code.
const LEFT_OUT: [&str; 5] = ["target", "examples", "benches", "fuzz", "node_modules"];

pub(super) fn packages(root: &Path) -> Result<Vec<Package>> {
    let mut all: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    collect(root, root, &mut all)?;
    let mut packages = Vec::new();
    for (folder, files) in all {
        let mut package = Package { name: name(root, &folder), ..Package::default() };
        read(&folder, &files, &mut package)?;
        package.circles = circles::count(&folder).ok();
        if !package.files.is_empty() || package.tests > 0 {
            packages.push(package);
        }
    }
    Ok(packages)
}

fn name(root: &Path, folder: &Path) -> String {
    let below = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
    if below.is_empty() { ".".to_owned() } else { below }
}

/// The Rust files of a folder, by the folder of the package that they belong to.
fn collect(folder: &Path, package: &Path, all: &mut BTreeMap<PathBuf, Vec<PathBuf>>) -> Result<()> {
    let package = if folder.join("Cargo.toml").is_file() { folder } else { package };
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && !LEFT_OUT.contains(&&*name) {
            collect(&path, package, all)?;
        } else if path.is_file() && name.ends_with(".rs") {
            all.entry(package.to_owned()).or_default().push(path);
        }
    }
    Ok(())
}

fn read(package: &Path, files: &[PathBuf], into: &mut Package) -> Result<()> {
    let mut read = Vec::new();
    let mut tests: BTreeSet<PathBuf> = BTreeSet::new();
    for path in files {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        if generated(&text) {
            continue;
        }
        let inside = path.strip_prefix(package).unwrap_or(path);
        if inside.iter().next().is_some_and(|first| first == "tests") || package.ends_with("tests") {
            into.tests += text.lines().count();
            continue;
        }
        let figures = file::figures(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        let below = children(path);
        tests.extend(figures.modules_of_tests.iter().map(|(name, said)| match said {
            Some(said) => path.with_file_name(said).with_extension(""),
            None => below.join(name),
        }));
        read.push((path, figures));
    }
    for (path, figures) in read {
        let is_below = |test: &PathBuf| path.starts_with(test) || path.with_extension("") == *test;
        if tests.iter().any(is_below) {
            into.tests += figures.lines + figures.tests;
        } else {
            into.files.push(figures);
        }
    }
    Ok(())
}

/// Where modules of a file are looked for.
fn children(path: &Path) -> PathBuf {
    let root = ["lib", "main", "mod"].iter().any(|root| path.file_stem().is_some_and(|stem| stem == *root));
    if root { path.parent().unwrap_or(path).to_owned() } else { path.with_extension("") }
}

fn generated(text: &str) -> bool {
    let head = text.lines().take(5).filter(|line| line.starts_with("//"));
    head.into_iter().any(|line| {
        line.contains("@generated") || line.trim_start_matches(['/', '!', ' ']).to_lowercase().starts_with("generated")
    })
}
