//! The files of batches in memory. Reading or writing fails where a test says so.

use futures_util::StreamExt;
use ports::{BatchFileKey, BatchFiles, BoxFuture, FileError, FileParts};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    written: Vec<String>,
    reads: Vec<FileRead>,
    /// The reads at this moment, and the most of them since the last look.
    reading: usize,
    most_reading: usize,
    /// The bytes that were read and not written since the last look, and the most of them.
    held: u64,
    most_held: u64,
    /// The end of the names of files that can't be written.
    no_write: Option<String>,
}

/// A read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// The name of the file.
    pub name: String,
    /// The number of bytes.
    pub bytes: u64,
}

/// The most that was held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostHeld {
    /// Reads at the same time.
    pub reads: usize,
    /// Bytes that were read and were not yet a part of a file that is written.
    pub bytes: u64,
}

/// The files of a test.
#[derive(Debug, Default)]
pub struct TestBatchFiles(Mutex<State>);

impl TestBatchFiles {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a file.
    pub fn bring(&self, key: &BatchFileKey, file: impl Into<Vec<u8>>) {
        self.state().files.insert(key.as_str().to_owned(), file.into());
    }

    /// The text of a file; `None` when it is not there.
    pub fn text(&self, key: &BatchFileKey) -> Option<String> {
        let file = self.state().files.get(key.as_str()).cloned()?;
        Some(String::from_utf8(file).expect("the files of batches are text"))
    }

    /// The names of the files that were written, in order.
    pub fn written(&self) -> Vec<String> {
        self.state().written.clone()
    }

    /// The reads, in order.
    pub fn reads(&self) -> Vec<FileRead> {
        self.state().reads.clone()
    }

    /// The most that was held at once since the last look.
    pub fn most_held(&self) -> MostHeld {
        let mut state = self.state();
        let most = MostHeld { reads: state.most_reading, bytes: state.most_held };
        (state.most_reading, state.held, state.most_held) = (0, 0, 0);
        most
    }

    /// From now on no file can be written whose name contains this text; `None` ends that.
    pub fn refuse_writes(&self, name: Option<&str>) {
        self.state().no_write = name.map(str::to_owned);
    }
}

impl BatchFiles for TestBatchFiles {
    fn size<'a>(&'a self, key: &'a BatchFileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>> {
        Box::pin(async move { Ok(self.state().files.get(key.as_str()).map(|file| file.len() as u64)) })
    }

    fn read<'a>(
        &'a self,
        key: &'a BatchFileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            {
                let mut state = self.state();
                state.reading += 1;
                state.most_reading = state.most_reading.max(state.reading);
            }
            // Others may begin to read before this read ends.
            tokio::task::yield_now().await;
            let mut state = self.state();
            state.reading -= 1;
            let file = state.files.get(key.as_str()).ok_or(FileError("no such file".into()))?;
            let from = usize::try_from(offset).expect("small").min(file.len());
            let to = from.saturating_add(usize::try_from(length).expect("small")).min(file.len());
            let read = file[from..to].to_vec();
            let bytes = read.len() as u64;
            state.reads.push(FileRead { name: key.as_str().to_owned(), bytes });
            state.held += bytes;
            state.most_held = state.most_held.max(state.held);
            Ok(read)
        })
    }

    fn write<'a>(
        &'a self,
        key: &'a BatchFileKey,
        mut parts: FileParts<'a>,
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(async move {
            let mut file = Vec::new();
            while let Some(part) = parts.next().await {
                let part = part?;
                let mut state = self.state();
                state.held = state.held.saturating_sub(part.len() as u64);
                drop(state);
                file.extend(part);
            }
            let mut state = self.state();
            if state.no_write.as_ref().is_some_and(|name| key.as_str().contains(name)) {
                return Err(FileError("the file can't be written".into()));
            }
            state.files.insert(key.as_str().to_owned(), file);
            state.written.push(key.as_str().to_owned());
            Ok(())
        })
    }
}
