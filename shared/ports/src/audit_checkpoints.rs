//! The ports of checkpoints of the audit log: which logs have grown, what was signed last, the key, and the files.

use super::{BoxFuture, FileError, KeyError, StoreError};
use domain::id::OrganizationId;

/// The partitions over which the organizations whose logs have grown are spread.
pub const CHECKPOINT_SHARDS: u32 = 16;

/// A checkpoint as it is stored before its file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The number of entries.
    pub count: u64,
    /// SHA-256 of the signed bytes, in hexadecimal digits.
    pub hash: String,
    /// The bytes of the file, with the signature.
    pub file: Vec<u8>,
    /// Whether the file was written.
    pub is_written: bool,
}

/// A log and its last checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// The number of entries.
    pub count: u64,
    /// The hash of the last one.
    pub head_hash: Vec<u8>,
    /// The last checkpoint; none before the first one.
    pub last: Option<StoredCheckpoint>,
}

/// Keeps track of what has to be signed and what was.
pub trait AuditCheckpoints: Send + Sync {
    /// At most `limit` organizations of one shard whose logs have grown since their last checkpoint, after one of them.
    fn grown(
        &self,
        shard: u32,
        after: Option<OrganizationId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<OrganizationId>, StoreError>>;
    /// The log of an organization and its last checkpoint.
    fn log_state(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<LogState, StoreError>>;
    /// Stores a checkpoint in place of `last`, before its file is written; false when another run was faster.
    fn store<'a>(
        &'a self,
        tenant: OrganizationId,
        last: Option<&'a StoredCheckpoint>,
        checkpoint: &'a StoredCheckpoint,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
    /// Records that the file of the checkpoint with this number of entries was written. The organization is not listed
    /// any more, unless its log has grown meanwhile.
    fn written(&self, tenant: OrganizationId, count: u64) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Signs checkpoints with a key that never leaves its service.
pub trait CheckpointSigner: Send + Sync {
    /// The signature of these bytes, base64: ECDSA on P-256 with SHA-256, in ASN.1.
    fn sign<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<String, KeyError>>;
}

/// Writes the files of checkpoints to a place where nobody can change or delete them.
pub trait CheckpointFiles: Send + Sync {
    /// Writes the file of an organization's checkpoint. Writing the same bytes again harms nothing.
    fn write<'a>(
        &'a self,
        tenant: OrganizationId,
        count: u64,
        file: &'a [u8],
    ) -> BoxFuture<'a, Result<(), FileError>>;
}
