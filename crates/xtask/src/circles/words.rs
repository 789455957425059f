//! What the text of one module defines, brings into scope and mentions, its child modules aside.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{
    Attribute, Expr, ExprIf, Field, FieldValue, ImplItem, Item, ItemUse, Lit, Macro, Meta, Path, TraitItem, UseTree,
    Visibility,
    ext::IdentExt as _,
    visit::{self, Visit},
};

use crate::syntax;

/// A path in code, from its first name on; `crate`, `self` and `super` are names too.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// It stands before a `!`.
    pub(super) call: bool,
}

/// A name that a `use` brings into scope, or all names of a module.
#[derive(Debug)]
pub(super) struct Use {
    /// `None` for `*`; `_` stays what it is.
    pub(super) name: Option<String>,
    /// Others see it too: it passes a word on and says nothing of who uses it.
    pub(super) shared: bool,
    pub(super) mention: Mention,
}

#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) items: BTreeSet<String>,
    /// Those of the items that are `macro_rules!`.
    pub(super) macros: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
    pub(super) mentions: Vec<Mention>,
}

pub(super) fn read(items: &[Item]) -> Words {
    let mut words = Words::default();
    for item in items {
        if !matches!(item, Item::Mod(_)) {
            words.items.extend(defined(item));
            if matches!(item, Item::Macro(_)) {
                words.macros.extend(defined(item));
            }
            words.visit_item(item);
        }
    }
    words
}

/// The name that an item gives its module.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.unraw().to_string())
}

impl Words {
    fn mention(&mut self, path: Vec<String>, line: usize, call: bool) {
        self.mentions.push(Mention { path, line, call });
    }

    fn imports(&mut self, tree: &UseTree, before: &[String], shared: bool) {
        let path = |ident: &Ident| before.iter().cloned().chain([ident.unraw().to_string()]).collect::<Vec<_>>();
        let mut bring = |name: Option<String>, path: Vec<String>, span: Span| {
            self.uses.push(Use { name, shared, mention: Mention { path, line: span.start().line, call: false } });
        };
        match tree {
            UseTree::Path(inner) => self.imports(&inner.tree, &path(&inner.ident), shared),
            UseTree::Name(inner) if inner.ident == "self" => {
                bring(before.last().cloned(), before.to_owned(), inner.ident.span());
            }
            UseTree::Name(inner) => {
                bring(Some(inner.ident.unraw().to_string()), path(&inner.ident), inner.ident.span());
            }
            UseTree::Rename(inner) => {
                let of = if inner.ident == "self" { before.to_owned() } else { path(&inner.ident) };
                bring(Some(inner.rename.unraw().to_string()), of, inner.ident.span());
            }
            UseTree::Glob(inner) => bring(None, before.to_owned(), inner.star_token.span),
            UseTree::Group(inner) => inner.items.iter().for_each(|tree| self.imports(tree, before, shared)),
        }
    }

    /// Paths in what only a macro can read: two names or more, and single names that look like a type, a constant or a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut line, mut colons, mut after_dot) = (0, 0, false);
        for token in tokens.into_iter().map(Some).chain([None]) {
            match &token {
                Some(TokenTree::Ident(ident)) if colons == 2 && !path.is_empty() => {
                    path.push(ident.unraw().to_string());
                    colons = 0;
                    continue;
                }
                Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && !path.is_empty() && colons < 2 => {
                    colons += 1;
                    continue;
                }
                _ => {}
            }
            let call = matches!(&token, Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
            let shouts = path.first().is_some_and(|name| name.starts_with(char::is_uppercase));
            let whole = std::mem::take(&mut path);
            if whole.len() > 1 || (whole.len() == 1 && !after_dot && (call || shouts)) {
                self.mention(whole, line, call);
            }
            colons = 0;
            match token {
                Some(TokenTree::Ident(ident)) => {
                    line = ident.span().start().line;
                    path.push(ident.unraw().to_string());
                    continue;
                }
                Some(TokenTree::Group(ref group)) => self.tokens(group.stream()),
                _ => {}
            }
            after_dot = matches!(&token, Some(TokenTree::Punct(punct)) if punct.as_char() == '.');
        }
    }
}

fn names(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect()
}

fn line(path: &Path) -> usize {
    path.segments.first().map_or(0, |first| first.ident.span().start().line)
}

impl<'a> Visit<'a> for Words {
    fn visit_item(&mut self, item: &'a Item) {
        if !syntax::is_test(syntax::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if !syntax::is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'a TraitItem) {
        if !matches!(item, TraitItem::Fn(item) if syntax::is_test(&item.attrs)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'a Field) {
        if !syntax::is_test(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'a FieldValue) {
        if !syntax::is_test(&field.attrs) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_expr_if(&mut self, branch: &'a ExprIf) {
        if !syntax::is_test(&branch.attrs) {
            visit::visit_expr_if(self, branch);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if item.leading_colon.is_none() {
            self.imports(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        if path.leading_colon.is_none() {
            self.mention(names(path), line(path), false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        if call.path.leading_colon.is_none() {
            self.mention(names(&call.path), line(&call.path), true);
        }
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        match &attribute.meta {
            Meta::List(list) if !attribute.path().is_ident("cfg") => {
                self.tokens(list.tokens.clone());
                // `#[serde(with = "crate::words")]` means a path by a text.
                for token in list.tokens.clone() {
                    if let TokenTree::Literal(literal) = token
                        && let Ok(Lit::Str(text)) = syn::parse_str::<Lit>(&literal.to_string())
                        && let Ok(path) = text.parse::<Path>()
                    {
                        self.mention(names(&path), literal.span().start().line, false);
                    }
                }
            }
            Meta::NameValue(pair) if !matches!(pair.value, Expr::Lit(_)) => self.visit_expr(&pair.value),
            _ => {}
        }
    }

    /// `pub(in crate::a)` uses nothing.
    fn visit_visibility(&mut self, _: &'a Visibility) {}
}
