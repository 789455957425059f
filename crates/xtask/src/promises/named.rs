//! Which promises a file of Rust names in its comments, and which of its tests name them. Text alone, pure: files are laid
//! out by rustfmt, so an item ends at the brace that stands as far in as the item begins.

/// One promise, named in a comment.
#[derive(Debug, PartialEq)]
pub(super) struct Named {
    pub(super) id: String,
    /// Of the file, from 1.
    pub(super) line: usize,
    /// Whether it is said of a test that runs: above the test, in it, or at the head of a file of nothing but tests.
    pub(super) held: bool,
}

/// What is known of the item whose comments and attributes are being read.
#[derive(Default)]
struct Above {
    /// Places in the list of what was named.
    named: Vec<usize>,
    test: bool,
    ignored: bool,
}

/// Every promise that `text` names. `tests` says that the file is nothing but tests, `ignored_too` that those that are
/// `#[ignore]`d are run all the same.
pub(super) fn in_file(text: &str, tests: bool, ignored_too: bool) -> Vec<Named> {
    let mut found = Vec::new();
    let mut heads = Vec::new();
    let mut above = Above::default();
    // How far in the test begins that is being read.
    let mut inside: Option<usize> = None;
    let mut runs = false;
    let mut attribute = false;
    for (at, raw) in text.lines().enumerate() {
        let line = raw.trim_start();
        let indent = raw.len() - line.len();
        if attribute {
            attribute = !line.ends_with(']');
        } else if line.starts_with("//") {
            for id in ids(line) {
                let head = line.starts_with("//!");
                let place = if head { &mut heads } else { &mut above.named };
                place.push(found.len());
                found.push(Named { id: id.to_owned(), line: at + 1, held: inside.is_some() && !head });
            }
        } else if line.starts_with("#[") {
            above.test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            above.ignored |= line.starts_with("#[ignore");
            attribute = !line.ends_with(']');
        } else {
            if above.test && (ignored_too || !above.ignored) {
                above.named.iter().for_each(|place| found[*place].held = true);
                (inside, runs) = (Some(indent), true);
            } else if inside == Some(indent) && line == "}" {
                inside = None;
            }
            above = Above::default();
        }
    }
    if tests && runs {
        heads.iter().for_each(|place| found[*place].held = true);
    }
    found
}

/// The promises that a line of text names.
pub(super) fn ids(line: &str) -> impl Iterator<Item = &str> {
    line.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '-').filter(|word| is_id(word))
}

/// One letter and a number, or `R` or `D` with an area between them, or `A`, a dash and a number.
fn is_id(word: &str) -> bool {
    let number = |text: &str| {
        matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
    };
    let area = |text: &str| text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match word.split('-').collect::<Vec<_>>()[..] {
        [short] => {
            short.split_at_checked(1).is_some_and(|(letter, rest)| "CFHKMRSTUXZ".contains(letter) && number(rest))
        }
        ["A", rest] => number(rest),
        ["R" | "D", middle, rest] => area(middle) && number(rest),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str, tests: bool, ignored_too: bool) -> Vec<(String, usize, bool)> {
        in_file(text, tests, ignored_too).into_iter().map(|named| (named.id, named.line, named.held)).collect()
    }

    fn row(id: &str, line: usize, held: bool) -> (String, usize, bool) {
        (id.to_owned(), line, held)
    }

    #[test]
    fn an_identity_is_a_letter_and_a_number_or_an_area_and_a_number() {
        let line = "/// S1, R-CFG-7 and D-GEM-4: not S0, S123, GPT-4, DeepSeek-R1, R-7, Q4, x4; A-16 (H2)'s `U1`.";
        assert_eq!(ids(line).collect::<Vec<_>>(), ["S1", "R-CFG-7", "D-GEM-4", "A-16", "H2", "U1"]);
    }

    #[test]
    fn what_stands_above_a_test_or_in_it_is_held_by_it() {
        let text = "/// S1: one.\n#[tokio::test]\n#[allow(\n    clippy::all,\n    reason = \"x\"\n)]\nasync fn one() {\n    \
                    // S2\n    let x = {\n    };\n    // S3\n}\n\n/// S4: none.\nfn two() {}\n// S5\n";
        let want = [("S1", 1, true), ("S2", 8, true), ("S3", 11, true), ("S4", 14, false), ("S5", 16, false)];
        assert_eq!(held(text, true, false), want.map(|(id, line, held)| row(id, line, held)));
    }

    #[test]
    fn a_test_that_is_ignored_holds_nothing_unless_it_is_run_all_the_same() {
        let text = "/// F1\n#[test]\n#[ignore = \"needs a cluster\"]\nfn one() {\n    // F2\n}\n";
        assert_eq!(held(text, true, false), [row("F1", 1, false), row("F2", 5, false)]);
        assert_eq!(held(text, true, true), [row("F1", 1, true), row("F2", 5, true)]);
    }

    #[test]
    fn the_head_of_a_file_counts_where_the_file_is_tests_and_one_of_them_runs() {
        let text = "//! K1\n\n#[test]\nfn one() {}\n";
        assert_eq!(held(text, true, false), [row("K1", 1, true)]);
        assert_eq!(held(text, false, false), [row("K1", 1, false)]);
        assert_eq!(held("//! K1\n\nfn one() {}\n", true, false), [row("K1", 1, false)]);
    }
}
