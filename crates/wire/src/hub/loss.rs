//! What a target cannot be told.

use std::fmt;

/// How much a loss matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Advice that changes no answer: cache hints, tags, the order of a system message. Dropped and named.
    Hint,
    /// A parameter or a tool that changes the answer. Dropped and named, unless every parameter is required.
    Parameter,
    /// A part of the prompt itself. A target that cannot be shown it is never asked.
    Content,
}

/// One thing that cannot be said in the target's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How much it matters.
    pub class: Class,
    /// Its name in the caller's dialect: `seed`, `tools.web_search_20250305`, `messages.input_audio`.
    name: Name,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Known(&'static str),
    /// A word of the caller's, cut to what a header and a log line can bear.
    Foreign(&'static str, Box<str>),
}

impl Loss {
    /// The word for a metric label: one of a closed set, never the caller's text.
    pub fn label(&self) -> &'static str {
        match &self.name {
            Name::Known(name) => name,
            Name::Foreign(group, _) => group,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Known(name) => f.write_str(name),
            Name::Foreign("other", word) => f.write_str(word),
            Name::Foreign(group, word) => write!(f, "{group}.{word}"),
        }
    }
}

/// Everything that cannot be said, each named once, in the order found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(Vec<Loss>);

/// Most names kept; a request with more odd members than this is named by its first ones.
const MOST: usize = 32;

impl Losses {
    /// Notes a hint by a name of ours.
    pub fn hint(&mut self, name: &'static str) {
        self.add(Class::Hint, Name::Known(name));
    }

    /// Notes a parameter by a name of ours.
    pub fn parameter(&mut self, name: &'static str) {
        self.add(Class::Parameter, Name::Known(name));
    }

    /// Notes a part of the prompt by a name of ours.
    pub fn content(&mut self, name: &'static str) {
        self.add(Class::Content, Name::Known(name));
    }

    /// Notes something that only the caller has a word for; `group` (`tools`, `messages`, or `other` for a member of
    /// the top level) is the label.
    pub fn foreign(&mut self, class: Class, group: &'static str, word: &str) {
        let word =
            word.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, ',' | '"')).take(64).collect::<String>();
        self.add(class, Name::Foreign(group, word.into()));
    }

    fn add(&mut self, class: Class, name: Name) {
        let loss = Loss { class, name };
        if self.0.contains(&loss) {
            return;
        }
        if self.0.len() < MOST {
            self.0.push(loss);
        } else if class == Class::Content
            && let Some(lesser) = self.0.iter_mut().find(|kept| kept.class != Class::Content)
        {
            // What forbids a target is never crowded out by what does not.
            *lesser = loss;
        }
    }

    /// The losses, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Loss> {
        self.0.iter()
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The losses that forbid a target: content always, parameters where all are required.
    pub fn forbidding(&self, require_parameters: bool) -> impl Iterator<Item = &Loss> {
        self.0.iter().filter(move |loss| match loss.class {
            Class::Content => true,
            Class::Parameter => require_parameters,
            Class::Hint => false,
        })
    }
}

/// `seed, tools.web_search_20250305`: the value of a header.
impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, loss)| {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{loss}")
        })
    }
}
