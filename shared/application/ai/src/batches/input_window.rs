//! The part of a batch's input for which results of a provider are taken, and recorded, at a time. A provider writes results
//! in any order, and each is read together with its line. So the lines of one part are held.

use super::advance::{BatchTools, OpenBatch};
use super::file_lines::{FileLines, bytes_of};
use super::result_places::ResultPlaces;
use ports::FileError;

/// The most lines of a part.
const MOST_LINES: usize = 500;
/// The bytes of lines from which on a part is complete, and the bytes of results. One more line or result is below
/// four megabytes.
const ENOUGH_INPUT: u64 = 8 * 1024 * 1024;
const ENOUGH_RESULTS: u64 = 32 * 1024 * 1024;

/// Lines of the input that follow each other, the first of those without a result.
pub(super) struct InputWindow {
    /// The place of the first one in the file, from 0.
    first: usize,
    lines: Vec<Vec<u8>>,
    /// Their length in the file, in bytes.
    bytes: u64,
}

impl InputWindow {
    /// The next lines of the input without a recorded result. The last piece of the file that was read is read again for
    /// the next part.
    pub(super) async fn next(
        tools: BatchTools<'_>,
        open: &OpenBatch,
        places: &ResultPlaces,
    ) -> Result<Self, FileError> {
        let first = usize::try_from(open.state.lines_done).unwrap_or(usize::MAX);
        let mut input = FileLines::without_results(tools, open);
        let mut window = Self { first, lines: Vec::new(), bytes: 0 };
        let mut results = 0_u64;
        'window: while let Some(more) = input.next_whole().await? {
            for line in more {
                if window.lines.len() >= MOST_LINES
                    || window.bytes >= ENOUGH_INPUT
                    || results >= ENOUGH_RESULTS
                {
                    break 'window;
                }
                results = results.saturating_add(places.length(window.end()));
                window.bytes = window.bytes.saturating_add(bytes_of(&line));
                window.lines.push(line);
            }
        }
        // The last line of a file may have no line end.
        let rest = open.state.input_file.bytes.saturating_sub(open.state.bytes_done);
        window.bytes = window.bytes.min(rest);
        if window.lines.is_empty() {
            return Err(FileError("the input file is shorter than before".into()));
        }
        Ok(window)
    }

    /// The places of its lines in the file.
    pub(super) fn places(&self) -> std::ops::Range<usize> {
        self.first..self.end()
    }

    /// The line at a place of the file, if it is one of these.
    pub(super) fn line(&self, place: usize) -> Option<&[u8]> {
        self.lines.get(place.checked_sub(self.first)?).map(Vec::as_slice)
    }

    /// Their length in the file, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn end(&self) -> usize {
        self.first.saturating_add(self.lines.len())
    }
}
