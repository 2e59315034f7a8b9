#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{SignedCheckpoint, check, compare, read_checkpoints, read_key};
use std::path::{Path, PathBuf};

/// Written and signed by an implementation of its own (Python and OpenSSL). The first entry has the first format.
const EXPORT: &str = include_str!("golden/export.jsonl");
const PUBLIC_KEY: &str = include_str!("golden/public-key.pem");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/verify_audit/golden/checkpoints")
}

fn checkpoints() -> Vec<SignedCheckpoint> {
    read_checkpoints(&folder()).unwrap()
}

fn key() -> Vec<u8> {
    read_key(PUBLIC_KEY).unwrap()
}

fn lines() -> Vec<&'static str> {
    EXPORT.lines().collect()
}

fn fault(lines: &[&str]) -> String {
    let checked = match check(&lines.join("\n"), false) {
        Ok(checked) => checked,
        Err(fault) => return fault.to_string(),
    };
    compare(&checked, &checkpoints(), Some(&key())).map_or_else(|fault| fault.to_string(), |()| String::new())
}

#[test]
fn an_untouched_export_is_intact() {
    assert_eq!(fault(&lines()), "");
    let checked = check(EXPORT, false).unwrap();
    assert_eq!((checked.entries, checked.last), (5, 5));
}

#[test]
fn an_edit_shows_in_every_byte() {
    for (number, line) in lines().into_iter().enumerate() {
        for place in 0..line.len() {
            let mut edited = line.as_bytes().to_vec();
            edited[place] = if edited[place] == b'7' { b'8' } else { b'7' };
            let Ok(edited) = String::from_utf8(edited) else { continue };
            let mut all = lines();
            all[number] = &edited;
            // The details of the first format are empty and were not hashed; everything else is.
            assert_ne!(fault(&all), "", "line {number}, byte {place}: {edited}");
        }
    }
    let edited = EXPORT.replace("Contoso Logistics", "Contoso Logistic5");
    let fault = check(&edited, false).unwrap_err().to_string();
    assert!(fault.starts_with("line 2: entry 2 was edited"), "{fault}");
}

#[test]
fn a_swap_shows() {
    let mut swapped = lines();
    swapped.swap(2, 3);
    assert_eq!(fault(&swapped), "line 3: entries 3 to 3 were removed");
    let mut repeated = lines();
    repeated.insert(3, repeated[1]);
    assert_eq!(fault(&repeated), "line 4: entry 2 follows entry 3; entries were swapped or repeated");
}

#[test]
fn a_removal_shows() {
    for removed in 0..4 {
        let mut cut = lines();
        cut.remove(removed);
        let (line, number) = (removed + 1, removed + 1);
        assert_eq!(fault(&cut), format!("line {line}: entries {number} to {number} were removed"));
    }
    // With filters this can't show.
    let mut cut = lines();
    cut.remove(2);
    assert_eq!(check(&cut.join("\n"), true).unwrap().entries, 4);
}

#[test]
fn a_cut_end_shows_by_a_checkpoint() {
    let cut = &lines()[..4];
    assert!(check(&cut.join("\n"), false).is_ok());
    let fault = fault(cut);
    assert!(fault.contains("the end was cut off"), "{fault}");
    assert!(fault.contains("has 5 entries, and the export ends with entry 4"), "{fault}");
    assert!(self::fault(&[]).contains("the export ends with entry 0"));
}

#[test]
fn a_log_that_was_written_anew_shows_by_a_checkpoint() {
    let checked = check(EXPORT, false).unwrap();
    let mut others = checkpoints();
    others[0].checkpoint.head_hash = "7".repeat(64);
    let fault = compare(&checked, &others, None).unwrap_err().to_string();
    assert!(fault.contains("entry 3 has another hash than the checkpoint"), "{fault}");
}

#[test]
fn a_forged_or_missing_checkpoint_shows() {
    let checked = check(EXPORT, false).unwrap();
    let mut forged = checkpoints();
    forged[1].signed = forged[1].signed.replace("15:00", "16:00");
    let fault = compare(&checked, &forged, Some(&key())).unwrap_err().to_string();
    assert!(fault.ends_with("the signature is wrong"), "{fault}");
    let mut other = checkpoints();
    other[0].signed.push(' ');
    let fault = compare(&checked, &other, None).unwrap_err().to_string();
    assert!(fault.contains("a checkpoint between them is missing"), "{fault}");
    assert!(read_key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").is_err());
}
