//! Names are whatever somebody called something: none of them becomes a part of the page.

/// Text within HTML, elements and attributes alike.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(shown(letter)),
        }
    }
    out
}

/// Text within a line or a cell of Markdown. What could begin something is written as a character reference, which is never
/// anything but text.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = rest.next() {
        let shown = shown(letter);
        // A link may begin by itself: with `://`, or with `www.`.
        let link = (shown == ':' && rest.peek() == Some(&'/')) || (shown == '.' && matches!(before, 'w' | 'W'));
        // An amount is no formula.
        let formula = shown == '$' && !rest.peek().is_some_and(char::is_ascii_digit);
        if link || formula || r"\`*_{}[]<>#|!~&@^".contains(shown) {
            out.push_str(&format!("&#{};", u32::from(shown)));
        } else {
            out.push(shown);
        }
        before = shown;
    }
    out
}

/// As it is, unless it would end a line or turn one around.
pub(crate) fn shown(letter: char) -> char {
    match letter {
        _ if letter.is_control() => ' ',
        '\u{2028}' | '\u{2029}' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => letter,
    }
}

/// A name that a chart and a table have room for: at most so many letters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.chars().map(shown).collect();
    }
    text.chars().take(most.saturating_sub(1)).map(shown).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_part_of_the_page() {
        assert_eq!(html(r#"<b a="1">&'"#), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
        assert_eq!(markdown("a|b*c"), "a&#124;b&#42;c");
        assert_eq!(markdown("https://x www.y"), "https&#58;//x www&#46;y");
        assert_eq!(markdown("gpt-5.2/mini:free"), "gpt-5.2/mini:free");
        assert_eq!(html("a\u{202e}b\nc"), "a\u{fffd}b c");
        assert_eq!((cut("abcdef", 4), cut("abcd", 4)), ("abc…".into(), "abcd".into()));
    }
}
