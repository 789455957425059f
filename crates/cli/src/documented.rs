//! Every command of ours in the documents is one that this program takes.

use std::{fs, path::Path};

use crate::plugin;

/// Lines of blocks of code that call us, without what follows them in a pipe or a file.
fn commands(page: &str) -> Vec<String> {
    let (mut within, mut lines) = (false, Vec::new());
    let joined = page.replace("\\\n", " ");
    for line in joined.lines().map(str::trim) {
        if line.starts_with("```") {
            within = !within;
        } else if within {
            let ours = line.split(" | ").map(|part| part.split(" > ").next().unwrap_or(part).trim());
            let ours = ours.filter(|part| part.starts_with("outrigger ") || part.starts_with("kubectl outrigger "));
            lines.extend(ours.map(|part| part.split(" #").next().unwrap_or(part).trim().to_owned()));
        }
    }
    lines
}

/// As a shell takes them apart.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote, mut word) = (Vec::new(), None, String::new());
    for letter in line.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None if letter == ' ' => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn pages(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = ["target", ".git", "node_modules"].iter().any(|it| name == *it);
        if path.is_dir() && !skipped {
            pages(&path, found);
        } else if path.extension().is_some_and(|it| it == "md") {
            found.push(path);
        }
    }
}

/// Whoever copies a command from a page gets an answer, and not what is wrong with it.
#[test]
fn every_command_of_the_documents_is_taken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in ["docs", "charts", "deploy"] {
        pages(&root.join(folder), &mut found);
    }
    found.extend(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    let (mut taken, mut refused) = (0, Vec::new());
    for page in found {
        for line in commands(&fs::read_to_string(&page).unwrap()) {
            let command = line.strip_prefix("kubectl ").unwrap_or(&line);
            match plugin::parse(words(command).into_iter().map(Into::into)) {
                Ok(_) => taken += 1,
                Err(error) if !error.use_stderr() => taken += 1,
                Err(error) => refused.push(format!("{}: {line}\n{error}", page.display())),
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(taken > 30, "only {taken} commands were found");
}

#[test]
fn a_page_is_taken_apart_as_a_shell_would() {
    let page = "outrigger no\n```\ncat a | outrigger usage import - # all\noutrigger usage \\\n  --where 'a=b c' > file\n```\n";
    let commands = commands(page);
    assert_eq!(commands[0], "outrigger usage import -");
    assert_eq!(words(&commands[1]), ["outrigger", "usage", "--where", "a=b c"]);
}
