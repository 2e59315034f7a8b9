//! Each crate has one test binary. Every further one would link all dependencies again, which takes longer than the
//! tests, and would be built again with each change of a dependency.

use crate::arrows::packages;
use crate::gaps::settle;
use crate::tree::{exists, names, read};
use std::collections::BTreeSet;

/// Crates with more than one test binary. `logs` reads the output of `e2e`, so it must run after it.
const MORE_THAN_ONE: [(&str, usize); 1] = [("e2e-tests", 2)];

#[test]
fn each_crate_has_one_test_binary() {
    let mut wrong = Vec::new();
    for package in packages() {
        let known = MORE_THAN_ONE.iter().find(|(name, _)| *name == package.name);
        let most = known.map_or(1, |(_, number)| *number);
        if package.tests.len() > most {
            wrong.push(format!("{} has {}", package.name, package.tests.len()));
        }
    }
    settle("test binaries", wrong);
}

/// A file without a `mod` is not compiled, and its tests silently do not run.
#[test]
fn every_file_of_a_test_binary_is_compiled() {
    let mut wrong = Vec::new();
    for package in packages() {
        let folders: BTreeSet<&str> =
            package.tests.iter().map(|first| first.rsplit_once('/').unwrap().0).collect();
        for folder in folders {
            let firsts: Vec<&String> =
                package.tests.iter().filter(|first| first.starts_with(folder)).collect();
            let source: String = firsts.iter().map(|first| read(first)).collect();
            let further = names(folder).into_iter().filter(|name| {
                let path = format!("{folder}/{name}");
                !firsts.contains(&&path)
            });
            wrong.extend(forgotten(folder, &source, further.collect()));
        }
    }
    settle("forgotten tests", wrong);
}

/// The entries of a folder, at any depth, that neither `source` nor its modules name.
fn forgotten(folder: &str, source: &str, entries: Vec<String>) -> Vec<String> {
    let declares = |module: &str| {
        let visibilities = ["", "pub ", "pub(crate) ", "pub(super) "];
        let declared = |line: &str| visibilities.iter().any(|v| line == format!("{v}mod {module};"));
        source.lines().any(declared)
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = format!("{folder}/{entry}");
        if let Some(module) = entry.strip_suffix(".rs") {
            if !declares(module) {
                found.push(path);
            }
            continue;
        }
        // A folder is a module if it has a `mod.rs` or a file with its name next to it.
        let Some(file) =
            [format!("{path}/mod.rs"), format!("{path}.rs")].into_iter().find(|file| exists(file))
        else {
            continue;
        };
        if declares(&entry) {
            let inside = names(&path).into_iter().filter(|name| name != "mod.rs");
            found.extend(forgotten(&path, &read(&file), inside.collect()));
        } else if file.ends_with("/mod.rs") {
            found.push(file);
        }
    }
    found
}

#[test]
fn a_forgotten_file_is_found() {
    let entries = || ["leads.rs", "keys.rs"].map(str::to_owned).to_vec();
    assert_eq!(forgotten("tests/api/tests", "mod leads;\n", entries()), ["tests/api/tests/keys.rs"]);
    assert!(forgotten("tests/api/tests", "mod leads;\npub(crate) mod keys;\n", entries()).is_empty());
}
