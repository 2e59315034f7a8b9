//! Failures of a command, with a hint about what to do.

use std::path::PathBuf;

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields hold")]
pub enum Error {
    /// A program is not installed.
    #[error("{program} can't be started. {hint}")]
    Missing { program: String, hint: &'static str, source: std::io::Error },
    /// A program ended with an error.
    #[error("{what} failed ({status}). {hint}")]
    Failed { what: String, status: String, hint: String },
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// A file does not have the expected content.
    #[error("{0}")]
    Content(String),
    /// A local server did not start.
    #[error("{what} did not answer within {seconds} s; its log is {log}")]
    NotUp { what: &'static str, seconds: u64, log: PathBuf },
    /// An HTTP call failed.
    #[error("{what}: {source}")]
    Http { what: String, source: Box<ureq::Error> },
    /// An HTTP answer is not the expected one.
    #[error("{what}: {problem}")]
    Answer { what: String, problem: String },
}

/// The same error with the path that it is about.
pub fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::File { path, source }
}
