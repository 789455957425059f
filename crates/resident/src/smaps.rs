//! Reads `/proc/PID/smaps` (proc_pid_smaps(5)).

use std::ops::Range;

/// The private mappings of files that cannot be written and hold nothing that was.
pub(crate) fn unwritten(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(range) = mapping(line) {
            current = Some(range);
        } else if line.strip_prefix("Anonymous:").is_some_and(|rest| rest.trim() == "0 kB") {
            found.extend(current.take().flatten());
        }
    }
    found
}

/// The first line of a mapping: its range, where it is a file's, private and not writable. `None` for other lines.
fn mapping(line: &str) -> Option<Option<Range<usize>>> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    let permissions = fields.next()?;
    let path = fields.nth(3).unwrap_or_default();
    Some((matches!(permissions, "r--p" | "r-xp") && path.starts_with('/')).then_some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
1000-5000 r--p 00000000 fe:00 5310984                    /usr/bin/outrigger
Size:                 16 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
5000-9000 r-xp 00004000 fe:00 5310984                    /usr/bin/outrigger
Anonymous:             0 kB
9000-a000 r--p 00008000 fe:00 5310984                    /usr/bin/outrigger
Anonymous:             4 kB
a000-b000 rw-p 00009000 fe:00 5310984                    /usr/bin/outrigger
Anonymous:             0 kB
b000-c000 rw-p 00000000 00:00 0                          [heap]
Anonymous:             0 kB
c000-d000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
d000-e000 r--s 00000000 fe:00 12                         /var/shared
Anonymous:             0 kB
7f0000000000-7f0000002000 r-xp 00026000 fe:00 326269     /usr/lib/libc.so.6
Anonymous:             0 kB
";

    #[test]
    fn only_what_is_the_files_alone_is_found() {
        assert_eq!(unwritten(SMAPS), [0x1000..0x5000, 0x5000..0x9000, 0x7f00_0000_0000..0x7f00_0000_2000]);
        assert_eq!(unwritten(""), []);
        assert_eq!(unwritten("7f-\nAnonymous: 0 kB"), []);
    }
}
