//! Whether the fragments of a JSON object have made it whole.

/// Counts brackets outside strings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Balance {
    depth: u32,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Balance {
    /// Adds a fragment.
    pub(crate) fn feed(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether an object has begun and ended. Nothing at all is not whole: it may be to come.
    pub(crate) fn is_whole(self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_strings_do_not_count() {
        let text = r#"{"a":"}\"","b":[{}]}"#;
        for cut in 0..text.len() {
            let mut balance = Balance::default();
            balance.feed(&text[..cut]);
            assert!(!balance.is_whole(), "{cut}");
            balance.feed(&text[cut..]);
            assert!(balance.is_whole(), "{cut}");
        }
    }
}
