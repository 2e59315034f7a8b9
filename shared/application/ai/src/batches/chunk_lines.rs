//! The lines of the chunks of a batch for one of its files of results. Chunks follow each other by their numbers of lines,
//! which only they know: the beginnings of chunks are read one after the other, and some pieces of them are read ahead.

use super::advance::{BatchTools, OpenBatch};
use super::results::{ChunkResults, ResultFile};
use domain::ai::batch::BatchProgress;
use futures_util::future::try_join;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use ports::{BatchFileKey, FileError, FileParts};

/// The bytes of a chunk that are read at once.
const PIECE: u64 = 1024 * 1024;
/// The pieces that are read ahead and held for one file, four megabytes, however large chunks are.
const PIECES_AHEAD: usize = 4;
/// The bytes in which the sums of a chunk are looked for at first: those of some dozen models.
const SHORT_HEAD: u64 = 8 * 1024;
/// More bytes than the sums of a chunk have.
const LONG_HEAD: u64 = 1024 * 1024;

/// A piece of a chunk.
struct ChunkPiece {
    place: BatchFileKey,
    offset: u64,
    length: u64,
}

/// The lines for a file, in the order of the chunks.
pub(super) fn lines_for<'a>(tools: BatchTools<'a>, open: &'a OpenBatch, file: ResultFile) -> FileParts<'a> {
    let mut lines = LinesOfFile { file, begins_line: true, keeps: false };
    chunk_pieces(tools, open)
        .map_ok(move |ChunkPiece { place, offset, length }| async move {
            let piece = tools.files.read(&place, offset, length).await?;
            let is_whole = u64::try_from(piece.len()).is_ok_and(|read| read == length);
            if is_whole { Ok(piece) } else { Err(FileError("a chunk ends early".into())) }
        })
        .try_buffered(PIECES_AHEAD)
        .map_ok(move |piece| lines.of(&piece))
        .boxed()
}

/// The sums of a chunk, which are its first line.
pub(super) async fn sums_of(tools: BatchTools<'_>, place: &BatchFileKey) -> Result<BatchProgress, FileError> {
    let mut head = tools.files.read(place, 0, SHORT_HEAD).await?;
    if !head.contains(&b'\n') {
        head = tools.files.read(place, 0, LONG_HEAD).await?;
    }
    ChunkResults::sums(&head)
}

/// The pieces of all chunks.
fn chunk_pieces<'a>(
    tools: BatchTools<'a>,
    open: &'a OpenBatch,
) -> impl Stream<Item = Result<ChunkPiece, FileError>> + Send + 'a {
    let chunks = stream::try_unfold(0_u32, move |first| async move {
        if first >= open.state.lines_done {
            return Ok(None);
        }
        let place = BatchFileKey::chunk(open.key.tenant(), &open.id, first);
        let (size, sums) = try_join(tools.files.size(&place), sums_of(tools, &place)).await?;
        let size = size.ok_or(FileError("a chunk is missing".into()))?;
        // A chunk without a line would never end.
        let next = first.saturating_add(sums.lines.max(1));
        Ok(Some((pieces_of(place, size), next)))
    });
    chunks.try_flatten()
}

/// The pieces of one chunk.
fn pieces_of(place: BatchFileKey, size: u64) -> impl Stream<Item = Result<ChunkPiece, FileError>> + Send {
    let begins = (0..).map(|number: u64| number.saturating_mul(PIECE)).take_while(move |begin| *begin < size);
    stream::iter(begins.map(move |offset| {
        let length = PIECE.min(size.saturating_sub(offset));
        Ok(ChunkPiece { place: place.clone(), offset, length })
    }))
}

/// Takes the lines for a file out of the pieces of chunks. It holds no line.
struct LinesOfFile {
    file: ResultFile,
    /// Whether the next byte begins a line.
    begins_line: bool,
    /// Whether the line is one for the file.
    keeps: bool,
}

impl LinesOfFile {
    /// What the next piece has for the file. The sums begin with no letter of a file.
    fn of(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(piece.len());
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let mut text = part;
            if self.begins_line
                && let Some((letter, behind)) = part.split_first()
            {
                self.keeps = *letter == self.file.letter();
                text = behind;
            }
            if self.keeps {
                kept.extend_from_slice(text);
            }
            self.begins_line = part.ends_with(b"\n");
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_file_are_found_wherever_pieces_end() {
        let chunks = b"{\"lines\":3}\nO{\"OE\":1}\nE{\"O\":2}\nO{}\n{\"lines\":1}\nEend\n";
        for length in 1..=chunks.len() {
            let of = |file| {
                let mut lines = LinesOfFile { file, begins_line: true, keeps: false };
                chunks.chunks(length).flat_map(|piece| lines.of(piece)).collect::<Vec<u8>>()
            };
            assert_eq!(of(ResultFile::Output), b"{\"OE\":1}\n{}\n", "{length}");
            assert_eq!(of(ResultFile::Errors), b"{\"O\":2}\nend\n", "{length}");
        }
    }
}
