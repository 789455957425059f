//! `values.yaml` and the table of a README, of the table of values.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::values::{Is, Value, leaves};

/// How wide a line of a comment may be.
const WIDTH: usize = 118;

/// `values.yaml`
pub(super) fn yaml(values: &[Value]) -> String {
    let mut text =
        "# Printed by `cargo xtask generate`, with values.schema.json and the table of README.md.\n".to_owned();
    for value in values {
        text.push('\n');
        write_yaml(&mut text, value, 0);
    }
    text
}

fn write_yaml(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    for line in wrapped(&format!("{}.", value.says), WIDTH - indent.len()) {
        let _ = writeln!(text, "{indent}# {line}");
    }
    match &value.is {
        Is::Group(group) => {
            let _ = writeln!(text, "{indent}{}:", value.name);
            for value in group {
                write_yaml(text, value, depth + 1);
            }
        }
        Is::One { default, .. } => {
            let _ = writeln!(text, "{indent}{}: {}", value.name, flow(default));
        }
    }
}

/// A table of Markdown.
pub(super) fn table(values: &[Value]) -> String {
    let mut text = "| value | default | meaning |\n| --- | --- | --- |\n".to_owned();
    for (path, value) in leaves(values) {
        if let Is::One { default, .. } = &value.is {
            let _ = writeln!(text, "| `{path}` | `{}` | {} |", flow(default), value.says.replace('|', "\\|"));
        }
    }
    text
}

/// On one line, as people write YAML.
fn flow(value: &Json) -> String {
    match value {
        Json::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        // JSON's quotes are YAML's, and no word can be taken for something else in them.
        other => other.to_string(),
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.pop().unwrap_or_default();
        if line.is_empty() {
            lines.push(word.to_owned());
        } else if line.len() + 1 + word.len() <= width {
            lines.push(format!("{line} {word}"));
        } else {
            lines.extend([line, word.to_owned()]);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_default_is_one_line_of_yaml() {
        assert_eq!(flow(&json!({"cpu": "100m", "list": [1, {"a": ""}]})), r#"{cpu: "100m", list: [1, {a: ""}]}"#);
    }

    #[test]
    fn a_comment_is_wrapped_between_words() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aaaaaaaa b", 5), ["aaaaaaaa", "b"]);
    }
}
