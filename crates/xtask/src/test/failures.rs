//! What failed, short enough to be said once more at the end of a long run: whoever is shown only the end sees why.

/// Lines that are shown of one failure: half from its beginning, half from its end.
const LINES: usize = 40;
/// Failures of a step that are shown; a step that fails as a whole fails with hundreds.
const SHOWN: usize = 10;

/// What the tests of libtest that failed said, each below its name; of other output, its end.
pub(super) fn told(text: &str) -> Vec<String> {
    let mut failures: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("---- ") && line.ends_with(" stdout ----") {
            failures.push(vec![line]);
            inside = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            inside = false;
        } else if let Some(failure) = failures.last_mut().filter(|_| inside && !line.is_empty()) {
            failure.push(line);
        }
    }
    if failures.is_empty() {
        failures.push(text.lines().filter(|line| !line.is_empty()).collect());
        return failures.iter().map(|lines| ends(lines, 0)).collect();
    }
    let more = failures.len().saturating_sub(SHOWN);
    let mut told: Vec<String> = failures.iter().take(SHOWN).map(|lines| ends(lines, LINES / 2)).collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

/// The first `head` lines and as many of the last as fill [`LINES`].
fn ends(lines: &[&str], head: usize) -> String {
    if lines.len() <= LINES {
        return lines.join("\n");
    }
    let (first, rest) = lines.split_at(head);
    let (left_out, last) = rest.split_at(rest.len() - (LINES - head));
    let between = format!("({} lines)", left_out.len());
    [first, &[between.as_str()], last].concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_libtest_is_its_name_and_what_it_said() {
        let text = "test good ... ok\ntest bad ... FAILED\n\nfailures:\n\n---- bad stdout ----\n\n\
            thread 'bad' panicked at a.rs:1:2:\nleft: 1\n\n---- worse stdout ----\nno\n\nfailures:\n    bad\n    worse\n\n\
            test result: FAILED. 1 passed; 2 failed;\n";
        assert_eq!(
            told(text),
            ["---- bad stdout ----\nthread 'bad' panicked at a.rs:1:2:\nleft: 1", "---- worse stdout ----\nno",]
        );
    }

    #[test]
    fn of_what_is_long_both_ends_are_said() {
        let said: String = (1..=100).map(|n| format!("{n}\n")).collect();
        let failure = told(&format!("---- long stdout ----\n{said}")).remove(0);
        let lines: Vec<&str> = failure.lines().collect();
        assert_eq!((lines[0], lines[19], lines[20], lines[40]), ("---- long stdout ----", "19", "(61 lines)", "100"));
        assert_eq!(lines.len(), LINES + 1);
    }

    #[test]
    fn of_what_is_no_libtest_the_end_is_said() {
        let said: String = (1..=100).map(|n| format!("{n}\n")).collect();
        assert!(told(&said).concat().starts_with("(60 lines)\n61\n"));
        assert_eq!(told("error: cannot link\n"), ["error: cannot link"]);
    }

    #[test]
    fn of_very_many_a_few_are_said() {
        let said: String = (1..=12).map(|n| format!("---- t{n} stdout ----\nno\n")).collect();
        assert_eq!(told(&said).len(), SHOWN + 1);
        assert_eq!(told(&said).last().map(String::as_str), Some("and 2 more"));
    }
}
