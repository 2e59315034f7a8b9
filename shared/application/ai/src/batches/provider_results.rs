//! The results that a provider gives back, in any order. They are taken for one part of the input after the other, so that
//! some 10 MB of its at most 50 MB are held; results are held some megabytes at a time, too.

use super::file_lines::{FileLines, PlacedLine};
use super::input_window::InputWindow;
use super::records::{ProviderRun, version_of};
use super::results::LineResult;
use super::taken_results::TakenResults;
use crate::structured::unfenced;
use application_core::Error;
use domain::ai::UnmeteredUsage;
use domain::ai::batch::{BatchProgress, add_usage};
use domain::ai::batch_file::BatchLine;
use domain::ai::json_lines::FileLine;
use ports::{BatchFileKey, StoreError};

/// The longest line of a provider's results, in bytes: the record, and the longest completion.
const LONGEST_RESULT: usize = 4 * 1024 * 1024;

/// A file of a provider's results.
struct ProviderFile {
    place: BatchFileKey,
    size: u64,
    /// Where the first result begins that may be one of a later part of the input.
    resume_at: u64,
    /// The first byte behind the beginnings of all results that were seen.
    seen_to: u64,
    /// The number of results that are longer than [`LONGEST_RESULT`].
    too_long: u32,
}

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
        let mut files = Vec::with_capacity(outputs.len());
        for output in outputs {
            files.extend(self.result_file(self.place(output)?).await?);
        }
        let mut taken = TakenResults::new(self.open);
        let mut input = FileLines::without_results(self.tools, self.open);
        let mut first = 0;
        while let Some(mut window) = InputWindow::next(&mut input, first).await? {
            for file in &mut files {
                self.take_file(file, &mut window, &mut taken).await?;
            }
            for line in window.without_result() {
                taken.add(self.tools, self.without_result(line)?).await?;
            }
            first = window.end();
        }
        let too_long = files.iter().fold(0_u32, |sum, file| sum.saturating_add(file.too_long));
        if too_long > 0 {
            let batch = self.open.key.id();
            tracing::error!(batch, too_long, "results are too long; their lines have errors");
        }
        let progress = taken.finish(self.tools).await?;
        Ok(BatchProgress { bytes: self.open.state.input_file.bytes, ..progress })
    }

    /// A file of results; `None` when it is not there.
    async fn result_file(&self, place: BatchFileKey) -> Result<Option<ProviderFile>, Error> {
        let size = self.tools.files.size(&place).await?;
        if size.is_none() {
            tracing::warn!(batch = self.open.key.id(), "a job left no file of results");
        }
        Ok(size.map(|size| ProviderFile { place, size, resume_at: 0, seen_to: 0, too_long: 0 }))
    }

    /// Takes the results for a part of the input, until all its lines have one. Results of later lines are left for later
    /// parts: the file is read on from the first of them. So a file in the order of the input is read once if each line has
    /// a result; one in another order, or without the result of some line, at most once for each part.
    async fn take_file(
        &self,
        file: &mut ProviderFile,
        window: &mut InputWindow,
        taken: &mut TakenResults<'_>,
    ) -> Result<(), Error> {
        let rest = file.resume_at..file.size;
        let mut results = FileLines::new(self.tools, file.place.clone(), rest, LONGEST_RESULT);
        let mut first_left = None;
        while !window.is_complete()
            && let Some(found) = results.next().await?
        {
            for PlacedLine { begin, text } in found {
                let Some(place) = self.line_of(file, begin, text.as_deref()) else { continue };
                if place >= window.end() {
                    first_left.get_or_insert(begin);
                } else if let (Some(line), Some(text)) = (window.take(place), text) {
                    let result = self.result(line, &text, taken).await?;
                    taken.add(self.tools, result).await?;
                }
            }
        }
        file.resume_at = first_left.unwrap_or(results.line_begin());
        Ok(())
    }

    /// The place of the line, from 0, that a result is about. What is wrong with a result is counted or logged once.
    fn line_of(&self, file: &mut ProviderFile, begin: u64, result: Option<&[u8]>) -> Option<usize> {
        let is_new = begin >= file.seen_to;
        file.seen_to = file.seen_to.max(begin.saturating_add(1));
        let Some(result) = result else {
            file.too_long = file.too_long.saturating_add(u32::from(is_new));
            return None;
        };
        if result.trim_ascii().is_empty() {
            return None;
        }
        let id = self.provider.records.record_id(result);
        if id.is_err() && is_new {
            tracing::warn!(batch = self.open.key.id(), "a result of a provider names no record");
        }
        id.ok().and_then(|id| place_of(&id))
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
