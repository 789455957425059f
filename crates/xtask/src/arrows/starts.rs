//! Who starts programs: the command line, which calls kubectl, and the chores. What follows policy starts none.

use std::{fs, path::Path};

use crate::tools;

/// Crates whose folders may have code that starts programs.
const MAY: [&str; 5] = ["bench", "budget", "chores", "cli", "xtask"];

/// Whether text of Rust names the type by which programs are started.
fn starts(text: &str) -> bool {
    text.split("process::").skip(1).any(|rest| match rest.strip_prefix('{') {
        Some(list) => {
            list.split('}').next().is_some_and(|list| list.split([',', ' ', '\n']).any(|word| word == "Command"))
        }
        None => rest.starts_with("Command"),
    })
}

fn found(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found(&path, names);
        } else if name.ends_with(".rs") && starts(&fs::read_to_string(&path).unwrap()) {
            names.push(path.display().to_string());
        }
    }
}

/// Z5: no sidecar and no control plane has code that could start a program, whatever a policy says.
#[test]
fn what_follows_policy_starts_no_program() {
    let mut names = Vec::new();
    let mut looked = 0;
    for entry in fs::read_dir(tools::root().join("crates")).unwrap() {
        let entry = entry.unwrap();
        let source = entry.path().join("src");
        if source.is_dir() && !MAY.contains(&&*entry.file_name().to_string_lossy()) {
            found(&source, &mut names);
            looked += 1;
        }
    }
    assert!(looked > 15, "{looked}");
    assert_eq!(names, Vec::<String>::new());
}

#[test]
fn a_program_that_is_started_is_seen() {
    for text in [
        "use std::process::Command;",
        "tokio::process::Command::new(x)",
        "use std::process::{\n    Child, Command,\n};",
    ] {
        assert!(starts(text), "{text}");
    }
    for text in
        ["std::process::exit(1)", "use clap::Command;", "use std::process::{ExitCode, Stdio};\nCommand::new(\"x\")"]
    {
        assert!(!starts(text), "{text}");
    }
}
