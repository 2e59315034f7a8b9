//! Checks an export of the audit log without the database: that no entry was edited, swapped or removed, and with
//! checkpoints, that its end was not cut off. Digests come in as a function, because this crate has no cryptography.

use super::{AuditRecord, NO_HASH, read_export_line, to_hex};
use crate::id::OrganizationId;
use std::collections::BTreeMap;

/// The SHA-256 of some bytes.
pub type Sha256<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

/// What is wrong with an export, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields hold")]
pub enum ExportFault {
    /// The line is not written by an export.
    #[error("line {line} is no line of an export")]
    NotALine { line: u64 },
    /// The bytes of the entry do not have its hash.
    #[error("line {line}: entry {sequence} was edited; its bytes do not have the hash that it names")]
    Edited { line: u64, sequence: u64 },
    /// The entry belongs to another organization than those before.
    #[error("line {line}: entry {sequence} belongs to another organization than the entries before")]
    Foreign { line: u64, sequence: u64 },
    /// Entries are missing before this one.
    #[error("line {line}: entries {first} to {last} were removed")]
    Removed { line: u64, first: u64, last: u64 },
    /// The entry does not come after the one before.
    #[error("line {line}: entry {sequence} follows entry {previous}; entries were swapped or repeated")]
    Swapped { line: u64, sequence: u64, previous: u64 },
    /// The entry names another hash for the entry before.
    #[error("line {line}: entry {sequence} does not follow the entry before; one of them was replaced")]
    Replaced { line: u64, sequence: u64 },
    /// A checkpoint counts more entries than the export has.
    #[error(
        "the end was cut off: the checkpoint of {at} has {count} entries, and the export ends with entry {last}"
    )]
    Cut { count: u64, last: u64, at: String },
    /// A checkpoint has another hash.
    #[error("entry {count} has another hash than the checkpoint of {at}; the log was written anew")]
    Rewritten { count: u64, at: String },
    /// A checkpoint belongs to another organization.
    #[error("the checkpoint of {at} belongs to another organization")]
    OtherCheckpoint { at: String },
}

/// A checked export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedExport {
    /// The organization; none for an empty export.
    pub organization: Option<OrganizationId>,
    /// The number of entries.
    pub entries: u64,
    /// The number of the last entry; 0 for an empty export.
    pub last: u64,
    /// The hash of each entry, by its number.
    pub hashes: BTreeMap<u64, String>,
}

/// The part of a checkpoint that an export is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointFacts {
    /// The organization.
    pub organization: OrganizationId,
    /// The number of entries.
    pub count: u64,
    /// The hash of the last one.
    pub head_hash: String,
    /// When it was signed.
    pub at: String,
}

/// Checks the lines of an export. Of an export with filters (`filtered`), only entries that follow each other can show
/// what lies between them.
///
/// # Errors
///
/// The first fault.
pub fn check_export<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    filtered: bool,
    sha256: Sha256<'_>,
) -> Result<CheckedExport, ExportFault> {
    let mut checked = CheckedExport::default();
    let mut previous_hash = NO_HASH.to_owned();
    for (line, text) in (1..).zip(lines) {
        let (hash, stored) = read_export_line(text).ok_or(ExportFault::NotALine { line })?;
        let record = AuditRecord::read(stored.as_bytes()).ok_or(ExportFault::NotALine { line })?;
        let sequence = record.sequence;
        let hashed = record.hashed_bytes(stored.as_bytes());
        if hashed.is_none_or(|bytes| to_hex(&sha256(&bytes)) != hash) {
            return Err(ExportFault::Edited { line, sequence });
        }
        if *checked.organization.get_or_insert(record.organization) != record.organization {
            return Err(ExportFault::Foreign { line, sequence });
        }
        let expected = checked.last + 1;
        if sequence < expected {
            return Err(ExportFault::Swapped { line, sequence, previous: checked.last });
        }
        if sequence > expected && !filtered {
            return Err(ExportFault::Removed { line, first: expected, last: sequence - 1 });
        }
        if sequence == expected && record.previous_hash != previous_hash {
            return Err(ExportFault::Replaced { line, sequence });
        }
        previous_hash = hash.to_owned();
        checked.hashes.insert(sequence, hash.to_owned());
        checked.entries += 1;
        checked.last = sequence;
    }
    Ok(checked)
}

/// Compares a checked export with a checkpoint that was signed before the export began.
///
/// # Errors
///
/// The difference.
pub fn compare_with_checkpoint(
    export: &CheckedExport,
    checkpoint: &CheckpointFacts,
) -> Result<(), ExportFault> {
    let CheckpointFacts { organization, count, head_hash, at } = checkpoint;
    let (count, at) = (*count, at.clone());
    if export.organization.is_some_and(|own| own != *organization) {
        return Err(ExportFault::OtherCheckpoint { at });
    }
    if count > export.last {
        return Err(ExportFault::Cut { count, last: export.last, at });
    }
    match export.hashes.get(&count) {
        Some(hash) if hash != head_hash => Err(ExportFault::Rewritten { count, at }),
        _ => Ok(()),
    }
}
