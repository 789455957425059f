//! Rust files as trees, for the chores that look at our own code.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta, Token, punctuated::Punctuated};

/// A file, read and parsed.
///
/// # Errors
///
/// If it cannot be read or is not Rust; the words name it.
pub(crate) fn file(path: &Path) -> Result<syn::File> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    syn::parse_file(&text).with_context(|| format!("cannot parse {}", path.display()))
}

/// Whether what bears these attributes is there for tests alone: `#[test]` and its like, or a `#[cfg]` that holds in tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        match &attribute.meta {
            Meta::List(list) if path.is_ident("cfg") => list.parse_args::<Meta>().is_ok_and(|cfg| needs_test(&cfg)),
            _ => path.segments.last().is_some_and(|last| last.ident == "test"),
        }
    })
}

/// What stands before an item in `#[..]`.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// What `#[path = ".."]` says.
pub(crate) fn elsewhere(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

/// `any(test, feature = "x")` and `not(test)` are found in programs too.
fn needs_test(cfg: &Meta) -> bool {
    match cfg {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|inner| inner.iter().any(needs_test)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_tests_alone_is_known_by_its_attributes() {
        let test = |text: &str| {
            let item: syn::ItemFn = syn::parse_str(&format!("{text} fn f() {{}}")).expect("a function");
            is_test(&item.attrs)
        };
        for yes in ["#[test]", "#[tokio::test]", "#[cfg(test)]", "#[cfg(all(test, unix))]"] {
            assert!(test(yes), "{yes}");
        }
        for no in ["", "#[cfg(unix)]", "#[cfg(not(test))]", "#[cfg(any(test, feature = \"x\"))]", "#[inline]"] {
            assert!(!test(no), "{no}");
        }
    }
}
