//! How much memory this process has, as the kernel counts it.

/// Resident, in bytes; `None` where the kernel does not say so.
pub fn resident() -> Option<u64> {
    of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_how_much() {
        assert_eq!(of("VmSize:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!((of("VmRSS: much"), of("")), (None, None));
        // A test alone has more than a MiB.
        assert!(resident().unwrap() > 1 << 20);
    }
}
