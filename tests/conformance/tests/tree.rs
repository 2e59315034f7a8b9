//! Finds and reads files of the repository.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file's text.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A JSON file.
pub(crate) fn read_json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether there is such a file.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).is_file()
}

/// Names in a folder, sorted; none when there is no such folder.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(folder))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

/// The functions that have a folder, as context and name.
pub(crate) fn function_folders() -> Vec<(String, String)> {
    names("functions")
        .into_iter()
        .flat_map(|context| {
            let functions = names(&format!("functions/{context}"));
            functions.into_iter().map(move |name| (context.clone(), name))
        })
        .collect()
}

/// `scoreLead` or `ScoreLead` as `score-lead`.
pub(crate) fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `score-lead` or `scoreLead` as `ScoreLead`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
