//! The results of lines that were asked together, as they are kept until all lines have one: the first line has the
//! sums, and each other one a result, after a letter that names its file.

use super::line_format::LineError;
use application_core::{Context, Error};
use domain::ai::batch::{BatchEnd, BatchProgress};
use domain::id::{AiRequestId, AiRequestTag};
use ports::FileError;
use serde::Serialize;
use serde_json::Value;

/// The file of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultFile {
    /// The file of lines with a completion.
    Output,
    /// The file of lines with an error.
    Errors,
}

impl ResultFile {
    /// The letter before each of its lines in a chunk.
    pub(super) const fn letter(self) -> u8 {
        match self {
            Self::Output => b'O',
            Self::Errors => b'E',
        }
    }
}

/// The result of a line, in OpenAI's format.
#[derive(Serialize)]
struct WrittenResult<'a> {
    id: String,
    custom_id: &'a str,
    /// Null for a line that was never finished.
    response: Option<WrittenResponse<'a>>,
    /// Null for a line with a response, whose body says what was wrong.
    error: Option<WrittenError>,
}

#[derive(Serialize)]
struct WrittenResponse<'a> {
    status_code: u16,
    request_id: String,
    body: &'a Value,
}

#[derive(Serialize)]
struct WrittenError {
    code: &'static str,
    message: &'static str,
}

impl WrittenError {
    /// Why a line was not finished.
    const fn of(end: BatchEnd) -> Self {
        match end {
            BatchEnd::Cancelled => Self {
                code: "batch_cancelled",
                message: "The batch was cancelled before this request was finished.",
            },
            BatchEnd::Expired | BatchEnd::Completed => Self {
                code: "batch_expired",
                message: "The completion window of the batch was over before this request was finished.",
            },
        }
    }
}

/// The result of one line.
pub(super) struct LineResult {
    pub(super) file: ResultFile,
    text: Vec<u8>,
}

impl LineResult {
    /// The result of a line with a completion.
    pub(super) fn completed(custom_id: &str, request_id: AiRequestId, body: &Value) -> Result<Self, Error> {
        Self::new(ResultFile::Output, custom_id, request_id, 200, body)
    }

    /// The result of a line with an error.
    pub(super) fn failed(context: &Context, custom_id: &str, error: &LineError) -> Result<Self, Error> {
        let request_id = context.new_id::<AiRequestTag>()?;
        Self::new(ResultFile::Errors, custom_id, request_id, error.status, &error.body)
    }

    fn new(
        file: ResultFile,
        custom_id: &str,
        request_id: AiRequestId,
        status_code: u16,
        body: &Value,
    ) -> Result<Self, Error> {
        let id = result_id(request_id);
        let response = WrittenResponse { status_code, request_id: request_id.to_string(), body };
        Self::written(file, &WrittenResult { id, custom_id, response: Some(response), error: None })
    }

    /// The result of a line that was not finished before its batch expired or was cancelled.
    pub(super) fn unfinished(context: &Context, custom_id: &str, end: BatchEnd) -> Result<Self, Error> {
        let id = result_id(context.new_id::<AiRequestTag>()?);
        let error = Some(WrittenError::of(end));
        Self::written(ResultFile::Errors, &WrittenResult { id, custom_id, response: None, error })
    }

    /// The bytes of the result.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    fn written(file: ResultFile, result: &WrittenResult<'_>) -> Result<Self, Error> {
        let text = serde_json::to_vec(result).map_err(|error| FileError(error.into()))?;
        Ok(Self { file, text })
    }
}

fn result_id(request_id: AiRequestId) -> String {
    request_id.to_string().replacen("aireq_", "batch_req_", 1)
}

/// Results of lines that follow each other, with their sums.
pub(super) struct ChunkResults {
    pub(super) progress: BatchProgress,
    results: Vec<LineResult>,
}

impl ChunkResults {
    /// The results, in the order of the lines. The numbers of completions and errors are counted here.
    pub(super) fn new(progress: BatchProgress, results: Vec<LineResult>) -> Self {
        let completed = results.iter().filter(|result| result.file == ResultFile::Output).count();
        let failed = results.len() - completed;
        let counted = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let progress = BatchProgress { completed: counted(completed), failed: counted(failed), ..progress };
        Self { progress, results }
    }

    /// The stored form.
    pub(super) fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut stored = serde_json::to_vec(&self.progress).map_err(|error| FileError(error.into()))?;
        stored.push(b'\n');
        for result in &self.results {
            stored.push(result.file.letter());
            stored.extend_from_slice(&result.text);
            stored.push(b'\n');
        }
        Ok(stored)
    }

    /// The sums in a stored form.
    pub(super) fn sums(stored: &[u8]) -> Result<BatchProgress, FileError> {
        let first = stored.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice(first).map_err(|error| FileError(error.into()))
    }
}
