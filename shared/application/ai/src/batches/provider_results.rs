//! The results that a provider gives back, in any order. They are taken for one part of the input after the other, and
//! recorded after each part: a run that ends in between, in whatever way, has left at most one part to do again.

use super::advance::{BatchStep, ClaimedStep, TIME_TO_TAKE, claim};
use super::ask::record_progress;
use super::input_window::InputWindow;
use super::records::{ProviderRun, version_of};
use super::result_places::ResultPlaces;
use super::results::LineResult;
use super::taken_results::TakenResults;
use crate::structured::unfenced;
use application_core::Error;
use domain::ai::UnmeteredUsage;
use domain::ai::batch::{Batch, BatchEnd, BatchProgress, add_usage};
use domain::ai::batch_file::BatchLine;
use domain::ai::json_lines::FileLine;
use ports::{BatchFileKey, StoreError};

impl ProviderRun<'_> {
    /// Whether every file of results is there.
    pub(super) async fn has_results(&self, outputs: &[String]) -> Result<bool, Error> {
        for output in outputs {
            if self.tools.files.size(&self.place(output)?).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The file of results with this name.
    pub(super) fn place(&self, output: &str) -> Result<BatchFileKey, Error> {
        let place = BatchFileKey::provider_result(self.open.key.tenant(), &self.open.id, output);
        Ok(place.ok_or(StoreError::Malformed("a result of a provider at another place"))?)
    }

    /// Turns the provider's results into those of the lines, writes them in chunks, and records them, part by part, while
    /// there is time, the batch's own claim lasts, and `is_too_late` does not end it. The next run goes on behind the last
    /// recorded part. Lines without a result get an error.
    pub(super) async fn take_results(
        &self,
        claimed: &ClaimedStep,
        outputs: &[String],
        is_too_late: impl Fn(&Batch) -> bool + Send + Sync,
    ) -> Result<BatchStep, Error> {
        let Some(places) = ResultPlaces::find(self, outputs).await? else { return Ok(BatchStep::Waits) };
        let mut claimed = claimed.clone();
        loop {
            let progress = self.take_part(&claimed, &places).await?;
            let recorded = record_progress(self.tools, self.context, &claimed, progress).await?;
            let Some(open) = recorded else { return Ok(BatchStep::Waits) };
            // The step that follows sees that it is too late, or that nothing is left.
            if open.state.lines_left() == 0 || is_too_late(&open.state) {
                return Ok(BatchStep::Made);
            }
            if self.context.time_left() < TIME_TO_TAKE {
                tracing::info!(batch = open.key.id(), "results of a provider are left for the next run");
                return Ok(BatchStep::Waits);
            }
            match claim(self.tools, self.context, open).await? {
                Some(next) => claimed = next,
                None => return Ok(BatchStep::Waits),
            }
        }
    }

    /// Takes the results of the next part of the input, and writes them. A repetition writes them again.
    async fn take_part(&self, claimed: &ClaimedStep, places: &ResultPlaces) -> Result<BatchProgress, Error> {
        let window = InputWindow::next(self.tools, &claimed.batch, places).await?;
        let mut taken = TakenResults::new(&claimed.batch);
        let mut results = places.of(window.places());
        while let Some(found) = results.next(self).await? {
            for (place, text) in found {
                if let Some(line) = window.line(place) {
                    let result = self.result(line, &text, &mut taken).await?;
                    taken.add(self.tools, result).await?;
                }
            }
        }
        for line in window.places().filter(|place| !places.has(*place)).filter_map(|place| window.line(place))
        {
            let end = claimed.batch.state.end;
            taken.add(self.tools, self.without_result(line, end)?).await?;
        }
        let progress = taken.finish(self.tools).await?;
        Ok(BatchProgress { bytes: window.bytes(), ..progress })
    }

    /// The result of a line, from the provider's.
    async fn result(
        &self,
        line: &[u8],
        result: &[u8],
        taken: &mut TakenResults<'_>,
    ) -> Result<LineResult, Error> {
        let line = checked(line)?;
        // It was asked, and is paid for, whatever the organization's terms are now.
        let asked = match self.read(&line) {
            Ok(asked) => asked,
            Err(refused) => return LineResult::failed(self.context, &line.custom_id, &refused),
        };
        let call = self.call(&asked);
        let completion = self.provider.records.completion(&call.call, result).await;
        let (answered, mut usage) = call.judge(self.context, completion, &version_of(self.open));
        if !self.has_its_prices {
            // As for calls that are queued: a bill has one version of prices for a request.
            for used in &mut usage {
                used.unmetered = UnmeteredUsage { tokens: used.tokens, cost_nano_usd: used.cost_nano_usd };
            }
        }
        add_usage(&mut taken.chunk.usage, &usage);
        taken.chunk.attempts += 1;
        match answered {
            Ok(mut answer) => {
                if asked.ask.conversation.output_schema.is_some() {
                    answer.text = unfenced(&answer.text).to_owned();
                }
                let body = (self.tools.format.answer)(&answer, self.context.clock())?;
                LineResult::completed(&line.custom_id, answer.head.request_id, &body)
            }
            Err(error) => {
                let refused = asked.failed(self.tools, error, None);
                LineResult::failed(self.context, &line.custom_id, &refused)
            }
        }
    }

    /// The result of a line that the provider has none for: of a batch that ends early, in this way, it was not finished.
    fn without_result(&self, line: &[u8], end: Option<BatchEnd>) -> Result<LineResult, Error> {
        let line = checked(line)?;
        if let Some(end) = end {
            return LineResult::unfinished(self.context, &line.custom_id, end);
        }
        let refused = match self.asked(&line) {
            Ok(asked) => asked.failed(self.tools, Error::ModelsUnavailable { retry_after: None }, None),
            Err(refused) => refused,
        };
        LineResult::failed(self.context, &line.custom_id, &refused)
    }
}

fn checked(line: &[u8]) -> Result<BatchLine<'_>, Error> {
    let read = BatchLine::read(FileLine::Whole(line));
    read.map_err(|_| StoreError::Malformed("a line of a batch that was checked").into())
}
