//! A published event schema never changes, because events of its version are in ledgers and readers rely on it.
//! `events/schemas/published.sha256` has the hash of each published file, in the format of `sha256sum`.

use super::schema_files;
use crate::tree::read;
use std::collections::BTreeMap;
use std::fmt::Write;

const LIST: &str = "events/schemas/published.sha256";

/// Hashes by file.
type Hashes = BTreeMap<String, String>;

fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn listed(list: &str) -> Hashes {
    let mut hashes = Hashes::new();
    for line in list.lines() {
        let (hash, file) = line.split_once("  ").unwrap_or_else(|| panic!("{LIST}: {line}"));
        assert_eq!(hashes.insert(file.to_owned(), hash.to_owned()), None, "{LIST} has {file} twice");
    }
    hashes
}

/// What is wrong with the files, each with the way out.
fn faults(listed: &Hashes, found: &Hashes) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, hash) in found {
        match listed.get(file) {
            Some(published) if published == hash => {}
            Some(_) => {
                faults.push(format!("{file} is published and was changed: restore it and add a new version"));
            }
            None => faults.push(format!("{file} is new: add the line `{hash}  {file}` to {LIST}")),
        }
    }
    let deleted = listed.keys().filter(|file| !found.contains_key(*file));
    faults.extend(deleted.map(|file| format!("{file} is published and was deleted: restore it")));
    faults
}

#[test]
fn published_schemas_do_not_change() {
    let files = schema_files().into_iter();
    let found = files.map(|file| (file.clone(), sha256(&read(&format!("events/schemas/{file}"))))).collect();
    assert_eq!(faults(&listed(&read(LIST)), &found), Vec::<String>::new());
}

#[test]
fn changed_new_and_deleted_schemas_are_told() {
    // The hash of `abc` is the first example of FIPS 180-2.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256("abc"), abc);
    let list = listed(&format!("{abc}  same.v1.json\n{abc}  changed.v1.json\n{abc}  deleted.v1.json\n"));
    let file = |name: &str, text: &str| (name.to_owned(), sha256(text));
    let found = [file("same.v1.json", "abc"), file("changed.v1.json", "abd"), file("new.v1.json", "abc")];
    assert_eq!(
        faults(&list, &found.into()),
        [
            "changed.v1.json is published and was changed: restore it and add a new version".to_owned(),
            format!(
                "new.v1.json is new: add the line `{abc}  new.v1.json` to events/schemas/published.sha256"
            ),
            "deleted.v1.json is published and was deleted: restore it".to_owned(),
        ]
    );
}
