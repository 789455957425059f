//! A pod's labels as the downward API writes them: a line `key="value"` for each, quoted as Go does.

use std::collections::BTreeMap;

/// The labels; the number of the first line that is none.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
    lines.map(|(at, line)| label(line).ok_or(at)).collect()
}

fn label(line: &str) -> Option<(String, String)> {
    let (key, quoted) = line.split_once('=')?;
    let inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (!key.is_empty()).then_some((key.to_owned(), unescape(inside)?))
}

/// No label holds anything that has to be escaped; one that does is not guessed at.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        plain.push(match one {
            '\\' => rest.next().filter(|it| matches!(it, '\\' | '"'))?,
            '"' => return None,
            other => other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Vec<String>, usize> {
        parse(text).map(|labels| labels.into_iter().map(|(key, value)| format!("{key} {value}")).collect())
    }

    #[test]
    fn a_line_is_a_label() {
        let text = "app=\"web\"\napp.kubernetes.io/name=\"a=b\"\nempty=\"\"\nodd=\"a\\\"b\\\\c\"\n";
        let labels = ["app web", "app.kubernetes.io/name a=b", "empty ", "odd a\"b\\c"];
        assert_eq!(told(text), Ok(labels.map(str::to_owned).to_vec()));
        assert_eq!(told(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_none_is_not_guessed_at() {
        for bad in ["app", "app=web", "app=\"web", "=\"web\"", "app=\"a\"b\"", "app=\"\\x41\"", "app=\"\\\"", "app=\""]
        {
            assert_eq!(told(&format!("ok=\"1\"\n{bad}\n")), Err(2), "{bad}");
        }
    }
}
