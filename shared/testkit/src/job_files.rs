//! The files of jobs in memory. Writing fails where a test says so.

use futures_util::StreamExt;
use ports::{BoxFuture, FileError, FileParts, JobFileKey, JobFiles};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    written: Vec<String>,
    no_write: Option<String>,
}

/// The files of a test.
#[derive(Debug, Default)]
pub struct TestJobFiles(Mutex<State>);

impl TestJobFiles {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text of a file; `None` when it is not there.
    pub fn text(&self, key: &JobFileKey) -> Option<String> {
        let file = self.state().files.get(key.as_str()).cloned()?;
        Some(String::from_utf8(file).expect("the files of jobs are text"))
    }

    /// The names of the files that were written, in order.
    pub fn written(&self) -> Vec<String> {
        self.state().written.clone()
    }

    /// From now on no file can be written whose name contains this text; `None` ends that.
    pub fn refuse_writes(&self, name: Option<&str>) {
        self.state().no_write = name.map(str::to_owned);
    }
}

impl JobFiles for TestJobFiles {
    fn read<'a>(&'a self, key: &'a JobFileKey) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            self.state().files.get(key.as_str()).cloned().ok_or(FileError("no such file".into()))
        })
    }

    fn write<'a>(
        &'a self,
        key: &'a JobFileKey,
        mut parts: FileParts<'a>,
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(async move {
            let mut file = Vec::new();
            while let Some(part) = parts.next().await {
                file.extend(part?);
            }
            let mut state = self.state();
            if state.no_write.as_ref().is_some_and(|name| key.as_str().contains(name)) {
                return Err(FileError("the file can't be written".into()));
            }
            state.written.push(key.as_str().to_owned());
            state.files.insert(key.as_str().to_owned(), file);
            Ok(())
        })
    }
}
