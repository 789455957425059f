//! What every program says of its process: which version it is, and the memory that it has.

use std::{fmt::Write as _, fs};

use crate::{build::VERSION, family::Family};

/// Said by every registry, of the process that it is in.
pub(crate) const FAMILIES: [Family; 2] = [BUILD, RESIDENT];

const BUILD: Family = Family {
    name: "outrigger_build_info",
    kind: "gauge",
    labels: &["version"],
    help: "1 for the version that runs.",
    buckets: &[],
};
/// As Prometheus's own clients call it.
const RESIDENT: Family = Family {
    name: "process_resident_memory_bytes",
    kind: "gauge",
    labels: &[],
    help: "Memory of the process, where the system tells: on Linux.",
    buckets: &[],
};

/// Both, as Prometheus reads them; without the second where the system does not tell.
pub(crate) fn page() -> String {
    let mut text = String::new();
    let mut family = |family: &Family, series: &str, value: u64| {
        let Family { name, kind, help, .. } = family;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{series} {value}");
    };
    family(&BUILD, &format!("{{version=\"{VERSION}\"}}"), 1);
    if let Some(bytes) = resident() {
        family(&RESIDENT, "", bytes);
    }
    text
}

/// Bytes of this process that are in memory.
fn resident() -> Option<u64> {
    resident_of(&fs::read_to_string("/proc/self/status").ok()?)
}

/// The kernel's `kB` are of 1,024 bytes.
fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        assert_eq!(resident_of("Name:\tx\nVmRSS:\t    5432 kB\nVmData:\t1 kB\n"), Some(5432 * 1024));
        assert_eq!(resident_of("Name:\tx\n"), None);
    }

    #[test]
    fn a_page_says_the_version_once() {
        let page = page();
        assert_eq!(page.matches(&format!("outrigger_build_info{{version=\"{VERSION}\"}} 1\n")).count(), 1, "{page}");
        assert!(!cfg!(target_os = "linux") || resident().is_some_and(|bytes| bytes > 1 << 20));
    }
}
