//! Files saved in every way that people and programs save them, while somebody looks.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use super::*;
use crate::Source;

/// A provider, its key, a namespace and a route in one file.
fn policy(model: &str) -> String {
    format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: p}}\n\
         spec:\n  preset: openai\n  credentials:\n  - {{name: main, secretKeyRef: {{name: s, key: k}}}}\n\
         ---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{k: sk-test}}\n\
         ---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: n}}\n{}",
        route("r", model)
    )
}

/// Names of all that must never be missing.
const ALL: [&str; 4] = ["namespace/n", "p", "r", "secret/s"];

/// A folder with one file, and a clock that goes as it is told.
struct Folder {
    dir: tempfile::TempDir,
    source: Source,
    now: SystemTime,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("policy.yaml"), policy("m")).unwrap();
        let (source, first) = Source::open(dir.path(), no_env).unwrap();
        assert_eq!((said(&first).as_str(), first.problems.len()), ("namespace/n p r secret/s", 0));
        Self { dir, source, now: SystemTime::now() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("policy.yaml")
    }

    /// Looks after a while.
    fn look(&mut self, after: Duration) -> Option<Edit> {
        self.now += after;
        let edit = self.source.look(self.now);
        edit.iter().for_each(|edit| has_all(&edit.world));
        edit
    }

    /// Looks for two seconds; the last that was said.
    fn settle(&mut self) -> Option<String> {
        (0..8).filter_map(|_| self.look(crate::INTERVAL)).last().map(|edit| said(&edit))
    }
}

/// Each of the objects is in the world, or named in it.
fn has_all(world: &World) {
    let told = told(world);
    let has = |name: &str| told.split(' ').any(|word| word.split(['=', '!']).next() == Some(name));
    assert!(ALL.iter().all(|name| has(name)), "{told}");
}

/// The steps of one save, with a look after each.
fn save(file: &Path, how: usize, text: &str, look: &mut dyn FnMut()) {
    let put = |text: &str| fs::write(file, text).unwrap();
    match how % 4 {
        // Emptied, then filled in parts, cut wherever it may be.
        0 => {
            put("");
            look();
            put(&text[..how % text.len()]);
        }
        // Renamed out of the way, as some editors keep a copy.
        1 => {
            fs::rename(file, file.with_extension("yaml~")).unwrap();
            look();
            put("");
        }
        // Removed, then created.
        2 => fs::remove_file(file).unwrap(),
        // Renamed into place.
        _ => {
            let draft = file.with_extension("draft");
            fs::write(&draft, text).unwrap();
            look();
            fs::rename(&draft, file).unwrap();
            return look();
        }
    }
    look();
    put(text);
    look();
}

#[test]
fn two_hundred_saves_with_a_look_at_every_step_lose_nothing() {
    let mut folder = Folder::new();
    let file = folder.file();
    for how in 0..200 {
        let text = policy(&format!("m{how}"));
        // The cut is not at multiples of four only.
        save(&file, how * 7, &text, &mut || drop(folder.look(Duration::from_millis(50))));
        if how % 10 == 0 {
            folder.settle();
        }
    }
    folder.settle();
    fs::write(&file, policy("last")).unwrap();
    assert_eq!(folder.settle().as_deref(), Some("namespace/n p r=last secret/s"));
}

#[test]
fn two_hundred_saves_beside_somebody_who_looks_lose_nothing() {
    let mut folder = Folder::new();
    let (file, over) = (folder.file(), AtomicBool::new(false));
    let mut edits = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for how in 0..200 {
                save(&file, how * 7, &policy(&format!("m{how}")), &mut || thread::sleep(Duration::from_millis(1)));
            }
            over.store(true, Ordering::Release);
        });
        while !over.load(Ordering::Acquire) {
            if let Some(edit) = folder.source.look(SystemTime::now()) {
                has_all(&edit.world);
                edits += 1;
            }
        }
    });
    assert!(edits > 20, "{edits}");
    folder.now = SystemTime::now();
    folder.settle();
    assert_eq!(folder.source.look(folder.now).map(|edit| said(&edit)), None);
    fs::write(&file, policy("last")).unwrap();
    assert_eq!(folder.settle().as_deref(), Some("namespace/n p r=last secret/s"));
}

#[test]
fn a_file_that_stays_away_takes_its_objects_with_it_after_a_second() {
    let mut folder = Folder::new();
    let extra = folder.dir.path().join("extra.yaml");
    fs::write(&extra, route("extra", "m")).unwrap();
    assert_eq!(folder.settle().as_deref(), Some("extra namespace/n p r secret/s"));
    fs::remove_file(&extra).unwrap();
    let said: Vec<_> = (0..8).map(|_| folder.look(crate::INTERVAL).map(|edit| said(&edit))).collect();
    let (with, without) = ("extra namespace/n p r secret/s", "namespace/n p r secret/s");
    let expected = [Some(with), None, None, None, Some(without), None, None, None];
    assert_eq!(said.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
}

#[test]
fn a_folder_that_goes_or_is_emptied_is_said_once_and_goes_on_when_it_is_back() {
    let mut folder = Folder::new();
    let (path, aside) = (folder.dir.path().join("policy"), folder.dir.path().join(".aside"));
    fs::create_dir(&path).unwrap();
    fs::rename(folder.file(), path.join("policy.yaml")).unwrap();
    folder.source = Source::open(&path, no_env).unwrap().0;
    fs::rename(&path, &aside).unwrap();
    let stale: Vec<Edit> = (0..20).filter_map(|_| folder.look(crate::INTERVAL)).collect();
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert!(stale[0].stale.as_ref().unwrap().starts_with("the policy folder cannot be listed: "), "{stale:?}");
    fs::create_dir(&path).unwrap();
    let stale: Vec<Edit> = (0..20).filter_map(|_| folder.look(crate::INTERVAL)).collect();
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert!(stale[0].stale.as_ref().unwrap().starts_with("the policy folder holds no "), "{stale:?}");
    fs::write(path.join("policy.yaml"), policy("m")).unwrap();
    assert_eq!(folder.look(crate::INTERVAL).map(|edit| said(&edit)).as_deref(), Some("namespace/n p r secret/s"));
}

#[test]
fn a_key_that_goes_goes_as_an_object_does_and_one_that_changes_changes_at_once() {
    for (kind, field) in [("Secret", "stringData"), ("ConfigMap", "data")] {
        let mut folder = Folder::new();
        let keys = folder.dir.path().join("keys.yaml");
        let write = |data: &str| {
            fs::write(&keys, format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: more}}\n{field}: {data}\n"))
                .unwrap();
        };
        let values = |edit: Option<Edit>| {
            let world = edit.unwrap().world;
            let secret = world.secrets.iter().find(|it| it.metadata.name.as_deref() == Some("more"));
            let value = |key: &str| match secret {
                Some(secret) => secret.value(key).map(<[u8]>::to_vec),
                None => world.config_maps[0].value(key).map(<[u8]>::to_vec),
            };
            let text = |key: &str| value(key).map(|value| String::from_utf8(value).unwrap());
            (text("a"), text("b"))
        };
        write("{a: one, b: two}");
        assert_eq!(values(folder.look(crate::INTERVAL)), (Some("one".into()), Some("two".into())));
        write("{b: three}");
        assert_eq!(values(folder.look(crate::INTERVAL)), (Some("one".into()), Some("three".into())));
        let last = (0..8).filter_map(|_| folder.look(crate::INTERVAL)).last();
        assert_eq!(values(last), (None, Some("three".into())));
    }
}
