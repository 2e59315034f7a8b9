//! Files at URLs, without a network: those that a test puts there. Every other host can't be reached.

use ports::{BoxFuture, RemoteFile, RemoteFileError, RemoteFileLimits, RemoteFiles};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Result<RemoteFile, RemoteFileError>>,
    fetches: Vec<(String, RemoteFileLimits)>,
    running: usize,
    most_running: usize,
}

/// The files of a test.
#[derive(Debug, Default)]
pub struct TestRemoteFiles(Mutex<State>);

impl TestRemoteFiles {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a file at a URL.
    pub fn put(&self, url: &str, file: impl Into<Vec<u8>>) {
        self.state().files.insert(url.to_owned(), Ok(RemoteFile(file.into())));
    }

    /// Makes the fetch of a URL fail.
    pub fn fail(&self, url: &str, error: RemoteFileError) {
        self.state().files.insert(url.to_owned(), Err(error));
    }

    /// The fetches so far, with their bounds.
    pub fn fetches(&self) -> Vec<(String, RemoteFileLimits)> {
        self.state().fetches.clone()
    }

    /// The most fetches that ran at the same time.
    pub fn most_running(&self) -> usize {
        self.state().most_running
    }
}

impl RemoteFiles for TestRemoteFiles {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        limits: RemoteFileLimits,
    ) -> BoxFuture<'a, Result<RemoteFile, RemoteFileError>> {
        Box::pin(async move {
            {
                let mut state = self.state();
                state.fetches.push((url.to_owned(), limits));
                state.running += 1;
                state.most_running = state.most_running.max(state.running);
            }
            tokio::task::yield_now().await;
            let mut state = self.state();
            state.running -= 1;
            state.files.get(url).cloned().unwrap_or(Err(RemoteFileError::Unreachable))
        })
    }
}
