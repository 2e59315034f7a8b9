//! Files of the repository that tests compare with.

use serde_json::Value;
use std::path::PathBuf;

/// A file's text, by its path from the root of the repository.
pub fn read(path: &str) -> String {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", path].iter().collect();
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sample event of a function.
pub fn sample(context: &str, function: &str) -> Value {
    serde_json::from_str(&read(&format!("events/{context}/{function}.json"))).expect("a sample event is JSON")
}
