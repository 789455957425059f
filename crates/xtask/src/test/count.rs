//! How many tests a step ran, by what its runner printed.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
}

/// How to count a step.
#[derive(Clone, Copy)]
pub(super) enum Counting {
    /// The step is one check.
    Step,
    /// By these words in its output.
    Tests(fn(&str) -> Count),
    /// The same; an earlier step has counted them as ignored.
    Deferred(fn(&str) -> Count),
}

/// Sums lines like `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
pub(super) fn rust_tests(text: &str) -> Count {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("test result: "));
    lines.fold(Count::default(), |sum, line| {
        let number = |word: &str| {
            let part = line.split([';', '.']).find_map(|part| part.trim().strip_suffix(word));
            part.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or_default()
        };
        Count {
            passed: sum.passed + number("passed"),
            failed: sum.failed + number("failed"),
            ignored: sum.ignored + number("ignored"),
        }
    })
}

/// The last line like `12 passed, 0 failed`.
pub(super) fn plain_total(text: &str) -> Count {
    let read = |line: &str| {
        let (passed, failed) = line.trim().split_once(" passed, ")?;
        let failed = failed.strip_suffix(" failed")?;
        Some(Count { passed: passed.parse().ok()?, failed: failed.parse().ok()?, ignored: 0 })
    };
    text.lines().rev().find_map(read).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_summed() {
        let text = "running 4 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s\n";
        assert_eq!(rust_tests(text), Count { passed: 23, failed: 2, ignored: 1 });
        assert_eq!(rust_tests("error: could not compile"), Count::default());
    }

    #[test]
    fn the_last_plain_total_counts() {
        assert_eq!(
            plain_total("1 passed, 1 failed\nx\n12 passed, 3 failed\n"),
            Count { passed: 12, failed: 3, ignored: 0 }
        );
        assert_eq!(plain_total("passed, failed"), Count::default());
    }
}
