//! Asks the next lines of a batch, a few at a time, while the organization uses less than half of its limit of requests
//! to models. Requests of people and programs therefore never wait for a batch.

use super::advance::{BatchStep, BatchTools, ClaimedStep, OpenBatch, claim, record};
use super::chunk_lines::sums_of;
use super::file_lines::{FileLines, bytes_of};
use super::line_asked::{LineAsked, LineEnd, answered};
use super::line_format::LineError;
use super::money;
use super::prepaid::{CountedBefore, PrepaidMoney, PrepaidUsage};
use super::question::read_line;
use super::quiet_capacity::{give_back, takes_quiet_capacity};
use super::results::{ChunkResults, LineResult};
use crate::ask::{GatewayRequest, Requester};
use crate::completion::complete;
use crate::gateway::AiGateway;
use application_core::command::retry_on_conflict;
use application_core::{Context, Error};
use domain::ai::batch::{self, BatchProgress};
use domain::ai::batch_file::BatchLine;
use domain::ai::json_lines::FileLine;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use ports::{BatchFileKey, BoxFuture, FileError, RequestMoney, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The most lines of a chunk, which is asked, written and recorded at once.
const MOST_LINES: usize = 100;
/// The most bytes of a chunk, beside its first line.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// The lines that are asked at the same time.
const AT_ONCE: usize = 8;
/// The time of one line, with the pauses before it is asked again.
const TIME_FOR_A_LINE: Duration = Duration::from_secs(90);
/// The time in which lines of a chunk are begun.
const TIME_TO_BEGIN: Duration = Duration::from_secs(60);
/// The most times that a line is asked while its models fail, and the pause in between where they name none.
const MOST_TRIES: u32 = 3;
const USUAL_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The pauses of a chunk in which it waits for quiet capacity, and the most of them: together the time to begin lines.
const WAIT_FOR_CAPACITY: Duration = Duration::from_secs(1);
const MOST_WAITS: u32 = 60;
/// The time after which the first line is asked again that no model answered.
const PAUSE_IN_OUTAGE: Duration = Duration::from_secs(300);
/// The last seconds of a batch, in which a line whose models fail has an error. Before them it is asked again later.
const LAST_TRIES: i64 = 3600;

/// The text for a line for which the batch has no money left.
const OVER_BOUND: &str = "The answer had to be asked for again, and that would have cost more than was set aside for \
                          the batch. Send the request again.";

/// Asks the next lines, unless the organization needs its models now.
pub(super) async fn ask_lines(
    tools: BatchTools<'_>,
    context: &Context,
    open: OpenBatch,
) -> Result<BatchStep, Error> {
    let tenant = open.key.tenant();
    if !takes_quiet_capacity(tools, context, tenant).await? {
        return Ok(BatchStep::Waits);
    }
    let claimed = match claim(tools, context, open).await {
        Ok(Some(claimed)) => claimed,
        other => {
            give_back(tools, context, tenant).await?;
            return other.map(|_| BatchStep::Waits);
        }
    };
    if claimed.resumes && record_found(tools, context, &claimed).await? {
        return Ok(BatchStep::Made);
    }
    let (state, id) = (&claimed.batch.state, &claimed.batch.id);
    let lines = read_lines(tools, &claimed.batch).await?;
    if lines.is_empty() {
        return Err(FileError("the input file is shorter than before".into()).into());
    }
    let results = ask_all(tools, context, &claimed.batch, lines).await?;
    if results.progress.lines == 0 {
        record_progress(tools, context, &claimed, results.progress).await?;
        return pause(tools, context, &claimed).await;
    }
    let place = BatchFileKey::chunk(tenant, id, state.lines_done);
    let stored = results.encode()?;
    tools.files.write(&place, stream::iter([Ok(stored)]).boxed()).await?;
    record_progress(tools, context, &claimed, results.progress).await?;
    Ok(BatchStep::Made)
}

/// Leaves a batch alone for a while whose models do not answer: a claim without a run.
async fn pause(tools: BatchTools<'_>, context: &Context, claimed: &ClaimedStep) -> Result<BatchStep, Error> {
    let now = context.clock();
    let until = now.plus(PAUSE_IN_OUTAGE);
    record(tools, context, &claimed.batch.key, |state| batch::claim_batch(state, now, until)).await?;
    Ok(BatchStep::Waits)
}

/// Records the results that a run left behind when it was killed before it recorded them. `false` when it left none.
pub(super) async fn record_found(
    tools: BatchTools<'_>,
    context: &Context,
    claimed: &ClaimedStep,
) -> Result<bool, Error> {
    let OpenBatch { key, id, state } = &claimed.batch;
    if state.lines_left() == 0 {
        return Ok(false);
    }
    let place = BatchFileKey::chunk(key.tenant(), id, state.lines_done);
    if tools.files.size(&place).await?.is_none() {
        return Ok(false);
    }
    let progress = sums_of(tools, &place).await?;
    record_progress(tools, context, claimed, progress).await?;
    Ok(true)
}

/// Records results, and returns the batch after them. A cancellation that came meanwhile changes nothing about them.
/// `None` when the claim is over: then nothing is recorded.
pub(super) async fn record_progress(
    tools: BatchTools<'_>,
    context: &Context,
    claimed: &ClaimedStep,
    progress: BatchProgress,
) -> Result<Option<OpenBatch>, Error> {
    let key = &claimed.batch.key;
    let recorded = retry_on_conflict(|| {
        let progress = progress.clone();
        record(tools, context, key, move |state| batch::record_progress(state, claimed.until, progress))
    });
    match recorded.await? {
        Some(state) => {
            let batch = OpenBatch { state, ..claimed.batch.clone() };
            money::note_usage(tools.completions.gateway.money(), context, &batch).await;
            Ok(Some(batch))
        }
        // The run took longer than its claim. The next run finds the results, or takes them again.
        None => {
            tracing::warn!(batch = key.id(), "results came after the end of their claim");
            Ok(None)
        }
    }
}

/// Reads the lines of the next chunk.
async fn read_lines(tools: BatchTools<'_>, batch: &OpenBatch) -> Result<Vec<Vec<u8>>, Error> {
    let mut input = FileLines::without_results(tools, batch);
    let (mut found, mut length) = (Vec::new(), 0);
    while let Some(lines) = input.next_whole().await? {
        for line in lines {
            length += line.len();
            if length > MOST_BYTES && !found.is_empty() {
                return Ok(found);
            }
            found.push(line);
            if found.len() == MOST_LINES {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// The gateway of a chunk, and what all its lines have in common.
struct ChunkGateway<'a> {
    tools: BatchTools<'a>,
    gateway: Arc<AiGateway>,
    asker: Requester,
    context: &'a Context,
    /// Whether the models of a line failed, each time that it was asked.
    unanswered: AtomicBool,
}

/// Asks lines in their order until the time, or the quiet capacity, is used up. The capacity for the first one is taken.
/// Lines that were begun are always finished, so that the results are those of lines without a gap.
async fn ask_all(
    tools: BatchTools<'_>,
    context: &Context,
    batch: &OpenBatch,
    lines: Vec<Vec<u8>>,
) -> Result<ChunkResults, Error> {
    let state = &batch.state;
    let aside = state.reservation.as_ref().ok_or(StoreError::Malformed("a batch without a reservation"))?;
    let left = aside.bound_nano_usd.saturating_sub(state.cost_nano_usd());
    let prepaid = Arc::new(PrepaidMoney::new(aside.price_version.clone(), left));
    let paid_from = Arc::clone(&prepaid) as Arc<dyn RequestMoney>;
    let gateway = Arc::new(tools.completions.gateway.prepaid(paid_from, Arc::new(CountedBefore)));
    let unanswered = AtomicBool::new(false);
    let chunk = ChunkGateway { tools, gateway, asker: money::asker(batch), context, unanswered };
    let mut asked: Vec<LineAsked> = chunk.begin(lines).buffered(AT_ONCE).try_collect().await?;
    if context.clock() < state.expires_at().plus_seconds(-LAST_TRIES) {
        asked.truncate(answered(&asked));
    }
    let PrepaidUsage { usage, attempts } = prepaid.used();
    let mut progress = BatchProgress { attempts, usage, ..BatchProgress::default() };
    // The last line of a file may have no line end.
    let rest = state.input_file.bytes.saturating_sub(state.bytes_done);
    let bytes = asked.iter().fold(0_u64, |sum, line| sum.saturating_add(line.bytes));
    progress.bytes = bytes.min(rest);
    progress.lines = u32::try_from(asked.len()).unwrap_or(u32::MAX);
    Ok(ChunkResults::new(progress, asked.into_iter().map(|line| line.result).collect()))
}

/// Lines that are asked.
type AskedLines<'a> = BoxStream<'a, BoxFuture<'a, Result<LineAsked, Error>>>;

impl ChunkGateway<'_> {
    /// The lines, one after the other, until no more may be begun.
    fn begin(&self, lines: Vec<Vec<u8>>) -> AskedLines<'_> {
        let until = Instant::now() + TIME_TO_BEGIN;
        let begin = (lines.into_iter().enumerate(), MOST_WAITS);
        let begun = stream::unfold(begin, move |(mut lines, mut waits)| async move {
            let (place, line) = lines.next()?;
            // The capacity for the first one is taken.
            if place > 0 && !self.may_begin(until, &mut waits).await {
                return None;
            }
            let asked = async move { self.result(&line).await };
            Some((Box::pin(asked) as BoxFuture<'_, _>, (lines, waits)))
        });
        begun.boxed()
    }

    /// Waits for quiet capacity, so that chunks are few. `false` when the time to begin lines is over, or in an outage.
    async fn may_begin(&self, until: Instant, waits: &mut u32) -> bool {
        loop {
            let late = Instant::now() >= until || self.context.time_left() < TIME_FOR_A_LINE * 3 / 2;
            if late || self.unanswered.load(Ordering::Relaxed) {
                return false;
            }
            match takes_quiet_capacity(self.tools, self.context, self.asker.tenant).await {
                Ok(true) => return true,
                Ok(false) if *waits > 0 => *waits -= 1,
                Ok(false) => return false,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a line can't be counted");
                    return false;
                }
            }
            self.gateway.timer().sleep(WAIT_FOR_CAPACITY).await;
        }
    }

    /// Asks one line.
    async fn result(&self, text: &[u8]) -> Result<LineAsked, Error> {
        let line = BatchLine::read(FileLine::Whole(text))
            .map_err(|_| StoreError::Malformed("a line of a batch that was checked"))?;
        let failed = |error: &LineError| LineResult::failed(self.context, &line.custom_id, error);
        let (result, end) = match read_line(self.tools, &self.asker, &line) {
            Ok(asked) => match self.answer(&asked.ask).await {
                Ok(answer) => {
                    let body = (self.tools.format.answer)(&answer, self.context.clock())?;
                    let request_id = answer.head.request_id;
                    (LineResult::completed(&line.custom_id, request_id, &body)?, LineEnd::Answered)
                }
                Err(error) => {
                    let unanswered = matches!(error, Error::ModelsUnavailable { .. } | Error::Store(_));
                    self.unanswered.fetch_or(unanswered, Ordering::Relaxed);
                    let end = if unanswered { LineEnd::Unanswered } else { LineEnd::Answered };
                    let over = matches!(error, Error::OverBudget(_)).then_some(OVER_BOUND);
                    (failed(&asked.failed(self.tools, error, over))?, end)
                }
            },
            Err(refused) => (failed(&refused)?, LineEnd::Refused),
        };
        Ok(LineAsked { bytes: bytes_of(text), result, end })
    }

    /// The answer, asked for again while its models fail and there is time.
    async fn answer(&self, ask: &GatewayRequest) -> Result<crate::GatewayAnswer, Error> {
        let deadline = (Instant::now() + TIME_FOR_A_LINE).min(self.context.deadline);
        let mut tries = 0;
        loop {
            let (now, began) = (self.context.clock(), Instant::now());
            let context = Context { now, began, deadline, ..self.context.clone() };
            let providers = &self.tools.completions.providers;
            let answered = complete(&self.gateway, providers, &context, &self.asker, ask).await;
            let Err(Error::ModelsUnavailable { retry_after }) = answered else { return answered };
            tries += 1;
            let pause = retry_after.unwrap_or(USUAL_PAUSE).min(LONGEST_PAUSE);
            let outage = self.unanswered.load(Ordering::Relaxed);
            if tries >= MOST_TRIES || outage || context.time_left() < pause * 2 {
                return answered;
            }
            self.gateway.timer().sleep(pause).await;
        }
    }
}
