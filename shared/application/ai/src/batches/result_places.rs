//! Where a provider's files have the result of each line. The files are read once to know that, so that a line without a
//! result costs no search, and each result is then read once, in whatever order the provider wrote them.

use super::advance::TIME_FOR_A_FILE;
use super::file_lines::{FileLines, PlacedLine};
use super::records::ProviderRun;
use application_core::Error;
use ports::{BatchFileKey, FileError};
use std::ops::Range;
use std::time::Duration;

/// The longest line of a provider's results, in bytes: the record, and the longest completion.
const LONGEST_RESULT: usize = 4 * 1024 * 1024;
/// The most bytes that are read at once, unless one result is longer.
const MOST_AT_ONCE: u64 = 1024 * 1024;
/// The most bytes between two results that are read, and not needed, rather than begin another read.
const WIDEST_GAP: u64 = 128 * 1024;
/// The time that is left for the first part of the input when the places are known.
const TIME_FOR_A_PART: Duration = Duration::from_secs(120);

/// The place of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ResultPlace {
    /// The number of the file, from 0.
    file: usize,
    /// Where it begins in the file, and its length, in bytes.
    begin: u64,
    length: u64,
}

/// The places of the results of a batch.
pub(super) struct ResultPlaces {
    files: Vec<BatchFileKey>,
    /// By the place of the line in the input, from 0; at most 50,000.
    of_lines: Vec<Option<ResultPlace>>,
}

/// Results that lie beside each other and are read at once.
#[derive(Debug, PartialEq, Eq)]
struct ReadTogether {
    file: usize,
    bytes: Range<u64>,
    /// The line of each one, by its place in the input, and its place in the file.
    results: Vec<(usize, ResultPlace)>,
}

impl ResultPlaces {
    /// Reads the files of results that are there. `None` when the time does not suffice.
    pub(super) async fn find(run: &ProviderRun<'_>, outputs: &[String]) -> Result<Option<Self>, Error> {
        let lines = usize::try_from(run.open.state.lines).unwrap_or(usize::MAX);
        let mut places = Self { files: Vec::new(), of_lines: vec![None; lines] };
        let mut too_long = 0_u32;
        let had_time = run.context.time_left() >= TIME_FOR_A_FILE;
        let batch = run.open.key.id();
        for output in outputs {
            let file = run.place(output)?;
            let Some(size) = run.tools.files.size(&file).await? else {
                tracing::warn!(batch, "a job left no file of results");
                continue;
            };
            let number = places.files.len();
            let mut results = FileLines::new(run.tools, file.clone(), 0..size, LONGEST_RESULT);
            places.files.push(file);
            while let Some(found) = results.next().await? {
                for result in found {
                    too_long = too_long.saturating_add(u32::from(result.text.is_none()));
                    places.add(run, number, &result);
                }
                if run.context.time_left() < TIME_FOR_A_PART {
                    if had_time {
                        tracing::error!(
                            batch,
                            "the results of a provider can't be read in the time of a run"
                        );
                    }
                    return Ok(None);
                }
            }
        }
        if too_long > 0 {
            tracing::error!(batch, too_long, "results are too long; their lines have errors");
        }
        Ok(Some(places))
    }

    /// Notes the place of a result. The first one of a line counts.
    fn add(&mut self, run: &ProviderRun<'_>, file: usize, result: &PlacedLine) {
        let Some(text) = result.text.as_deref().filter(|text| !text.trim_ascii().is_empty()) else { return };
        let Ok(id) = run.provider.records.record_id(text) else {
            tracing::warn!(batch = run.open.key.id(), "a result of a provider names no record");
            return;
        };
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if let Some(place) = place_of(&id).and_then(|line| self.of_lines.get_mut(line)) {
            place.get_or_insert(ResultPlace { file, begin: result.begin, length });
        }
    }

    /// The length of the result of a line, in bytes; 0 without one.
    pub(super) fn length(&self, line: usize) -> u64 {
        self.of_lines.get(line).copied().flatten().map_or(0, |place| place.length)
    }

    /// Whether a line has a result.
    pub(super) fn has(&self, line: usize) -> bool {
        self.length(line) > 0
    }

    /// The results of these lines, some at a time.
    pub(super) fn of(&self, lines: Range<usize>) -> Reads<'_> {
        let places = lines.filter_map(|line| Some((line, self.of_lines.get(line).copied().flatten()?)));
        Reads { places: self, reads: together(places.collect()).into_iter() }
    }
}

/// Results that are still to be read.
pub(super) struct Reads<'a> {
    places: &'a ResultPlaces,
    reads: std::vec::IntoIter<ReadTogether>,
}

impl Reads<'_> {
    /// The next results, with the places of their lines in the input; `None` behind the last ones.
    pub(super) async fn next(
        &mut self,
        run: &ProviderRun<'_>,
    ) -> Result<Option<Vec<(usize, Vec<u8>)>>, FileError> {
        let Some(ReadTogether { file, bytes, results }) = self.reads.next() else { return Ok(None) };
        let shorter = || FileError("a file of results is shorter than before".into());
        let key = self.places.files.get(file).ok_or_else(shorter)?;
        let length = bytes.end.saturating_sub(bytes.start);
        let read = run.tools.files.read(key, bytes.start, length).await?;
        let text = |place: ResultPlace| {
            let begin = usize::try_from(place.begin.checked_sub(bytes.start)?).ok()?;
            let end = begin.checked_add(usize::try_from(place.length).ok()?)?;
            read.get(begin..end).map(<[u8]>::to_vec)
        };
        let found = results.into_iter().map(|(line, place)| Some((line, text(place)?)));
        found.collect::<Option<Vec<_>>>().ok_or_else(shorter).map(Some)
    }
}

/// Puts results together that lie beside each other.
fn together(mut results: Vec<(usize, ResultPlace)>) -> Vec<ReadTogether> {
    results.sort_unstable_by_key(|(_, place)| *place);
    let mut reads = Vec::<ReadTogether>::new();
    for (line, place) in results {
        let end = place.begin.saturating_add(place.length);
        match reads.last_mut() {
            Some(last)
                if last.file == place.file
                    && place.begin.saturating_sub(last.bytes.end) <= WIDEST_GAP
                    && end.saturating_sub(last.bytes.start) <= MOST_AT_ONCE =>
            {
                last.bytes.end = end;
                last.results.push((line, place));
            }
            _ => reads.push(ReadTogether {
                file: place.file,
                bytes: place.begin..end,
                results: vec![(line, place)],
            }),
        }
    }
    reads
}

/// The place of the line of a record, from 0.
fn place_of(record_id: &str) -> Option<usize> {
    let number: usize = record_id.strip_prefix('L')?.parse().ok()?;
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: usize, begin: u64, length: u64) -> ResultPlace {
        ResultPlace { file, begin, length }
    }

    fn ranges(places: Vec<ResultPlace>) -> Vec<(usize, Range<u64>)> {
        let reads = together(places.into_iter().enumerate().collect());
        reads.into_iter().map(|read| (read.file, read.bytes)).collect()
    }

    #[test]
    fn results_beside_each_other_are_read_at_once_in_any_order_of_lines() {
        assert_eq!(ranges(vec![place(0, 200, 50), place(0, 0, 99), place(0, 100, 99)]), [(0, 0..250)]);
    }

    #[test]
    fn results_far_apart_in_other_files_or_too_many_are_read_on_their_own() {
        assert_eq!(
            ranges(vec![place(0, 0, 100), place(0, 200_000, 100), place(1, 200_101, 100)]),
            [(0, 0..100), (0, 200_000..200_100), (1, 200_101..200_201)]
        );
        assert_eq!(
            ranges(vec![place(0, 0, 800_000), place(0, 800_001, 800_000), place(0, 1_600_002, 4_000_000)]),
            [(0, 0..800_000), (0, 800_001..1_600_001), (0, 1_600_002..5_600_002)]
        );
    }
}
