//! What a report consists of, whichever way it is written. Text is plain: whoever writes it escapes it.

/// A piece of a report.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// A heading of a section.
    Section(&'static str),
    /// The figures that one looks at first.
    Cards(Vec<Card>),
    /// A paragraph.
    Text(String),
    /// How a figure was found, and what it cannot know.
    Note(String),
    /// A table.
    Table(Table),
    /// A picture.
    Chart(Chart),
}

/// A figure by itself.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) label: &'static str,
    pub(crate) figure: String,
    pub(crate) beside: String,
}

/// A table: the first columns are words, the others are numbers.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// How many columns are words.
    pub(crate) words: usize,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The last row is the sum of those above.
    pub(crate) summed: bool,
}

/// A picture.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// Name of its file, without `.svg`.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) title: String,
    /// An element `svg`.
    pub(crate) svg: String,
}

/// A whole report.
#[derive(Clone, Debug)]
pub(crate) struct Doc {
    pub(crate) title: String,
    /// Of what, and as of when.
    pub(crate) under: String,
    pub(crate) blocks: Vec<Block>,
}
