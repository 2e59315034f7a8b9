//! The lines of a file of a batch, a megabyte at a time.

use super::advance::{BatchTools, OpenBatch};
use domain::ai::batch_file::LONGEST_LINE;
use domain::ai::json_lines::{FileLine, JsonLines};
use ports::{BatchFileKey, FileError};
use std::ops::Range;

/// The bytes of a file that are read at once.
const PIECE: u64 = 1024 * 1024;

/// Reads a file, or its end, line by line. Held are a piece of the file, its lines, and the beginning of one more line.
pub(super) struct FileLines<'a> {
    tools: BatchTools<'a>,
    place: BatchFileKey,
    /// The bytes that were not read yet.
    rest: Range<u64>,
    /// Where the next line begins.
    line_begin: u64,
    /// `None` when the file was read to its end.
    split: Option<JsonLines>,
}

/// A line of a file.
pub(super) struct PlacedLine {
    /// Where it begins in the file.
    pub(super) begin: u64,
    /// `None` when it is longer than allowed.
    pub(super) text: Option<Vec<u8>>,
}

impl<'a> FileLines<'a> {
    /// The lines in these bytes of a file, of at most `longest` bytes each. A line begins at the first byte.
    pub(super) fn new(tools: BatchTools<'a>, place: BatchFileKey, bytes: Range<u64>, longest: usize) -> Self {
        let line_begin = bytes.start;
        Self { tools, place, rest: bytes, line_begin, split: Some(JsonLines::new(longest)) }
    }

    /// The lines of the input behind those with results, of a batch whose results are those of its first lines.
    pub(super) fn without_results(tools: BatchTools<'a>, batch: &OpenBatch) -> Self {
        let place = BatchFileKey::input(batch.key.tenant(), &batch.id);
        let bytes = batch.state.bytes_done..batch.state.input_file.bytes;
        Self::new(tools, place, bytes, LONGEST_LINE)
    }

    /// The lines that end within the next piece of the file, which may be none; `None` behind the last piece.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<PlacedLine>>, FileError> {
        let Some(mut split) = self.split.take() else { return Ok(None) };
        let (mut lines, mut begin) = (Vec::new(), self.line_begin);
        if self.rest.is_empty() {
            split.finish(|line| lines.push(PlacedLine { begin, text: whole(line) }));
            self.line_begin = self.rest.end;
            return Ok(Some(lines));
        }
        let offset = self.rest.start;
        let piece = self
            .tools
            .files
            .read(&self.place, offset, PIECE.min(self.rest.end.saturating_sub(offset)))
            .await?;
        if piece.is_empty() {
            return Err(FileError("a file of a batch is shorter than before".into()));
        }
        let feeds = (offset..).zip(&piece).filter(|(_, byte)| **byte == b'\n');
        let mut begins = feeds.map(|(place, _)| place.saturating_add(1));
        split.feed(&piece, |line| {
            lines.push(PlacedLine { begin, text: whole(line) });
            begin = begins.next().unwrap_or(begin);
        });
        self.line_begin = begin;
        self.rest.start = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.split = Some(split);
        Ok(Some(lines))
    }

    /// As [`Self::next`], without lines that are too long: a file of requests with such a line was refused.
    pub(super) async fn next_whole(&mut self) -> Result<Option<Vec<Vec<u8>>>, FileError> {
        let lines = self.next().await?;
        Ok(lines.map(|lines| lines.into_iter().filter_map(|line| line.text).collect()))
    }
}

/// The text of a line; `None` when it is too long.
fn whole(line: FileLine<'_>) -> Option<Vec<u8>> {
    match line {
        FileLine::Whole(line) => Some(line.to_vec()),
        FileLine::TooLong => None,
    }
}

/// The bytes of a line in its file, with its end.
pub(super) fn bytes_of(line: &[u8]) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX).saturating_add(1)
}
