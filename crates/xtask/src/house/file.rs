//! Figures of one file.

use std::{ops::RangeInclusive, str::FromStr as _};

use anyhow::{Context as _, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Attribute, Block, ImplItem, Item, Signature,
    visit::{self, Visit},
};

use crate::syntax::{attributes, elsewhere, is_test};

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Without those of tests.
    pub(super) lines: usize,
    pub(super) tests: usize,
    /// Lines of each function.
    pub(super) functions: Vec<usize>,
    pub(super) unwraps: usize,
    pub(super) expects: usize,
    pub(super) documentation: usize,
    pub(super) comments: usize,
    /// Modules for tests that are files of their own: the name, and the path that is said, if one is.
    pub(super) modules_of_tests: Vec<(String, Option<String>)>,
}

pub(super) fn figures(text: &str) -> Result<Figures> {
    let file = syn::parse_file(text)?;
    let mut seen = Seen::default();
    seen.visit_file(&file);
    let test = |line: usize| seen.tests.iter().any(|range| range.contains(&line));
    let mut figures = Figures { modules_of_tests: seen.modules, ..Figures::default() };
    for (number, line) in (1..).zip(text.lines()) {
        if test(number) {
            figures.tests += 1;
            continue;
        }
        figures.lines += 1;
        let line = line.trim_start();
        if line.starts_with("//!") || (line.starts_with("///") && !line.starts_with("////")) {
            figures.documentation += 1;
        } else if line.starts_with("//") {
            figures.comments += 1;
        }
    }
    figures.functions = seen.functions;
    // From the text, since the parser does not look into macros.
    let tokens = TokenStream::from_str(text).map_err(|error| anyhow!("{error}")).context("no tokens")?;
    calls(tokens, &test, &mut figures);
    Ok(figures)
}

/// The lines of what is for tests alone.
pub(super) fn tests(text: &str) -> Result<Vec<RangeInclusive<usize>>> {
    let mut seen = Seen::default();
    seen.visit_file(&syn::parse_file(text)?);
    Ok(seen.tests)
}

/// Counts `.unwrap()` and `.expect(..)`.
fn calls(tokens: TokenStream, test: &impl Fn(usize) -> bool, figures: &mut Figures) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for window in tokens.windows(3) {
        if let [TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(group)] = window
            && dot.as_char() == '.'
            && group.delimiter() == Delimiter::Parenthesis
            && !test(name.span().start().line)
        {
            figures.unwraps += usize::from(name == "unwrap" && group.stream().is_empty());
            figures.expects += usize::from(name == "expect" && !group.stream().is_empty());
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            calls(group.stream(), test, figures);
        }
    }
}

#[derive(Default)]
struct Seen {
    tests: Vec<RangeInclusive<usize>>,
    functions: Vec<usize>,
    modules: Vec<(String, Option<String>)>,
}

impl Seen {
    fn test(&mut self, attributes: &[Attribute], end: usize) {
        let start = attributes.first().map(|first| first.pound_token.span.start().line);
        self.tests.extend(start.map(|start| start..=end));
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        self.functions.push(end(block) + 1 - signature.fn_token.span.start().line);
    }
}

fn end(block: &Block) -> usize {
    block.brace_token.span.close().end().line
}

impl<'a> Visit<'a> for Seen {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_test(attributes(item)) {
            return visit::visit_item(self, item);
        }
        let end = match item {
            Item::Mod(module) => match &module.content {
                Some((brace, _)) => brace.span.close().end().line,
                None => {
                    self.modules.push((module.ident.to_string(), elsewhere(module)));
                    module.ident.span().end().line
                }
            },
            Item::Fn(function) => end(&function.block),
            Item::Impl(block) => block.brace_token.span.close().end().line,
            Item::Use(import) => import.semi_token.span.end().line,
            Item::Const(constant) => constant.semi_token.span.end().line,
            // Rare; a few lines of a type.
            _ => attributes(item).last().map_or(0, |last| last.pound_token.span.end().line),
        };
        self.test(attributes(item), end);
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        match item {
            ImplItem::Fn(function) if is_test(&function.attrs) => self.test(&function.attrs, end(&function.block)),
            ImplItem::Fn(function) => {
                self.function(&function.sig, &function.block);
                visit::visit_impl_item(self, item);
            }
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'a syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
