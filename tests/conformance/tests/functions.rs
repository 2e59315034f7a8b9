//! The folders under `functions/`.

use crate::contract::operations;
use crate::gaps::settle;
use crate::stacks::functions;
use crate::tree::{exists, function_folders, kebab, read};

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
