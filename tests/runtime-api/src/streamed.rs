//! Streamed answers for API Gateway: status and headers as JSON, eight NUL bytes, and the body as it comes.

use serde_json::Value;
use std::time::Instant;

const DELIMITER: [u8; 8] = [0; 8];
/// The delimiter must be within this many bytes.
const LARGEST_PRELUDE: usize = 16 * 1024;

/// A piece of the body of a streamed answer, as the function sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The index of the event that it answers, from 0.
    pub request: usize,
    /// When it arrived.
    pub at: Instant,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The parts of a streamed answer beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// Status, headers and cookies, as the function wrote them.
    pub prelude: Value,
    /// The number of pieces in which the body arrived.
    pub pieces: usize,
}

/// Splits a streamed answer into prelude and body while it arrives.
#[derive(Default)]
pub(crate) struct Parser {
    before: Vec<u8>,
    prelude: Option<Value>,
    body: Vec<u8>,
    pieces: usize,
    malformed: bool,
}

impl Parser {
    /// The part of the chunk that belongs to the body.
    pub(crate) fn take(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        if self.malformed {
            return None;
        }
        if self.prelude.is_some() {
            return self.body(chunk);
        }
        self.before.extend(chunk);
        let Some(at) = self.before.windows(DELIMITER.len()).position(|window| window == DELIMITER) else {
            self.malformed = self.before.len() > LARGEST_PRELUDE;
            return None;
        };
        let after = self.before.split_off(at + DELIMITER.len());
        self.before.truncate(at);
        let prelude = serde_json::from_slice::<Value>(&self.before).ok().filter(is_prelude);
        self.malformed = prelude.is_none();
        self.prelude = prelude;
        self.body(&after)
    }

    fn body(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if bytes.is_empty() {
            return None;
        }
        self.body.extend(bytes);
        self.pieces += 1;
        Some(bytes.to_vec())
    }

    /// The whole answer; none when API Gateway could not read it.
    pub(crate) fn finish(self) -> Option<(Streamed, Vec<u8>)> {
        let prelude = self.prelude.filter(|_| !self.malformed)?;
        Some((Streamed { prelude, pieces: self.pieces }, self.body))
    }
}

fn is_prelude(prelude: &Value) -> bool {
    let status = prelude.get("statusCode").and_then(Value::as_u64);
    status.is_some_and(|status| (100..600).contains(&status))
        && prelude.get("headers").is_none_or(Value::is_object)
}
