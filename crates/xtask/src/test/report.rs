//! Each step as it ends, and the sum of all.

use std::time::Instant;

use anyhow::Result;

use super::{
    count::{Count, Counting},
    failures,
};
use crate::tools::Output;

#[derive(Default)]
pub(super) struct Report {
    total: Count,
    /// Each step that failed, and what of it.
    failed: Vec<(&'static str, Vec<String>)>,
}

impl Report {
    pub(super) fn step(&mut self, name: &'static str, counting: Counting, work: impl FnOnce() -> Result<Output>) {
        let start = Instant::now();
        let Output { text, ok } = work().unwrap_or_else(|error| Output { text: format!("{error:#}\n"), ok: false });
        let mut count = match counting {
            Counting::Step => Count { passed: ok.into(), ..Count::default() },
            Counting::Tests(read) | Counting::Deferred(read) => read(&text),
        };
        if let Counting::Deferred(_) = counting {
            self.total.ignored = self.total.ignored.saturating_sub(count.passed + count.failed);
        }
        if !ok && count.failed == 0 {
            count.failed = 1;
        }
        // A runner that says it is content without having run anything has not tested anything.
        if ok && count.passed == 0 {
            count.failed += 1;
        }
        let verdict = if count.failed == 0 { "ok  " } else { "FAIL" };
        let mut counted = String::new();
        if let Counting::Tests(_) | Counting::Deferred(_) = counting {
            counted = format!(": {} passed, {} failed, {} ignored", count.passed, count.failed, count.ignored);
        }
        println!("{verdict}  {name}{counted} ({:.1} s)", start.elapsed().as_secs_f64());
        if count.failed > 0 {
            for line in text.lines().filter(|line| !is_content(line)) {
                println!("      {line}");
            }
            self.failed.push((name, failures::told(&text)));
        } else {
            for line in text.lines().filter(|line| line.starts_with("WARN")) {
                println!("      {line}");
            }
        }
        self.total.passed += count.passed;
        self.total.failed += count.failed;
        self.total.ignored += count.ignored;
    }

    pub(super) fn finish(self) -> Result<()> {
        let Count { passed, failed, ignored } = self.total;
        println!();
        if ignored > 0 {
            println!("ignored: {ignored}");
        }
        for (step, failures) in &self.failed {
            println!("failed: {step}");
            for line in failures.iter().flat_map(|failure| failure.lines()) {
                println!("      {line}");
            }
        }
        println!("{passed} passed, {failed} failed");
        if failed > 0 {
            std::process::exit(1);
        }
        Ok(())
    }
}

/// What libtest prints of a test that has not failed.
fn is_content(line: &str) -> bool {
    line.starts_with("test ") && (line.ends_with(" ... ok") || line.contains(" ... ignored"))
}
