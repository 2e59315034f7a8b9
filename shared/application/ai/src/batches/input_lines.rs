//! The lines of an input file without results, a few megabytes at a time.

use super::advance::{BatchTools, OpenBatch};
use application_core::Error;
use domain::ai::batch_file::LONGEST_LINE;
use domain::ai::json_lines::{FileLine, JsonLines};
use ports::{BatchFileKey, FileError};

/// The bytes of a file that are read at once.
const PIECE: u64 = 1024 * 1024;

/// Reads the lines behind those with results, of a batch whose results are those of its first lines.
pub(super) struct InputLines<'a> {
    tools: BatchTools<'a>,
    place: BatchFileKey,
    offset: u64,
    end: u64,
    /// `None` when the file was read to its end.
    split: Option<JsonLines>,
}

impl<'a> InputLines<'a> {
    pub(super) fn without_results(tools: BatchTools<'a>, batch: &OpenBatch) -> Self {
        let place = BatchFileKey::input(batch.key.tenant(), &batch.id);
        let (offset, end) = (batch.state.bytes_done, batch.state.input_file.bytes);
        Self { tools, place, offset, end, split: Some(JsonLines::new(LONGEST_LINE)) }
    }

    /// The lines that end within the next piece of the file, which may be none; `None` behind the last piece.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Some(mut split) = self.split.take() else { return Ok(None) };
        let mut lines = Vec::new();
        if self.offset >= self.end {
            split.finish(|line| lines.extend(whole(line)));
            return Ok(Some(lines));
        }
        let piece =
            self.tools.files.read(&self.place, self.offset, PIECE.min(self.end - self.offset)).await?;
        if piece.is_empty() {
            return Err(FileError("the input file is shorter than before".into()).into());
        }
        split.feed(&piece, |line| lines.extend(whole(line)));
        self.offset = self.offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.split = Some(split);
        Ok(Some(lines))
    }
}

/// The text of a line. Files with longer lines were refused.
pub(super) fn whole(line: FileLine<'_>) -> Option<Vec<u8>> {
    match line {
        FileLine::Whole(line) => Some(line.to_vec()),
        FileLine::TooLong => None,
    }
}

/// The bytes of a line in its file, with its end.
pub(super) fn bytes_of(line: &[u8]) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX).saturating_add(1)
}
