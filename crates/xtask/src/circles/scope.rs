//! From a path in code to the file that defines what it names, along `use` and `pub use`.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::tree::{Module, Tree};

/// `use` that leads to `use` further than this is a circle of its own, or of macros we do not see through.
const DEPTH: u32 = 16;

/// Which words a file takes from another: for each pair of files the words, and the first line that names each.
pub(super) type Edges = BTreeMap<(usize, usize), BTreeMap<Rc<str>, usize>>;

enum Found {
    Module(usize),
    Item { file: usize, name: String },
}

/// Whether a name is followed by more names, so that a module is meant, or stands last, so that an item comes first.
#[derive(Clone, Copy, PartialEq)]
enum Stands {
    Before,
    Last,
}

pub(super) fn edges(tree: &Tree) -> Edges {
    let macros = macros(tree);
    let mut edges = Edges::new();
    for (number, module) in tree.modules.iter().enumerate() {
        let used = module.uses.iter().filter(|taken| !taken.shared).map(|taken| &taken.mention);
        for mention in used.chain(&module.mentions) {
            let found = resolve(tree, number, &mention.path, Stands::Last, DEPTH);
            let found = found.or_else(|| match &mention.path[..] {
                [name] if mention.call => macros.get(name).map(|file| Found::Item { file: *file, name: name.clone() }),
                _ => None,
            });
            if let Some(Found::Item { file, name }) = found
                && file != module.file
            {
                let words = edges.entry((module.file, file)).or_default();
                let line = words.entry(Rc::from(name)).or_insert(mention.line);
                *line = mention.line.min(*line);
            }
        }
    }
    edges
}

/// Macros by their names: without `use`, a macro is known to all that is written after it.
fn macros(tree: &Tree) -> BTreeMap<String, usize> {
    let of = |module: &Module| (module.file, module.macros.clone());
    tree.modules.iter().map(of).flat_map(|(file, names)| names.into_iter().map(move |name| (name, file))).collect()
}

fn resolve(tree: &Tree, from: usize, path: &[String], stands: Stands, depth: u32) -> Option<Found> {
    let depth = depth.checked_sub(1)?;
    let (first, mut rest) = path.split_first()?;
    let at = |rest: &[String]| if rest.is_empty() { stands } else { Stands::Before };
    let mut found = match first.as_str() {
        "crate" => Found::Module(0),
        "self" => Found::Module(from),
        "super" => Found::Module(tree.modules[from].parent?),
        _ => named(tree, from, first, at(rest), depth)?,
    };
    while let (Found::Module(module), Some((next, after))) = (&found, rest.split_first()) {
        let module = *module;
        found = match next.as_str() {
            "super" => Found::Module(tree.modules[module].parent?),
            _ => named(tree, module, next, at(after), depth)
                // Written by a macro, it seems; or it is what came with a name from outside, which is nobody's here.
                .or_else(|| unseen(&tree.modules[module], next))?,
        };
        rest = after;
    }
    Some(found)
}

fn unseen(module: &Module, name: &str) -> Option<Found> {
    let known = module.uses.iter().any(|taken| taken.name.as_deref() == Some(name));
    (!known).then(|| Found::Item { file: module.file, name: name.to_owned() })
}

fn named(tree: &Tree, module: usize, name: &str, stands: Stands, depth: u32) -> Option<Found> {
    let depth = depth.checked_sub(1)?;
    let here = &tree.modules[module];
    let child = || here.children.get(name).map(|child| Found::Module(*child));
    let item = || here.items.contains(name).then(|| Found::Item { file: here.file, name: name.to_owned() });
    let own = if stands == Stands::Last { item().or_else(child) } else { child().or_else(item) };
    own.or_else(|| {
        let mut taken = here.uses.iter().filter(|taken| taken.name.as_deref() == Some(name));
        // `use x::x` is not its own meaning.
        taken.find_map(|taken| resolve(tree, module, &taken.mention.path, stands, depth))
    })
    .or_else(|| {
        let mut all = here.uses.iter().filter(|taken| taken.name.is_none());
        all.find_map(|taken| match resolve(tree, module, &taken.mention.path, Stands::Before, depth)? {
            Found::Module(other) if other != module => named(tree, other, name, stands, depth),
            _ => None,
        })
    })
}

/// The files that use one another, however indirectly: each circle in order, no file alone.
pub(super) fn circles(edges: &Edges) -> Vec<BTreeSet<usize>> {
    let files: BTreeSet<usize> = edges.keys().flat_map(|(from, to)| [*from, *to]).collect();
    let reached: BTreeMap<usize, BTreeSet<usize>> = files.iter().map(|file| (*file, reach(edges, *file))).collect();
    let mut found: Vec<BTreeSet<usize>> = Vec::new();
    for file in files {
        if reached[&file].contains(&file) && !found.iter().any(|circle| circle.contains(&file)) {
            found.push(reached[&file].iter().copied().filter(|other| reached[other].contains(&file)).collect());
        }
    }
    found
}

fn reach(edges: &Edges, from: usize) -> BTreeSet<usize> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        let ways = edges.range((file, 0)..=(file, usize::MAX)).map(|((_, to), _)| *to);
        next.extend(ways.filter(|to| seen.insert(*to)).collect::<Vec<_>>());
    }
    seen
}
