//! Carries a body from the work that makes it to its sender, and sums up the invocation afterwards. The work is driven
//! to its end in any case. A chunk must never be logged.

use super::Body;
use crate::guard::{GuardFailure, guarded};
use crate::http::exchange::Fields;
use crate::log::{self, InvocationResult, InvocationSummary, LogScope, chain, millis};
use crate::runtime::Chunks;
use crate::{Invocation, Problem};
use futures_util::StreamExt as _;
use ports::BoxFuture;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{timeout, timeout_at};

/// The time that is left for the work when a client takes nothing more: enough to record its cost.
const LAST_WORK: Duration = Duration::from_secs(2);
/// How long a client may leave the end of a failed body waiting. It is less than what is left between the deadline and the
/// time at which Lambda stops the function.
const FAILURE_END: Duration = Duration::from_millis(200);

/// An invocation whose answer is being sent.
pub(super) struct ChunkPump {
    pub(super) invocation: Invocation,
    pub(super) began: Instant,
    pub(super) status: u16,
    /// The cause, if the answer is a problem.
    pub(super) error: Option<String>,
    pub(super) fields: Fields,
    /// Sent after the last chunk of a body that fails.
    pub(super) failure_end: Vec<u8>,
}

/// How much of an answer was sent.
#[derive(Default)]
struct Progress {
    /// The way to the client; none when nothing more is sent.
    client: Option<Sender<Vec<u8>>>,
    /// The bytes handed to the Lambda runtime.
    bytes: u64,
    first_byte: Option<Duration>,
    /// Whether the client left, or took nothing for too long.
    client_gone: bool,
    failure: Option<Problem>,
}

impl ChunkPump {
    /// The chunks to send, and the work that makes them.
    pub(super) fn start(
        self,
        scope: LogScope,
        first: Option<Vec<u8>>,
        rest: Body,
    ) -> (Chunks, BoxFuture<'static, ()>) {
        // One chunk waits for the client while the next one is made.
        let (sender, chunks) = channel(1);
        let work = Box::pin(log::scoped(scope, self.run(sender, first, rest)));
        (Chunks(chunks), work)
    }

    async fn run(self, sender: Sender<Vec<u8>>, first: Option<Vec<u8>>, mut rest: Body) {
        let mut progress = Progress { client: Some(sender), ..Progress::default() };
        let carried = guarded(self.invocation.deadline, self.carry(first, &mut rest, &mut progress)).await;
        if carried.is_err() {
            self.end_failed(&mut progress).await;
        }
        self.sum_up(progress, carried.err());
    }

    async fn carry(&self, first: Option<Vec<u8>>, rest: &mut Body, progress: &mut Progress) {
        let patience = self.patience();
        let mut next = first.map(Ok);
        loop {
            match next {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => match &progress.client {
                    Some(sender) => {
                        let bytes = chunk.len() as u64;
                        if let Ok(Ok(())) = timeout_at(patience.into(), sender.send(chunk)).await {
                            progress.bytes += bytes;
                            progress.first_byte.get_or_insert_with(|| self.began.elapsed());
                        } else {
                            progress.client_gone = true;
                            progress.client = None;
                        }
                    }
                    // Nothing else would suspend work that never waits.
                    None => tokio::task::yield_now().await,
                },
                Some(Err(problem)) => {
                    progress.failure.get_or_insert(problem);
                    self.end_failed(progress).await;
                    tokio::task::yield_now().await;
                }
                None => {}
            }
            next = match rest.next().await {
                None => return,
                some => some,
            };
        }
    }

    /// Ends the body for the client, who reads that it failed.
    async fn end_failed(&self, progress: &mut Progress) {
        let Some(client) = progress.client.take().filter(|_| !self.failure_end.is_empty()) else { return };
        if let Ok(Ok(())) = timeout(FAILURE_END, client.send(self.failure_end.clone())).await {
            progress.bytes += self.failure_end.len() as u64;
        }
    }

    /// The time until which a client may leave a chunk waiting.
    fn patience(&self) -> Instant {
        let deadline = self.invocation.deadline;
        let kept = LAST_WORK.min(self.invocation.time_left() / 4);
        deadline.checked_sub(kept).unwrap_or(deadline)
    }

    fn sum_up(mut self, progress: Progress, broken: Option<GuardFailure>) {
        // A failure of the service takes precedence over a client that left before it.
        let failure = progress.failure.or_else(|| broken.map(Problem::from));
        let cut_by = match (&failure, progress.client_gone) {
            (Some(_), _) => Some("failure"),
            (None, true) => Some("client"),
            (None, false) => None,
        };
        let mut verdict = InvocationResult::Status(self.status);
        if let Some(problem) = failure {
            verdict = InvocationResult::CutShort(self.status);
            self.fields.push(("code", problem.kind().code.into()));
            self.error = problem.source().map(|source| chain(source.as_ref())).or(self.error);
        }
        if let Some(first_byte) = progress.first_byte {
            self.fields.push(("first_byte_ms", millis(first_byte).into()));
        }
        self.fields.push(("bytes", progress.bytes.into()));
        self.fields.push(("cut_short", cut_by.is_some().into()));
        if let Some(cut_by) = cut_by {
            self.fields.push(("cut_by", cut_by.into()));
        }
        InvocationSummary {
            invocation: &self.invocation,
            verdict,
            duration: self.began.elapsed(),
            error: self.error,
            fields: self.fields,
        }
        .write();
    }
}
