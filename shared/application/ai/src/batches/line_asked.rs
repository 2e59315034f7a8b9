//! Lines that were asked together, and how many of them have a result although models failed.

use super::results::LineResult;

/// A line that was asked.
pub(super) struct LineAsked {
    /// Its bytes in the file.
    pub(super) bytes: u64,
    pub(super) result: LineResult,
    pub(super) end: LineEnd,
}

/// How far a line came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// It was refused before a model was asked.
    Refused,
    /// Its models, or the tables, failed as in an outage.
    Unanswered,
    /// A model was asked, and its answer was judged.
    Answered,
}

/// The number of lines before those that an outage left unanswered. A line before one that was answered keeps its error:
/// its models, or those of others, were there, and an answer that was paid is not asked for again.
pub(super) fn answered(asked: &[LineAsked]) -> usize {
    let last = asked.iter().rposition(|line| line.end == LineEnd::Answered);
    let behind = last.map_or(0, |last| last + 1);
    let outage = asked.iter().skip(behind).position(|line| line.end == LineEnd::Unanswered);
    outage.map_or(asked.len(), |place| behind + place)
}
