//! The input file of a batch in OpenAI's format: each line is a request with an identifier of its own
//! (platform.openai.com/docs/api-reference/batch/request-input, read 2026-11-30). A check reads the file once and keeps
//! the identifiers. It reports the number and the fault of a line, never its text.

use super::json_lines::FileLine;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;

/// The most lines of a file, as OpenAI allows.
pub const MOST_LINES: u32 = 50_000;
/// The longest line, in bytes. Pictures in prompts are the reason for so much.
pub const LONGEST_LINE: usize = 1024 * 1024;
/// The most wrong lines that are reported.
pub const MOST_FAULTS: usize = 20;
/// The only endpoint whose requests a batch can have.
pub const ENDPOINT: &str = "/v1/chat/completions";

/// The most characters of a line's identifier.
const LONGEST_CUSTOM_ID: usize = 256;

/// The fault of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchLineProblem {
    /// The line is empty.
    Empty,
    /// It is longer than a mebibyte.
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It is not JSON.
    NotJson,
    /// It is JSON of another shape: a member is missing, unknown, repeated, or of another type.
    NotARequest,
    /// Its `custom_id` is empty, too long, or holds control characters.
    CustomId,
    /// An earlier line has the same `custom_id`.
    RepeatedCustomId,
    /// Its `method` is not `POST`.
    Method,
    /// Its `url` is not the endpoint of the batch.
    Url,
}

impl BatchLineProblem {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::NotARequest => "not_a_request",
            Self::CustomId => "custom_id",
            Self::RepeatedCustomId => "repeated_custom_id",
            Self::Method => "method",
            Self::Url => "url",
        }
    }
}

/// A wrong line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchLineFault {
    /// The number of the line, from 1.
    pub line: u32,
    /// The fault.
    pub reason: BatchLineProblem,
}

/// A valid line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchLine<'a> {
    /// The identifier by which the caller finds the result.
    #[serde(borrow)]
    pub custom_id: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    /// The body of the request, an object that nothing has checked yet.
    #[serde(borrow)]
    pub body: &'a RawValue,
}

impl<'a> BatchLine<'a> {
    /// Reads a line, without its line feed. A carriage return before the line feed is white space in JSON.
    pub fn read(line: FileLine<'a>) -> Result<Self, BatchLineProblem> {
        let FileLine::Whole(line) = line else { return Err(BatchLineProblem::TooLong) };
        let line = std::str::from_utf8(line).map_err(|_| BatchLineProblem::NotUtf8)?;
        let line = line.trim();
        if line.is_empty() {
            return Err(BatchLineProblem::Empty);
        }
        let read: Result<Self, serde_json::Error> = serde_json::from_str(line);
        let read = read.map_err(|error| {
            if error.is_data() { BatchLineProblem::NotARequest } else { BatchLineProblem::NotJson }
        })?;
        // serde would accept the items of an array as the members in their order.
        if !line.starts_with('{') || !read.body.get().starts_with('{') {
            return Err(BatchLineProblem::NotARequest);
        }
        let length = read.custom_id.chars().count();
        if !(1..=LONGEST_CUSTOM_ID).contains(&length) || read.custom_id.chars().any(char::is_control) {
            return Err(BatchLineProblem::CustomId);
        }
        if read.method != "POST" {
            return Err(BatchLineProblem::Method);
        }
        if read.url != ENDPOINT {
            return Err(BatchLineProblem::Url);
        }
        Ok(read)
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFileReport {
    /// The number of lines, valid and wrong.
    pub lines: u32,
    /// The first wrong lines, at most 20.
    pub faults: Vec<BatchLineFault>,
}

/// A check of the lines of one file.
#[derive(Default)]
pub struct BatchFileCheck {
    lines: u32,
    faults: Vec<BatchLineFault>,
    custom_ids: HashSet<String>,
}

impl BatchFileCheck {
    /// Checks the next line; `None` when it is wrong, or when the file has too many lines or faults to be used.
    pub fn line<'a>(&mut self, line: FileLine<'a>) -> Option<BatchLine<'a>> {
        self.lines = self.lines.saturating_add(1);
        if self.lines > MOST_LINES || self.faults.len() >= MOST_FAULTS {
            return None;
        }
        let read = BatchLine::read(line).and_then(|read| {
            let first = self.custom_ids.insert(read.custom_id.clone().into_owned());
            if first { Ok(read) } else { Err(BatchLineProblem::RepeatedCustomId) }
        });
        read.map_err(|reason| self.faults.push(BatchLineFault { line: self.lines, reason })).ok()
    }

    /// The result.
    pub fn finish(self) -> BatchFileReport {
        BatchFileReport { lines: self.lines, faults: self.faults }
    }
}
