//! The results that a provider gives back. The input file is held as a whole while they are read, because they come in any
//! order; results are held some megabytes at a time.

use super::input_lines::{InputLines, whole};
use super::records::{PIECE, ProviderRun, version_of};
use super::results::LineResult;
use super::taken_results::TakenResults;
use crate::structured::unfenced;
use application_core::Error;
use domain::ai::UnmeteredUsage;
use domain::ai::batch::{BatchProgress, add_usage};
use domain::ai::batch_file::BatchLine;
use domain::ai::json_lines::{FileLine, JsonLines};
use ports::{BatchFileKey, FileError, StoreError};

/// The longest line of a provider's results, in bytes: the record, and the longest completion.
const LONGEST_RESULT: usize = 4 * 1024 * 1024;

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

    fn place(&self, output: &str) -> Result<BatchFileKey, Error> {
        let place = BatchFileKey::provider_result(self.open.key.tenant(), &self.open.id, output);
        Ok(place.ok_or(StoreError::Malformed("a result of a provider at another place"))?)
    }

    /// Turns the provider's results into those of the lines, and writes them in chunks. Lines without a result get an error.
    pub(super) async fn take_results(&self, outputs: &[String]) -> Result<BatchProgress, Error> {
        let lines = self.input_lines().await?;
        let mut taken = TakenResults::new(self.open, lines.len());
        for output in outputs {
            self.take_file(&self.place(output)?, &lines, &mut taken).await?;
        }
        for (place, line) in lines.iter().enumerate() {
            if taken.takes(place) {
                let result = self.without_result(line)?;
                taken.add(self.tools, result).await?;
            }
        }
        let progress = taken.finish(self.tools).await?;
        Ok(BatchProgress { bytes: self.open.state.input_file.bytes, ..progress })
    }

    async fn input_lines(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut input = InputLines::without_results(self.tools, self.open);
        let mut lines = Vec::new();
        while let Some(next) = input.next().await? {
            lines.extend(next);
        }
        Ok(lines)
    }

    async fn take_file(
        &self,
        place: &BatchFileKey,
        lines: &[Vec<u8>],
        taken: &mut TakenResults<'_>,
    ) -> Result<(), Error> {
        let Some(size) = self.tools.files.size(place).await? else {
            tracing::warn!(batch = self.open.key.id(), "a job left no file of results");
            return Ok(());
        };
        let mut too_long = 0_u32;
        let (mut offset, mut split) = (0, Some(JsonLines::new(LONGEST_RESULT)));
        while let Some(mut pieces) = split.take() {
            let mut found = Vec::new();
            let mut add = |line: FileLine<'_>| match whole(line) {
                Some(line) => found.push(line),
                None => too_long += 1,
            };
            if offset < size {
                let piece = self.tools.files.read(place, offset, PIECE.min(size - offset)).await?;
                if piece.is_empty() {
                    return Err(FileError("a result of a provider ends early".into()).into());
                }
                pieces.feed(&piece, &mut add);
                offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                split = Some(pieces);
            } else {
                pieces.finish(&mut add);
            }
            for result in found.iter().filter(|result| !result.trim_ascii().is_empty()) {
                let Ok(id) = self.provider.records.record_id(result) else {
                    tracing::warn!(batch = self.open.key.id(), "a result of a provider names no record");
                    continue;
                };
                let Some(place) = place_of(&id).filter(|place| taken.takes(*place)) else { continue };
                if let Some(line) = lines.get(place) {
                    let result = self.result(line, result, taken).await?;
                    taken.add(self.tools, result).await?;
                }
            }
        }
        if too_long > 0 {
            tracing::error!(
                batch = self.open.key.id(),
                too_long,
                "results are too long; their lines have errors"
            );
        }
        Ok(())
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

    /// The result of a line that the provider has none for: of a batch that ends early it was not finished.
    fn without_result(&self, line: &[u8]) -> Result<LineResult, Error> {
        let line = checked(line)?;
        if let Some(end) = self.open.state.end {
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

/// The place of the line of a record, from 0.
fn place_of(record_id: &str) -> Option<usize> {
    let number: usize = record_id.strip_prefix('L')?.parse().ok()?;
    number.checked_sub(1)
}
