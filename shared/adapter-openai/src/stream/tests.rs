//! Streams that break off. A stream that is cut at any byte ends with an error, unless it was cut after the chunk with
//! the finish reason: then everything has arrived except perhaps the counts. A body may break off or end at the cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::read;
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::Response;
use hyper::body::{Bytes, Frame};
use ports::{Delta, MappedNames, ModelError};
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// A stream by its name.
macro_rules! recorded {
    ($name:literal) => {
        ($name, include_str!(concat!("../../tests/fixtures/", $name, ".sse")))
    };
}

const STREAMS: [(&str, &str); 14] = [
    recorded!("stream-text"),
    recorded!("stream-tools"),
    recorded!("stream-structured"),
    recorded!("stream-refusal"),
    recorded!("azure-stream-tools"),
    recorded!("vllm-stream-reasoning-tools"),
    recorded!("ollama-stream"),
    recorded!("ollama-stream-tools"),
    recorded!("ollama-stream-without-usage"),
    recorded!("llama-cpp-stream"),
    recorded!("mistral-stream-reasoning"),
    recorded!("groq-stream"),
    recorded!("openrouter-stream"),
    recorded!("moonshot-stream-tools"),
];

/// The way in which a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    /// Like a whole one.
    Clean,
    /// With an error of the connection.
    Reset,
}

/// Everything that a body of these pieces says.
async fn told<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    end: BodyEnd,
) -> Vec<Result<Delta, ModelError>> {
    let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))));
    let reset = (end == BodyEnd::Reset).then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset)));
    let frames: Vec<io::Result<Frame<Bytes>>> = frames.chain(reset).collect();
    let body = StreamBody::new(stream::iter(frames));
    let until = Instant::now() + Duration::from_secs(10);
    read(Response::new(body), MappedNames::default(), until).collect().await
}

/// The parts of the whole stream.
async fn whole(name: &str, wire: &[u8]) -> Vec<Delta> {
    let parts: Vec<Delta> = told([wire], BodyEnd::Clean).await.into_iter().map(Result::unwrap).collect();
    assert!(parts.len() > 1 && matches!(parts.last(), Some(Delta::End { .. })), "{name}: {parts:?}");
    parts
}

/// The number of bytes until the chunk with the finish reason has arrived.
fn finished_at(name: &str, wire: &str) -> usize {
    let reason = wire.match_indices("\"finish_reason\":\"").next().expect(name).0;
    reason + wire[reason..].find("\n\n").expect(name) + 2
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_byte_ends_with_an_error_or_has_everything() {
    for (name, wire) in STREAMS {
        let whole = whole(name, wire.as_bytes()).await;
        let Some((Delta::End { stop, usage }, content)) = whole.split_last() else { panic!("{name}") };
        let finished = finished_at(name, wire);
        for cut in 0..wire.len() {
            for end in [BodyEnd::Clean, BodyEnd::Reset] {
                let mut parts = told([&wire.as_bytes()[..cut]], end).await;
                let last = parts.pop().expect("an end");
                let parts: Vec<Delta> = parts.into_iter().map(Result::unwrap).collect();
                assert!(content.starts_with(&parts), "{name} at {cut}, {end:?}: {parts:?}");
                match last {
                    Err(ModelError::Lost(_)) => assert!(cut < finished, "{name} at {cut}, {end:?}"),
                    Ok(Delta::End { stop: told, usage: counted }) => {
                        assert!(cut >= finished, "{name} at {cut}, {end:?} looks whole");
                        assert_eq!((parts.as_slice(), told), (content, *stop), "{name} at {cut}, {end:?}");
                        assert!(counted.is_none() || counted == *usage, "{name} at {cut}, {end:?}");
                    }
                    other => panic!("{name} at {cut}, {end:?}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_stream_says_the_same_in_whatever_pieces_it_arrives() {
    let mut random: u64 = 7;
    for (name, wire) in STREAMS {
        let wire = wire.as_bytes();
        let whole = whole(name, wire).await;
        let single: Vec<&[u8]> = wire.chunks(1).collect();
        let mut splits = vec![single];
        for _ in 0..50 {
            let (mut pieces, mut rest) = (Vec::new(), wire);
            while !rest.is_empty() {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let size = 1 + usize::try_from(random >> 33).unwrap() % 300;
                let (piece, after) = rest.split_at(size.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            splits.push(pieces);
        }
        for pieces in splits {
            let parts: Vec<Delta> =
                told(pieces, BodyEnd::Clean).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(parts, whole, "{name}");
        }
    }
}

/// Nothing that follows the end is passed on, and no part comes twice.
#[tokio::test]
async fn a_stream_that_is_sent_twice_over_one_connection_is_one_answer() {
    for (name, wire) in STREAMS {
        let whole = whole(name, wire.as_bytes()).await;
        let twice = told([wire.as_bytes(), wire.as_bytes()], BodyEnd::Clean).await;
        assert_eq!(twice.into_iter().map(Result::unwrap).collect::<Vec<_>>(), whole, "{name}");
    }
}
