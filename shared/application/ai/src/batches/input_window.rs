//! The part of a batch's input for which results of a provider are taken at a time. A provider writes results in any
//! order, and each is read together with its line. So the lines of one part are held, and the results are read for it.

use super::file_lines::FileLines;
use ports::FileError;

/// The bytes of lines from which on a part is complete. The last piece of the file, and a line that began before it, may add
/// two megabytes.
const ENOUGH: usize = 8 * 1024 * 1024;

/// Lines of the input that follow each other.
pub(super) struct InputWindow {
    /// The place of the first one in the file, from 0.
    first: usize,
    lines: Vec<Vec<u8>>,
    /// Whether each of them has a result.
    has_result: Vec<bool>,
    /// The number of those without one.
    missing: usize,
}

impl InputWindow {
    /// The next lines of the input, of which the first is at the place `first`; `None` at its end.
    pub(super) async fn next(input: &mut FileLines<'_>, first: usize) -> Result<Option<Self>, FileError> {
        let (mut lines, mut bytes) = (Vec::<Vec<u8>>::new(), 0);
        while bytes < ENOUGH
            && let Some(more) = input.next_whole().await?
        {
            bytes += more.iter().map(Vec::len).sum::<usize>();
            lines.extend(more);
        }
        let missing = lines.len();
        let window = Self { first, lines, has_result: vec![false; missing], missing };
        Ok((missing > 0).then_some(window))
    }

    /// The place behind its last line.
    pub(super) fn end(&self) -> usize {
        self.first.saturating_add(self.lines.len())
    }

    /// Whether each of its lines has a result.
    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Marks the line at a place of the file as one with a result, and returns it; `None` when it has a result already, or
    /// is not one of these.
    pub(super) fn take(&mut self, place: usize) -> Option<&[u8]> {
        let own = place.checked_sub(self.first)?;
        let has_result = self.has_result.get_mut(own)?;
        if std::mem::replace(has_result, true) {
            return None;
        }
        self.missing = self.missing.saturating_sub(1);
        self.lines.get(own).map(Vec::as_slice)
    }

    /// The lines without a result.
    pub(super) fn without_result(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.lines.iter().zip(&self.has_result);
        lines.filter(|(_, has_result)| !**has_result).map(|(line, _)| line.as_slice())
    }
}
