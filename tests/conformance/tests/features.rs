//! A dependency is compiled with the same features whether a build selects one function, all functions, or all tests.
//! Otherwise building one function after all of them compiles the AWS SDKs a second time, which takes minutes.
//! `shared/feature-set` names the features that a selection would miss.

use crate::tree::{function_folders, root};
use std::collections::BTreeMap;
use std::process::Command;

/// The features of each dependency in a build of these packages, by name and version.
fn features(selection: &[&str]) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}|{f}"])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    lines.map(|(package, features)| (package.to_owned(), features.to_owned())).collect()
}

#[test]
fn a_function_alone_compiles_its_dependencies_as_all_tests_do() {
    let all = features(&["--workspace", "--edges", "normal,dev,no-proc-macro"]);
    let mut differences = BTreeMap::new();
    for (_, function) in function_folders() {
        for (package, alone) in features(&["--package", &function, "--edges", "normal,no-proc-macro"]) {
            if all[&package] != alone {
                differences.insert(package.clone(), format!("{function}: {alone}; all: {}", all[&package]));
            }
        }
    }
    assert!(differences.is_empty(), "features that `shared/feature-set` should name: {differences:#?}");
}
