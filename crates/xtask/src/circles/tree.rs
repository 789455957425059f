//! One crate as modules: what each defines, brings into scope and mentions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use syn::{Item, ItemMod};

use super::words::{self, Mention, Use};
use crate::syntax;

/// A crate: its files and its modules, the root first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Paths as the root was given.
    pub(super) files: Vec<PathBuf>,
    pub(super) modules: Vec<Module>,
}

#[derive(Debug, Default)]
pub(super) struct Module {
    /// Which of the files it is written in.
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// Names of types, functions, constants, traits and macros.
    pub(super) items: BTreeSet<String>,
    /// Those of the items that are `macro_rules!`.
    pub(super) macros: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
    pub(super) mentions: Vec<Mention>,
}

/// Where a module's text lies, and where files of its children are looked for.
struct Place<'a> {
    file: usize,
    /// The folder of the file that says `mod`, for a `#[path]`.
    beside: &'a Path,
    below: PathBuf,
}

impl Tree {
    /// Reads a crate from its root file along its `mod` lines, those for tests left out.
    ///
    /// # Errors
    ///
    /// If a file is missing or is not Rust.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        let folder = root.parent().context("a root file has no folder")?;
        tree.file(root, None, folder.to_owned())?;
        Ok(tree)
    }

    /// A file and all below it; the number of its module.
    fn file(&mut self, path: &Path, parent: Option<usize>, below: PathBuf) -> Result<usize> {
        let parsed = syntax::file(path)?;
        let file = self.files.len();
        self.files.push(path.to_owned());
        let beside = path.parent().context("a file has no folder")?;
        self.module(&parsed.items, parent, &Place { file, beside, below })
    }

    fn module(&mut self, items: &[Item], parent: Option<usize>, place: &Place<'_>) -> Result<usize> {
        let number = self.modules.len();
        let words = words::read(items);
        self.modules.push(Module {
            file: place.file,
            parent,
            children: BTreeMap::new(),
            items: words.items,
            macros: words.macros,
            uses: words.uses,
            mentions: words.mentions,
        });
        for item in items {
            if let Item::Mod(module) = item
                && !syntax::is_test(&module.attrs)
            {
                let child = self.child(module, number, place)?;
                self.modules[number].children.insert(module.ident.to_string(), child);
            }
        }
        Ok(number)
    }

    fn child(&mut self, module: &ItemMod, parent: usize, place: &Place<'_>) -> Result<usize> {
        let name = module.ident.to_string();
        let below = place.below.join(&name);
        if let Some((_, items)) = &module.content {
            return self.module(items, Some(parent), &Place { file: place.file, beside: place.beside, below });
        }
        if let Some(path) = syntax::elsewhere(module) {
            return self.file(&place.beside.join(path), Some(parent), below);
        }
        let flat = place.below.join(format!("{name}.rs"));
        let nested = below.join("mod.rs");
        match [flat, nested].into_iter().find(|path| fs::metadata(path).is_ok()) {
            Some(path) => self.file(&path, Some(parent), below),
            None => bail!("`mod {name};` in {} has no file", self.files[place.file].display()),
        }
    }
}
