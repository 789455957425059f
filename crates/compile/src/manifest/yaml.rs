//! YAML into JSON values, keeping the line of every field.

use std::collections::{BTreeMap, HashMap};

use outrigger_crd::told::word;
use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput};

/// A place in a file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The place of every field of one document, by path: `spec.targets[1].provider`.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    start: Spot,
    fields: BTreeMap<String, Spot>,
}

/// Most values in one document, aliases counted as often as they are used: a few lines can otherwise unfold to
/// gigabytes.
const VALUES: usize = 100_000;
/// Deepest nesting, that of what an alias stands for included; no kind comes near it.
const DEPTH: usize = 64;
/// What a file may unfold to beside itself, in bytes: so much, and so many times its length.
const UNFOLDED: (usize, usize) = (64 << 10, 8);
/// Longest path whose place is kept, in bytes. Deeper places are found by the nearest field around them.
const PATH: usize = 512;
/// What the paths of a file may take together, in bytes: so much, and so many times its length.
const PATHS: (usize, usize) = (256 << 10, 16);

/// What one file may still take, H11: all its documents share it, so that many small ones are no way around it.
#[derive(Debug)]
pub(super) struct Budget {
    unfolds_to: usize,
    unfolded: usize,
    paths: usize,
}

impl Budget {
    /// That of a file of this many bytes.
    pub(super) fn of(length: usize) -> Self {
        let of = |(floor, times): (usize, usize)| length.saturating_mul(times).saturating_add(floor);
        Self { unfolds_to: of(UNFOLDED), unfolded: 0, paths: of(PATHS) }
    }
}

/// The documents of a file, each with its first line. Cut before parsing, so that a broken one ends at its own end: a
/// line that starts with `---` begins a document even within a block of text (YAML 1.2, 9.1.2).
pub(super) fn documents(text: &str) -> Vec<(usize, &str)> {
    let (mut documents, mut from, mut first_line, mut offset) = (Vec::new(), 0, 1, 0);
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let marker =
            line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker && at > 0 {
            documents.push((first_line, &text[from..offset]));
            (from, first_line) = (offset, at + 1);
        }
        offset += line.len();
    }
    documents.push((first_line, &text[from..]));
    documents
}

/// The value of one document; `None` if it holds nothing but comments.
pub(super) fn read(text: &str, first_line: usize, budget: &mut Budget) -> Result<Option<(Value, Lines)>, Failed> {
    // Said, not left to the parser's build: whoever else links it may have switched comments on for everybody.
    let mut options = Options::default();
    options.emit_comments = false;
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        first_line,
        fields: BTreeMap::new(),
        anchors: HashMap::new(),
        values: 0,
        budget,
    };
    let start = loop {
        let (event, at) = reader.next()?;
        match event {
            Event::StreamEnd | Event::DocumentEnd => return Ok(None),
            Event::StreamStart | Event::DocumentStart(..) => {}
            event => break (event, at),
        }
    };
    let (event, at) = start;
    let value = reader.value(event, at, "", 0)?;
    // To the end: what follows the first value may be broken too.
    while !matches!(reader.next()?.0, Event::StreamEnd) {}
    let lines = Lines { start: at, fields: reader.fields };
    Ok(if value.is_null() { None } else { Some((value, lines)) })
}

struct Reader<'a, 'b> {
    parser: Parser<'a, StrInput<'a>>,
    first_line: usize,
    fields: BTreeMap<String, Spot>,
    anchors: HashMap<usize, (Value, Size)>,
    values: usize,
    budget: &'b mut Budget,
}

/// How large a value is.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    values: usize,
    bytes: usize,
    depth: usize,
}

type Failed = (Spot, String);

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Spot), Failed> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Spot { line: self.first_line, column: 1 })),
            Some(Ok((event, span))) => Ok((event, self.spot(&span.start))),
            Some(Err(error)) => Err((self.spot(error.marker()), format!("not valid YAML: {}", error.info()))),
        }
    }

    fn value(&mut self, event: Event<'a>, at: Spot, path: &str, depth: usize) -> Result<Value, Failed> {
        if depth > DEPTH {
            return Err((at, format!("nested deeper than {DEPTH} levels")));
        }
        self.count(1, at)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (if plain { scalar(&text) } else { Value::String(text.into_owned()) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    let path = self.keep(path, at, |path| format!("{path}[{}]", items.len()));
                    items.push(self.value(event, at, &path, depth + 1)?);
                }
                (Value::Array(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => (Value::Object(self.mapping(path, depth)?), anchor),
            Event::Alias(anchor) => {
                let anchored = self.anchors.get(&anchor).map(|(_, size)| *size);
                let size = anchored.ok_or_else(|| (at, "an alias within its own anchor".to_owned()))?;
                // All of it before it is copied.
                if depth + size.depth > DEPTH {
                    return Err((at, format!("nested deeper than {DEPTH} levels")));
                }
                self.count(size.values, at)?;
                self.unfold(size.bytes, at)?;
                (self.anchors.get(&anchor).map(|(value, _)| value.clone()).unwrap_or_default(), 0)
            }
            _ => return Err((at, "not valid YAML: a value is missing".to_owned())),
        };
        if anchor != 0 {
            let size = size(&value);
            self.unfold(size.bytes, at)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(value)
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Map<String, Value>, Failed> {
        let mut map = Map::new();
        loop {
            let (event, at) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(map),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err((at, "a key must be plain text".to_owned())),
            };
            let path = self.keep(path, at, |path| if path.is_empty() { key.clone() } else { format!("{path}.{key}") });
            let (event, value_at) = self.next()?;
            let value = self.value(event, value_at, &path, depth + 1)?;
            if map.contains_key(&key) {
                let which = word(&key).map_or_else(|| "this key".to_owned(), |key| format!("{key:?}"));
                return Err((at, format!("{which} is given twice")));
            }
            map.insert(key, value);
        }
    }

    fn count(&mut self, values: usize, at: Spot) -> Result<(), Failed> {
        self.values += values;
        match self.values > VALUES {
            true => Err((at, format!("more than {VALUES} values in one document"))),
            false => Ok(()),
        }
    }

    /// Takes from what the file may unfold to.
    fn unfold(&mut self, bytes: usize, at: Spot) -> Result<(), Failed> {
        let Budget { unfolds_to, unfolded, paths: _ } = self.budget;
        *unfolded = unfolded.saturating_add(bytes);
        match *unfolded > *unfolds_to {
            true => Err((at, format!("the anchors and aliases of the file unfold to more than {unfolds_to} bytes"))),
            false => Ok(()),
        }
    }

    /// Keeps the place of what stands `below` a path. Where there is no more room, that of the path stands for it.
    fn keep(&mut self, path: &str, at: Spot, below: impl FnOnce(&str) -> String) -> String {
        if path.len() > PATH {
            return path.to_owned();
        }
        let longer = below(path);
        let room = self.budget.paths.checked_sub(longer.len());
        match room.filter(|_| longer.len() <= PATH) {
            Some(left) => {
                self.budget.paths = left;
                self.fields.insert(longer.clone(), at);
                longer
            }
            None => path.to_owned(),
        }
    }

    fn spot(&self, marker: &Marker) -> Spot {
        Spot { line: self.first_line + marker.line().saturating_sub(1), column: marker.col() + 1 }
    }
}

impl Lines {
    /// Where `field` stands, or the nearest field around it, or where the document begins.
    pub(crate) fn find(&self, field: &str) -> Spot {
        let mut path = field;
        loop {
            if let Some(spot) = self.fields.get(path) {
                return *spot;
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = &path[..at],
                None => return self.start,
            }
        }
    }
}

/// A plain scalar by the core schema of YAML 1.2.
fn scalar(text: &str) -> Value {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(Number::from);
    let number = match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ if text.starts_with("0x") => radix(&text[2..], 16),
        _ if text.starts_with("0o") => radix(&text[2..], 8),
        _ => decimal(text),
    };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn decimal(text: &str) -> Option<Number> {
    let digits = text.trim_start_matches(['+', '-']);
    // Rust also reads `inf`, `nan` and `1_000` is none: only what begins like a number is one.
    let begins = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !begins || text.len() > digits.len() + 1 {
        return None;
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

fn size(value: &Value) -> Size {
    let mut all = Size { values: 1, bytes: 0, depth: 0 };
    let mut add = |inner: Size, key: usize| {
        all.values += inner.values;
        all.bytes += inner.bytes + key;
        all.depth = all.depth.max(inner.depth + 1);
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| add(size(item), 0)),
        Value::Object(map) => map.iter().for_each(|(key, value)| add(size(value), key.len())),
        Value::String(text) => all.bytes = text.len(),
        _ => {}
    }
    all
}
