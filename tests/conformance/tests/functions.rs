//! The folders under `functions/`.

use crate::contract::operations;
use crate::gaps::settle;
use crate::stacks::functions;
use crate::tree::{exists, function_folders, kebab, read, root};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of code of a `main.rs`, which only wires.
const LONGEST_MAIN: usize = 40;

#[test]
fn folders_are_whole_and_deployed() {
    let deployed = functions();
    let mut wrong = Vec::new();
    for (context, name) in function_folders() {
        let folder = format!("functions/{context}/{name}");
        for file in ["Cargo.toml", "src/lib.rs", "src/main.rs"] {
            if !exists(&format!("{folder}/{file}")) {
                wrong.push(format!("{folder} has no {file}"));
            }
        }
        if exists(&format!("{folder}/Cargo.toml"))
            && !read(&format!("{folder}/Cargo.toml")).contains(&format!("name = \"{name}\"\n"))
        {
            wrong.push(format!("{folder} is a package of another name"));
        }
        if !deployed.iter().any(|function| function.context == context && function.name == name) {
            wrong.push(format!("{folder} is in no stack"));
        }
    }
    settle("folders", wrong);
}

#[test]
fn main_only_wires() {
    let mut wrong = Vec::new();
    for (context, name) in function_folders() {
        let path = format!("functions/{context}/{name}/src/main.rs");
        if exists(&path) {
            let text = read(&path);
            let lines =
                text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//")).count();
            if lines > LONGEST_MAIN {
                wrong.push(format!("{path} has {lines} lines of code"));
            }
            // The unit tier builds no test binary for it.
            if text.contains("#[test]") || text.contains("#[cfg(test)]") {
                wrong.push(format!("{path} has tests, which nobody runs"));
            }
        }
    }
    settle("main", wrong);
}

/// The source files below a folder, without examples, tests and build scripts.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["examples", "tests", "testkit"].contains(&name) {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") && name != "build.rs" {
            found.push(path);
        }
    }
}

#[test]
fn settings_are_the_only_reader_of_the_environment() {
    let mut files = Vec::new();
    for folder in ["functions", "shared"] {
        sources(&root().join(folder), &mut files);
    }
    let reads = ["env::var", "env::vars", "env::var_os", "env::vars_os"];
    let readers = files.iter().filter(|file| {
        let text = fs::read_to_string(file).unwrap();
        reads.iter().any(|read| text.contains(&format!("{read}(")))
    });
    let readers: Vec<String> =
        readers.map(|file| file.strip_prefix(root()).unwrap().display().to_string()).collect();
    assert_eq!(readers, ["shared/edge/src/settings.rs"]);
}

/// Whether a function's `main.rs` answers in the form that its integration expects: the gateway can read only one form.
fn answers_as_taken(main: &str, streams: bool) -> bool {
    let (right, wrong) = ("edge::streaming::run(", "edge::http::run(");
    let (right, wrong) = if streams { (right, wrong) } else { (wrong, right) };
    main.contains(right) && !main.contains(wrong)
}

#[test]
fn functions_answer_in_the_way_their_integration_takes() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let path = format!("functions/{}/{}/src/main.rs", operation.tag, kebab(operation.id));
        if exists(&path) && !answers_as_taken(&read(&path), operation.streams()) {
            wrong.push(path);
        }
    }
    settle("entry points", wrong);

    let (whole, pieces) = ("fn main() { edge::http::run(", "fn main() { edge::streaming::run(");
    assert!(answers_as_taken(whole, false) && answers_as_taken(pieces, true));
    assert!(!answers_as_taken(whole, true) && !answers_as_taken(pieces, false));
}
