//! The ports of jobs: their files, and addresses from which results can be downloaded.

use super::{BoxFuture, FileError, FileParts};
use domain::Timestamp;
use domain::id::{JobId, OrganizationId};
use std::time::Duration;

/// The key of a file of a job. It can't be made without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobFileKey(String);

impl JobFileKey {
    /// A result, by its name.
    pub fn result(tenant: OrganizationId, id: &JobId, name: &str) -> Self {
        Self(format!("jobs/{tenant}/{id}/{name}"))
    }

    /// A part of a result, by the position at which it begins.
    pub fn part(tenant: OrganizationId, id: &JobId, begins: u64) -> Self {
        Self(format!("jobs/{tenant}/{id}/parts/{begins:020}"))
    }

    /// The name of the object.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads and writes the files of jobs.
pub trait JobFiles: Send + Sync {
    /// A whole file of a few megabytes.
    fn read<'a>(&'a self, key: &'a JobFileKey) -> BoxFuture<'a, Result<Vec<u8>, FileError>>;

    /// Writes a file of these parts, in place of an earlier one. It appears when all of it is written.
    fn write<'a>(&'a self, key: &'a JobFileKey, parts: FileParts<'a>)
    -> BoxFuture<'a, Result<(), FileError>>;
}

/// Signs downloads of results. It makes no call.
pub trait JobLinks: Send + Sync {
    /// An address from which the file can be downloaded without further authority, valid from `now` for the time
    /// `valid`. It must never be logged or stored.
    fn download<'a>(
        &'a self,
        key: &'a JobFileKey,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<String, FileError>>;
}
