//! A tool, and how a model is told of it.

use std::collections::HashSet;

use crate::node::Node;

/// A tool that the caller defines.
#[derive(Debug)]
pub(crate) struct Tool<'n> {
    pub(super) name: &'n str,
    pub(super) description: &'n str,
    pub(super) schema: Option<&'n Node<'n>>,
}

impl Tool<'_> {
    /// Name, description and schema as one JSON object.
    pub(crate) fn json(&self) -> String {
        let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let schema = self.schema.map_or_else(|| "{}".to_owned(), Node::json);
        let (name, description) = (text(self.name), text(self.description));
        format!(r#"{{"name":{name},"description":{description},"parameters":{schema}}}"#)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.json().len()
    }

    /// As a declaration of a TypeScript function, which is how OpenAI's models are told of tools.
    pub(crate) fn declaration(&self) -> String {
        let mut out = String::new();
        comment(&mut out, self.description);
        out.push_str("type ");
        out.push_str(self.name);
        let schema = self.schema.filter(|it| it.get("properties").is_some_and(|it| !it.members().is_empty()));
        match schema {
            Some(schema) => {
                out.push_str(" = (_: {\n");
                members(&mut out, schema, 0);
                out.push_str("}) => any;\n\n");
            }
            None => out.push_str(" = () => any;\n\n"),
        }
        out
    }
}

/// Schemas are nested as deep as the reader of JSON allows; deeper than any in use, types are only named.
const DEEP: usize = 16;

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        out.push_str("// ");
        out.push_str(line);
        out.push('\n');
    }
}

fn members(out: &mut String, schema: &Node<'_>, depth: usize) {
    let required: HashSet<&str> =
        schema.get("required").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
    for (name, member) in schema.get("properties").map(Node::members).unwrap_or_default() {
        comment(out, member.str("description").unwrap_or_default());
        out.push_str(name);
        if !required.contains(name.as_ref()) {
            out.push('?');
        }
        out.push_str(": ");
        kind(out, member, depth);
        out.push(',');
        if let Some(value) = member.get("default").filter(|it| **it != Node::Null) {
            out.push_str(" // default: ");
            out.push_str(&value.json());
        }
        out.push('\n');
    }
}

fn kind(out: &mut String, schema: &Node<'_>, depth: usize) {
    let options = schema.get("anyOf").or_else(|| schema.get("oneOf")).or_else(|| schema.get("type"));
    if depth > DEEP {
        out.push_str("any");
    } else if let Some(values) = schema.get("enum") {
        let values: Vec<String> = values.items().iter().map(Node::json).collect();
        out.push_str(&values.join(" | "));
    } else if let Some(Node::List(options)) = options {
        for (index, option) in options.iter().enumerate() {
            out.push_str(if index > 0 { " | " } else { "" });
            match option {
                Node::Text(name) => out.push_str(name),
                other => kind(out, other, depth + 1),
            }
        }
    } else {
        named(out, schema, depth);
    }
}

fn named(out: &mut String, schema: &Node<'_>, depth: usize) {
    match schema.str("type") {
        Some("object") if schema.get("properties").is_some() => {
            out.push_str("{\n");
            members(out, schema, depth + 1);
            out.push('}');
        }
        Some("array") => {
            match schema.get("items") {
                Some(items) => kind(out, items, depth + 1),
                None => out.push_str("any"),
            }
            out.push_str("[]");
        }
        Some("integer" | "number") => out.push_str("number"),
        Some(name) => out.push_str(name),
        None => out.push_str(schema.str("$ref").unwrap_or("any")),
    }
}
