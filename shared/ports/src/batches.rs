//! The ports of batches: the files of requests and results, and the signed requests that upload and download them.

use super::{BoxFuture, FileError, Upload};
use domain::Timestamp;
use domain::ai::batch::BatchFile;
use domain::id::{BatchId, OrganizationId};
use futures_util::stream::BoxStream;
use std::time::Duration;

/// The key of a file of a batch. It can't be made without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchFileKey(String);

impl BatchFileKey {
    /// The uploaded requests.
    pub fn input(tenant: OrganizationId, id: &BatchId) -> Self {
        Self::of(tenant, id, "input.jsonl")
    }

    /// The results of the lines that were asked together, of which `first` were done before.
    pub fn chunk(tenant: OrganizationId, id: &BatchId, first: u32) -> Self {
        Self::of(tenant, id, &format!("chunks/{first:08}"))
    }

    /// The results of all lines with a completion.
    pub fn output(tenant: OrganizationId, id: &BatchId) -> Self {
        Self::of(tenant, id, "output.jsonl")
    }

    /// The results of all lines with an error.
    pub fn errors(tenant: OrganizationId, id: &BatchId) -> Self {
        Self::of(tenant, id, "errors.jsonl")
    }

    /// The records for a provider that runs the batch.
    pub fn records(tenant: OrganizationId, id: &BatchId) -> Self {
        Self::of(tenant, id, "provider/records.jsonl")
    }

    /// The beginning of the keys of a provider's results.
    pub fn provider_results(tenant: OrganizationId, id: &BatchId) -> Self {
        Self::of(tenant, id, "provider/results/")
    }

    /// A result of a provider; `None` for a key that is not among the batch's own.
    pub fn provider_result(tenant: OrganizationId, id: &BatchId, key: &str) -> Option<Self> {
        key.starts_with(Self::provider_results(tenant, id).as_str()).then(|| Self(key.to_owned()))
    }

    fn of(tenant: OrganizationId, id: &BatchId, name: &str) -> Self {
        Self(format!("batches/{tenant}/{id}/{name}"))
    }

    /// The name of the object.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Signs uploads and downloads of the files of batches. It makes no call.
pub trait BatchLinks: Send + Sync {
    /// A request that uploads exactly this file, valid from `now` for the time `valid`.
    fn upload<'a>(
        &'a self,
        key: &'a BatchFileKey,
        file: &'a BatchFile,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>>;

    /// An address from which the file can be downloaded without further authority, valid from `now` for the time
    /// `valid`. It must never be logged.
    fn download<'a>(
        &'a self,
        key: &'a BatchFileKey,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<String, FileError>>;
}

/// The parts of a file in their order.
pub type FileParts<'a> = BoxStream<'a, Result<Vec<u8>, FileError>>;

/// Reads and writes the files of batches.
pub trait BatchFiles: Send + Sync {
    /// The size of a file in bytes; `None` when it is not there.
    fn size<'a>(&'a self, key: &'a BatchFileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>>;

    /// `length` bytes of a file from `offset`; fewer at its end.
    fn read<'a>(
        &'a self,
        key: &'a BatchFileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>>;

    /// Writes a file of these parts, in place of an earlier one. It appears when all of it is written, and holds no more
    /// than a few megabytes of it at once.
    fn write<'a>(
        &'a self,
        key: &'a BatchFileKey,
        parts: FileParts<'a>,
    ) -> BoxFuture<'a, Result<(), FileError>>;
}
