//! Why a command failed, and what to do about it.

use std::path::PathBuf;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is not installed.
    #[error("{program} can't be started. {hint}")]
    Missing {
        /// Which.
        program: String,
        /// What to do.
        hint: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A program ended with an error.
    #[error("{what} failed ({status}). {hint}")]
    Failed {
        /// What was being done.
        what: String,
        /// How it ended.
        status: String,
        /// What to do.
        hint: String,
    },
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{0}")]
    Content(String),
    /// A server of ours did not start.
    #[error("{what} did not answer within {seconds} s; its log is {log}")]
    NotUp {
        /// Which.
        what: &'static str,
        /// How long we waited.
        seconds: u64,
        /// Where it says why.
        log: PathBuf,
    },
    /// An HTTP call failed.
    #[error("{what}: {source}")]
    Http {
        /// What was being done.
        what: String,
        /// Why not.
        source: Box<ureq::Error>,
    },
    /// An HTTP answer is not what it should be.
    #[error("{what}: {problem}")]
    Answer {
        /// What was being done.
        what: String,
        /// What is wrong.
        problem: String,
    },
}

/// The same error with the path it is about.
pub fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::File { path, source }
}
