//! A checkpoint: how many entries the audit log of an organization has, and the hash of the last one, signed and kept where
//! nobody can change it. With it a log that was cut off or written anew shows.

use super::CheckpointFacts;
use crate::Timestamp;
use crate::id::OrganizationId;
use serde::{Deserialize, Serialize};

const BEFORE_SIGNATURE: &str = "{\"signature\":\"";
const BEFORE_CHECKPOINT: &str = "\",\"checkpoint\":";
const AFTER_CHECKPOINT: &str = "}";

/// A checkpoint. The order of the fields is that of the signed bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCheckpoint {
    /// The format of the signed bytes: 1.
    pub format: u8,
    /// The organization.
    pub organization: OrganizationId,
    /// The number of entries.
    pub count: u64,
    /// The hash of the last one, in hexadecimal digits.
    pub head_hash: String,
    /// When it was made.
    pub at: Timestamp,
    /// SHA-256 of the signed bytes of the checkpoint before, in hexadecimal digits; of the first one zeros.
    pub previous_checkpoint_hash: String,
}

impl AuditCheckpoint {
    /// The signed bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Checkpoints are plain structs of strings and numbers, which serde_json always can write.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The part that an export is compared with.
    pub fn facts(&self) -> CheckpointFacts {
        CheckpointFacts {
            organization: self.organization,
            count: self.count,
            head_hash: self.head_hash.clone(),
            at: self.at.to_string(),
        }
    }
}

/// The file of a checkpoint, with its signature in base64.
pub fn checkpoint_file(signature: &str, signed: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(signed.len() + signature.len() + 40);
    for part in [BEFORE_SIGNATURE, signature, BEFORE_CHECKPOINT] {
        file.extend_from_slice(part.as_bytes());
    }
    file.extend_from_slice(signed);
    file.extend_from_slice(AFTER_CHECKPOINT.as_bytes());
    file
}

/// The signature in base64, the signed bytes and the checkpoint of a file; `None` for another file.
pub fn read_checkpoint_file(file: &str) -> Option<(&str, &str, AuditCheckpoint)> {
    let (signature, rest) = file.trim_end().strip_prefix(BEFORE_SIGNATURE)?.split_once('"')?;
    let signed = rest.strip_prefix(BEFORE_CHECKPOINT.get(1..)?)?.strip_suffix(AFTER_CHECKPOINT)?;
    Some((signature, signed, serde_json::from_str(signed).ok()?))
}
