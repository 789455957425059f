//! What came of each check, as the step prints it.

use std::fmt::Write as _;

use anyhow::Result;

use crate::tools::Output;

/// Lines of a step, and how many of them are checks.
#[derive(Debug, Default)]
pub(crate) struct Told {
    text: String,
    passed: usize,
    failed: usize,
}

impl Told {
    /// So many checks at one time.
    pub(crate) fn checks(&mut self, what: &str, count: usize, result: Result<()>) {
        match result {
            Ok(()) => {
                self.passed += count;
                let _ = writeln!(self.text, "ok    {what}");
            }
            Err(why) => self.fail(what, &format!("{why:#}")),
        }
    }

    pub(crate) fn check(&mut self, what: &str, result: Result<()>) {
        self.checks(what, 1, result);
    }

    /// A line of a table; what is wrong with it, if anything is.
    pub(crate) fn line(&mut self, line: &str, wrong: Option<&str>) {
        match wrong {
            None => {
                self.passed += 1;
                let _ = writeln!(self.text, "{line}");
            }
            Some(why) => self.fail(line, why),
        }
    }

    /// What is no check.
    pub(crate) fn say(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn fail(&mut self, what: &str, why: &str) {
        self.failed += 1;
        let _ = writeln!(self.text, "FAIL  {what}");
        for line in why.lines() {
            let _ = writeln!(self.text, "        {line}");
        }
    }

    pub(crate) fn output(mut self) -> Output {
        let _ = writeln!(self.text, "{} passed, {} failed", self.passed, self.failed);
        Output { text: self.text, ok: self.failed == 0 }
    }
}
