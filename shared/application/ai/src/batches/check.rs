//! Checks the file of a batch, and sets the money for all of its lines aside.

use super::advance::{BatchStep, BatchTools, ClaimedStep, OpenBatch, claim, record};
use super::money::{self, BatchBound, ReserveOutcome, asker};
use super::provider::FEWEST_RECORDS;
use super::question::read_line;
use crate::ask::GatewayRequest;
use crate::gateway::{CostEstimate, OfflineCall};
use crate::registry::Model;
use application_core::{Context, Error, repository};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ai::batch::{self, Batch, BatchFailure, BatchFailureReason, BatchReservation};
use domain::ai::batch_file::{BatchFileCheck, BatchFileReport, BatchLine, LONGEST_LINE};
use domain::ai::json_lines::JsonLines;
use ports::BatchFileKey;
use ring::digest::{Context as Digest, SHA256};

/// The bytes of a file that are read at once.
const PIECE: u64 = 4 * 1024 * 1024;

/// Checks an uploaded file. A batch without a file waits until it expires.
pub(super) async fn check_file(
    tools: BatchTools<'_>,
    context: &Context,
    open: OpenBatch,
) -> Result<BatchStep, Error> {
    let place = BatchFileKey::input(open.key.tenant(), &open.id);
    let Some(size) = tools.files.size(&place).await? else { return Ok(BatchStep::Waits) };
    if size != open.state.input_file.bytes {
        return fail(tools, context, &open, BatchFailure::of(BatchFailureReason::FileDiffers)).await;
    }
    let Some(ClaimedStep { batch: open, .. }) = claim(tools, context, open).await? else {
        return Ok(BatchStep::Waits);
    };
    let asker = money::asker(&open);
    let terms = CostEstimate::of(&tools.completions.gateway, &asker, context.clock()).await?;
    let Some((report, bound, choice)) = read(tools, &open, &place, &terms).await? else {
        return fail(tools, context, &open, BatchFailure::of(BatchFailureReason::FileDiffers)).await;
    };
    let lines = report.lines;
    if let Some(failure) = batch::file_failure(report) {
        return fail(tools, context, &open, failure).await;
    }
    let model = choice.model();
    let budgets = tools.completions.gateway.money();
    let aside = match money::reserve(budgets, context, &open, (bound, model.is_some()), &terms.limits()).await
    {
        Ok(aside) => aside,
        Err(ReserveOutcome::OverBudget(budget)) => {
            return fail(tools, context, &open, BatchFailure::of_budget(budget)).await;
        }
        Err(ReserveOutcome::Failed(error)) => return Err(error),
    };
    let started = record(tools, context, &open.key, |state| {
        batch::start_batch(state, lines, aside.clone(), model.clone())
    })
    .await;
    match started {
        Ok(Some(_)) => Ok(BatchStep::Made),
        // It was cancelled in the meantime.
        Ok(None) | Err(Error::Conflict) => go_without(tools, context, &open, &aside).await,
        // Whether it was recorded is not known. Money that was given back would let a batch run for nothing, so it stays
        // set aside: for the batch, if it was started, and otherwise until its lease ends.
        Err(error) => Err(error),
    }
}

/// Gives the money back, unless the batch was started with it.
async fn go_without(
    tools: BatchTools<'_>,
    context: &Context,
    open: &OpenBatch,
    aside: &BatchReservation,
) -> Result<BatchStep, Error> {
    let found = repository::load::<Batch>(tools.store, &open.key).await?;
    let kept = found.and_then(|found| found.state.reservation);
    if kept.is_some_and(|kept| kept.request_id == aside.request_id) {
        return Ok(BatchStep::Made);
    }
    money::give_back(tools.completions.gateway.money(), context, open, aside).await;
    Ok(BatchStep::Waits)
}

async fn fail(
    tools: BatchTools<'_>,
    context: &Context,
    open: &OpenBatch,
    failure: BatchFailure,
) -> Result<BatchStep, Error> {
    record(tools, context, &open.key, |state| batch::fail_batch(state, failure)).await?;
    Ok(BatchStep::Made)
}

/// Reads the file piece by piece; `None` when it is not the declared file.
async fn read(
    tools: BatchTools<'_>,
    open: &OpenBatch,
    place: &BatchFileKey,
    terms: &CostEstimate,
) -> Result<Option<(BatchFileReport, BatchBound, ProviderChoice)>, Error> {
    let declared = &open.state.input_file;
    let mut check = BatchFileCheck::default();
    let mut bound = BatchBound { price_version: terms.price_version(), ..BatchBound::default() };
    let mut choice = ProviderChoice::default();
    let mut lines = JsonLines::new(LONGEST_LINE);
    let mut digest = Digest::new(&SHA256);
    let mut offset = 0;
    while offset < declared.bytes {
        let piece = tools.files.read(place, offset, PIECE.min(declared.bytes - offset)).await?;
        if piece.is_empty() {
            return Ok(None);
        }
        digest.update(&piece);
        lines.feed(&piece, |line| {
            if let Some(line) = check.line(line) {
                add_line(tools, open, terms, &line, (&mut bound, &mut choice));
            }
        });
        offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }
    lines.finish(|line| {
        if let Some(line) = check.line(line) {
            add_line(tools, open, terms, &line, (&mut bound, &mut choice));
        }
    });
    let same = STANDARD.encode(digest.finish()) == declared.sha256 && offset == declared.bytes;
    Ok(same.then(|| (check.finish(), bound, choice)))
}

/// Adds the most that a line can cost. A line that will be refused costs nothing; its error is written when its turn
/// comes.
fn add_line(
    tools: BatchTools<'_>,
    open: &OpenBatch,
    terms: &CostEstimate,
    line: &BatchLine<'_>,
    (bound, choice): (&mut BatchBound, &mut ProviderChoice),
) {
    let Ok(asked) = read_line(tools, &asker(open), line) else { return };
    let Ok(cost) = terms.cost(&asked.ask) else { return };
    bound.nano_usd = bound.nano_usd.saturating_add(cost.nano_usd);
    let Some(model) = cost.models.first() else { return };
    if bound.model.is_empty() {
        bound.model = model.id.clone();
        bound.provider = model.provider.as_str().to_owned();
    }
    choice.add(tools, terms, &asked.ask, model);
}

/// Whether a provider can run all lines that can be asked.
#[derive(Default)]
struct ProviderChoice {
    /// The model that all lines so far name.
    model: Option<String>,
    lines: u32,
    excluded: bool,
}

impl ProviderChoice {
    fn add(&mut self, tools: BatchTools<'_>, terms: &CostEstimate, ask: &GatewayRequest, model: &Model) {
        let Some(provider) = tools.provider.filter(|_| !self.excluded) else {
            self.excluded = true;
            return;
        };
        self.lines = self.lines.saturating_add(1);
        let same = self.model.get_or_insert_with(|| model.id.clone()) == &model.id;
        // An organization's own prices name none for batches.
        let has_terms = model.in_batch(provider.region).is_some() && !terms.has_own_price(model);
        let takes = || {
            let call = OfflineCall::new(&tools.completions.gateway, model, ask, terms.masks());
            provider.records.takes(&call.call)
        };
        self.excluded = !(same && ask.chain.is_named() && has_terms && takes());
    }

    /// The model for which a provider runs the batch.
    fn model(self) -> Option<String> {
        self.model.filter(|_| !self.excluded && self.lines >= FEWEST_RECORDS)
    }
}
