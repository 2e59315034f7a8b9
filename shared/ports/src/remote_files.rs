//! Files at addresses that callers name. The addresses and the files are the tenant's: no error may repeat them.

use super::BoxFuture;
use std::fmt;
use std::time::Duration;

/// The bounds of a file that is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteFileLimits {
    /// The most bytes of the file.
    pub bytes: usize,
    /// The time for the whole of it: looking the host up, connecting, and reading the file.
    pub time: Duration,
}

/// The reason why a file was not fetched.
///
/// There is one variant for a host without a public address and for every failure before the host answered, because a
/// caller who could tell them apart would learn which machines of the deployment's own network exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteFileError {
    /// The URL does not have the form that is fetched. Nothing was looked up.
    #[error("the URL is not one that is fetched")]
    Url,
    /// The host has an address that is not public, can't be reached, has no trusted certificate, or answered too late.
    #[error("the file could not be fetched")]
    Unreachable,
    /// The host answered with a redirect.
    #[error("the host redirects")]
    Redirect,
    /// The host answered with another status than 200.
    #[error("the host does not give the file")]
    Status,
    /// The file is larger than the bound. No more than the bound was read.
    #[error("the file is too large")]
    TooLarge,
}

/// A file that was fetched. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteFile(pub Vec<u8>);

impl fmt::Debug for RemoteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteFile").field("bytes", &self.0.len()).finish()
    }
}

/// Fetches files from hosts on the internet.
pub trait RemoteFiles: Send + Sync {
    /// Fetches the file at this URL. It asks no host with an address that is not public, follows no redirect and sends
    /// no credentials.
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        limits: RemoteFileLimits,
    ) -> BoxFuture<'a, Result<RemoteFile, RemoteFileError>>;
}
