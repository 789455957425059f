//! What is read of a folder, and what is not opened.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::{ffi::OsStrExt as _, fs::symlink, net::UnixListener},
    path::Path,
};

use outrigger_compile::Severity;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::{Contents, ENTRIES, LARGEST, MOST, TOGETHER};

/// A folder with one good route.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("good.yaml"), route("good", "m")).unwrap();
    dir
}

fn read(folder: &Path) -> Contents {
    Contents::read(folder, &no_env).unwrap()
}

/// The one problem that `folder` has next to its good route, of which nothing else may suffer.
fn the_problem(folder: &Path) -> String {
    let Contents { world, problems, files, .. } = read(folder);
    assert_eq!((told(&world).as_str(), files, problems.len()), ("good ?", 2, 1), "{problems:?}");
    assert_eq!((problems[0].severity, &problems[0].object), (Severity::Error, &None));
    problems[0].to_string()
}

/// What `deploy/examples/quickstart.yaml` says to run.
#[test]
fn a_file_in_place_of_a_folder_is_that_file_alone() {
    let dir = folder();
    fs::write(dir.path().join("other.yaml"), route("other", "m")).unwrap();
    let file = dir.path().join("good.yaml");
    let Contents { world, locations: _, problems, files } = read(&file);
    assert_eq!((told(&world).as_str(), problems, files), ("good", Vec::new(), 1));
    fs::write(&file, "kind: [").unwrap();
    let problem = read(&file).problems[0].to_string();
    assert!(problem.contains("good.yaml"), "{problem}");
}

#[test]
fn policy_is_yaml_and_json_that_is_not_hidden_in_subfolders_too() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("deep/er")).unwrap();
    fs::create_dir_all(at(".hidden")).unwrap();
    for name in ["deep/er/b.yml", ".hidden/x.yaml", ".y.yaml", "z.yaml~", "notes.txt"] {
        fs::write(at(name), route(&name[name.len() - 5..][..1].replace('/', "b"), "m")).unwrap();
    }
    let json = r#"{"apiVersion":"outrigger.dev/v1alpha1","kind":"ModelRoute","metadata":{"name":"c"},
        "spec":{"targets":[{"model":"m"}]}}"#;
    fs::write(at("c.json"), json).unwrap();
    let Contents { world, problems, files, .. } = read(dir.path());
    assert_eq!((told(&world).as_str(), problems, files), ("b c good", Vec::new(), 3));
}

#[test]
fn links_are_followed_as_mounted_volumes_need_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("..2026")).unwrap();
    fs::write(dir.path().join("..2026/a.yaml"), route("a", "m")).unwrap();
    symlink("..2026", dir.path().join("..data")).unwrap();
    symlink("..data/a.yaml", dir.path().join("a.yaml")).unwrap();
    assert_eq!(told(&read(dir.path()).world), "a");
    symlink("nowhere", dir.path().join("b.yaml")).unwrap();
    let Contents { world, problems, .. } = read(dir.path());
    assert_eq!(told(&world), "a ?");
    assert!(problems[0].to_string().starts_with("b.yaml:1:1: cannot be read: "), "{problems:?}");
}

#[test]
fn a_pipe_a_socket_and_a_device_are_named_and_never_opened() {
    let dir = folder();
    let odd = dir.path().join("odd.yaml");
    mknodat(CWD, &odd, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert_eq!(the_problem(dir.path()), "odd.yaml:1:1: is a named pipe and not a file: it is not opened");
    // Not even if it was a file when it was listed.
    assert_eq!(crate::file::read(&odd).unwrap_err(), "is a named pipe and not a file: it is not opened");
    fs::remove_file(&odd).unwrap();
    let _socket = UnixListener::bind(&odd).unwrap();
    assert_eq!(the_problem(dir.path()), "odd.yaml:1:1: is a socket and not a file: it is not opened");
    fs::remove_file(&odd).unwrap();
    symlink("/dev/zero", &odd).unwrap();
    assert_eq!(the_problem(dir.path()), "odd.yaml:1:1: is a device and not a file: it is not opened");
    fs::rename(&odd, dir.path().join("odd.txt")).unwrap();
    assert_eq!(told(&read(dir.path()).world), "good", "what does not look like policy is nobody's business");
}

#[test]
fn a_name_that_is_no_text_is_named() {
    let dir = folder();
    let name = OsStr::from_bytes(b"caf\xe9.yaml");
    if fs::write(dir.path().join(name), route("x", "m")).is_err() {
        return; // A file system that takes no such names.
    }
    assert_eq!(
        the_problem(dir.path()),
        "caf\u{fffd}.yaml:1:1: has a name that is not UTF-8 text and is not read: rename it"
    );
}

#[test]
fn a_file_that_is_too_large_or_no_text_is_named() {
    let dir = folder();
    let path = dir.path().join("x.yaml");
    // Of holes, so it takes no room.
    File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
    assert_eq!(the_problem(dir.path()), "x.yaml:1:1: is larger than 16 MiB and is not read: split it");
    fs::write(&path, b"kind: \xff").unwrap();
    assert_eq!(the_problem(dir.path()), "x.yaml:1:1: cannot be read: byte 6 is not UTF-8 text");
}

#[test]
fn a_folder_that_is_not_there_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Contents::read(&dir.path().join("none"), &no_env).is_err());
    assert_eq!(read(dir.path()).files, 0);
}

#[test]
fn what_kept_an_object_out_is_said_by_its_name_where_it_has_one() {
    let of = |text: &str| Contents::of(vec![("f.yaml".to_owned(), Ok(text.to_owned()))], &no_env);
    let broken = broken("a");
    let Contents { world, problems, .. } = of(&format!("{}{broken}", route("b", "m")));
    assert_eq!(told(&world), "a! b");
    assert_eq!(world.unreadable[0].reason, problems[0].message);
    assert!(!world.unreadable[0].reason.contains("f.yaml"), "{:?}", world.unreadable);
    assert_eq!(told(&of(&format!("{broken}{broken}")).world), "a!", "once");
    assert_eq!(told(&of(&format!("{}{}", route("a", "m"), route("a", "2"))).world), "a", "there twice is there");
    assert_eq!(told(&of(&format!("{}{broken}", route("a", "m"))).world), "a");
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: '%'}\n";
    assert_eq!(told(&of(&format!("{}{secret}", route("a", "m"))).world), "a ?");
    let config_map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {x: [1]}\n";
    assert_eq!(told(&of(&format!("{}{config_map}", route("a", "m"))).world), "a ?");
    let foreign = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    assert_eq!(told(&of(&format!("{}{foreign}", route("a", "m"))).world), "a", "of no interest");
}

/// H11: so many files, and not one more; what was there before goes on, since what is not read may be it.
#[test]
fn a_folder_has_a_bound_for_the_number_of_its_files() {
    let dir = folder();
    for at in 1..MOST {
        fs::write(dir.path().join(format!("z{at}.yaml")), "").unwrap();
    }
    assert!(read(dir.path()).problems.is_empty());
    fs::write(dir.path().join("one-more.yaml"), "").unwrap();
    let Contents { world, problems, .. } = read(dir.path());
    let said = problems[0].to_string();
    assert!(
        said.contains(&format!("holds {} files of policy, of which the first {MOST} are read", MOST + 1)),
        "{said}"
    );
    assert!(said.starts_with(&*dir.path().to_string_lossy()), "{said}");
    assert!(world.incomplete && told(&world).starts_with("good"), "{}", told(&world));
}

/// H11.
#[test]
fn a_folder_of_other_things_has_a_bound_too() {
    let dir = folder();
    for at in 0..ENTRIES {
        File::create(dir.path().join(format!("{at}.txt"))).unwrap();
    }
    let Contents { world, problems, .. } = read(dir.path());
    assert!(problems[0].to_string().contains(&format!("holds more than {ENTRIES} entries")), "{problems:?}");
    assert!(world.incomplete);
}

/// H11: what fits is read, whatever of it comes after what does not.
#[test]
fn the_files_of_a_folder_have_a_bound_together() {
    let dir = folder();
    let comment = |bytes: u64| format!("#{}", "x".repeat(usize::try_from(bytes).unwrap() - 1));
    for at in 0..TOGETHER / LARGEST {
        fs::write(dir.path().join(format!("a{at}.yaml")), comment(LARGEST - 200)).unwrap();
    }
    assert!(read(dir.path()).problems.is_empty());
    fs::write(dir.path().join("b.yaml"), comment(LARGEST)).unwrap();
    let Contents { world, problems, .. } = read(dir.path());
    assert!(problems[0].to_string().starts_with("b.yaml:1:1: is not read: with it the files"), "{problems:?}");
    assert!(problems[0].to_string().contains("32 MiB") && world.incomplete && told(&world).starts_with("good"));
}
