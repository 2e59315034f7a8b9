//! The records of a batch for a provider, which are written piece by piece.

use super::advance::{BatchTools, OpenBatch, ProviderBatches};
use super::file_lines::FileLines;
use super::line_format::LineError;
use super::money;
use super::question::{AskedLine, read_line};
use crate::completion::Completions;
use crate::gateway::{CostEstimate, OfflineCall, Providers};
use crate::price_book::batch_prices;
use crate::registry::Model;
use application_core::{Context, Error};
use domain::ai::batch_file::BatchLine;
use domain::ai::json_lines::FileLine;
use futures_util::stream::{self, StreamExt};
use ports::{BatchFileKey, ModelGateway};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A batch that a provider runs.
pub(super) struct ProviderRun<'a> {
    pub(super) tools: BatchTools<'a>,
    pub(super) provider: ProviderBatches<'a>,
    pub(super) context: &'a Context,
    pub(super) open: &'a OpenBatch,
    terms: CostEstimate,
    /// The model at the provider's prices of batches.
    model: Model,
    /// Whether these are the prices of the batch's version.
    pub(super) has_its_prices: bool,
    /// With the model, if the deployment has it no more.
    completions: Option<Completions<dyn ModelGateway>>,
}

impl<'a> ProviderRun<'a> {
    /// The run of a batch; reads the organization's terms. `None` when nobody knows the prices of its model's batches. A model
    /// that the deployment has no more has the prices of the price book.
    pub(super) async fn new(
        tools: BatchTools<'a>,
        provider: ProviderBatches<'a>,
        context: &'a Context,
        open: &'a OpenBatch,
    ) -> Result<Option<Self>, Error> {
        let name = open.state.provider_model.as_deref().unwrap_or_default();
        let asker = money::asker(open);
        let terms = CostEstimate::of(&tools.completions.gateway, &asker, context.clock()).await?;
        let known = tools.completions.registry.model(name).ok();
        let version = version_of(open);
        let live = known.and_then(Model::at_batch_prices);
        let same = live.clone().filter(|_| version == terms.price_version());
        let booked = same.or_else(|| batch_prices(&version, name));
        let has_its_prices = booked.is_some();
        let Some(model) = booked.or(live) else { return Ok(None) };
        let completions = known.is_none().then(|| with_model(tools.completions, &model));
        Ok(Some(Self { tools, provider, context, open, terms, model, has_its_prices, completions }))
    }

    pub(super) fn read(&self, line: &BatchLine<'_>) -> Result<AskedLine, LineError> {
        let completions = self.completions.as_ref().unwrap_or(self.tools.completions);
        read_line(BatchTools { completions, ..self.tools }, &money::asker(self.open), line)
    }

    /// Writes the records of all lines that can be asked; returns their number.
    pub(super) async fn write_records(&self) -> Result<u32, Error> {
        let output = BatchFileKey::records(self.open.key.tenant(), &self.open.id);
        let written = &AtomicU32::new(0);
        let begin = (FileLines::without_results(self.tools, self.open), 0_u32);
        let parts = stream::try_unfold(begin, move |(mut input, mut number)| async move {
            let Some(lines) = input.next_whole().await? else { return Ok(None) };
            let mut part = Vec::new();
            for line in &lines {
                number = number.saturating_add(1);
                if let Some(record) = self.record(number, line).await {
                    written.fetch_add(1, Ordering::Relaxed);
                    part.extend(record);
                    part.push(b'\n');
                }
            }
            Ok(Some((part, (input, number))))
        });
        self.tools.files.write(&output, parts.boxed()).await?;
        Ok(written.load(Ordering::Relaxed))
    }

    /// The record of a line; `None` when it can't be asked.
    async fn record(&self, number: u32, line: &[u8]) -> Option<Vec<u8>> {
        let line = BatchLine::read(FileLine::Whole(line)).ok()?;
        let asked = self.asked(&line).ok()?;
        let call = self.call(&asked);
        self.provider.records.record(&record_id(number), &call.call).await.ok()
    }

    pub(super) fn call<'c>(&'c self, asked: &'c AskedLine) -> OfflineCall<'c> {
        OfflineCall::new(&self.tools.completions.gateway, &self.model, &asked.ask, self.terms.masks())
    }

    /// The line as a request that the provider can be asked.
    pub(super) fn asked(&self, line: &BatchLine<'_>) -> Result<AskedLine, LineError> {
        let asked = self.read(line)?;
        match self.terms.cost(&asked.ask) {
            Ok(_) => Ok(asked),
            Err(error) => Err(asked.failed(self.tools, error, None)),
        }
    }
}

/// The version of the prices of a batch.
pub(super) fn version_of(open: &OpenBatch) -> String {
    open.state.reservation.as_ref().map(|aside| aside.price_version.clone()).unwrap_or_default()
}

/// The completions of a deployment that has this model too.
fn with_model(completions: &Completions<dyn ModelGateway>, model: &Model) -> Completions<dyn ModelGateway> {
    let Providers { bedrock, openai } = &completions.providers;
    Completions {
        gateway: Arc::clone(&completions.gateway),
        providers: Providers { bedrock: Arc::clone(bedrock), openai: openai.clone() },
        registry: completions.registry.with_models(vec![model.clone()]).into_owned(),
        chain: completions.chain.clone(),
    }
}

/// The id of the record of the line with this number, from 1: 11 letters and digits.
fn record_id(number: u32) -> String {
    format!("L{number:010}")
}
