//! The rows of the table of models as they are written, and what they must have.

use super::{BatchTerms, Model, ModelUse, Provider, ReasoningControl, RegistryError};
use domain::ai::nano_per_token;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The whole table.
#[derive(Deserialize)]
pub(super) struct Table {
    pub(super) version: String,
    pub(super) models: Vec<Row>,
}

/// One row. A member that is left out has its usual value.
#[derive(Deserialize)]
pub(super) struct Row {
    id: String,
    #[serde(default)]
    one_of_temperature_top_p: bool,
    #[serde(default)]
    no_blank_stops: bool,
    image_tokens: Option<u64>,
    #[serde(default)]
    documents: bool,
    #[serde(default)]
    no_tools: bool,
    #[serde(default)]
    usual_property_names: bool,
    #[serde(default)]
    no_prefill: bool,
    reasoning: Option<ReasoningControl>,
    most_texts: Option<usize>,
    longest_text: Option<usize>,
    provider: Provider,
    #[serde(rename = "use")]
    usage: ModelUse,
    input: String,
    output: String,
    cache_read: String,
    cache_write: String,
    context_tokens: u64,
    max_output_tokens: u32,
    prompt_cache_from_tokens: Option<u64>,
    dimensions: Option<u32>,
    fine_tune: Option<FineTuneRow>,
    batch: Option<BatchRow>,
}

/// The batches of a model, with their sources.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchRow {
    regions: Vec<String>,
    input: String,
    output: String,
    source: String,
    price_source: String,
    #[serde(rename = "where")]
    place: String,
    as_of: String,
}

impl BatchRow {
    /// The terms; `None` when regions, a price, a source or the date are missing.
    fn terms(self) -> Option<BatchTerms> {
        let sourced = [&self.source, &self.price_source, &self.place].iter().all(|text| !text.is_empty());
        let whole = sourced && !self.regions.is_empty() && self.as_of.len() == "2026-01-01".len();
        let (input, output) = (nano_per_token(&self.input)?, nano_per_token(&self.output)?);
        whole.then_some(BatchTerms { regions: self.regions, input, output })
    }
}

/// The training of a model, with its source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FineTuneRow {
    model: String,
    regions: Vec<String>,
    source: String,
    as_of: String,
    /// Absent in tables from before training was metered.
    price: Option<TrainingPrice>,
    /// Where the provider says that trained models can be asked on demand. Absent in tables from before they were.
    on_demand: Option<IgnoredAny>,
}

/// The price of training; `models.json` also has the price of a stored model, which is on the operator's bill alone.
#[derive(Deserialize)]
struct TrainingPrice {
    training: String,
}

impl FineTuneRow {
    /// Whether model, regions, source and date are all there.
    fn is_whole(&self) -> bool {
        !self.model.is_empty()
            && !self.regions.is_empty()
            && !self.source.is_empty()
            && self.as_of.len() == "2026-01-01".len()
    }
}

impl Row {
    /// The model of this row, or its fault.
    pub(super) fn into_model(self) -> Result<Model, RegistryError> {
        let per_token =
            |dollars: &str| nano_per_token(dollars).ok_or_else(|| RegistryError::Price(self.id.clone()));
        let training_model = match &self.fine_tune {
            None => None,
            Some(tune)
                if tune.is_whole() && self.provider == Provider::Bedrock && self.usage == ModelUse::Chat =>
            {
                // A model that could not be asked afterwards, or whose training could not be billed, is not trained.
                let offered = tune.on_demand.is_some() && tune.price.is_some();
                offered.then(|| tune.model.clone())
            }
            Some(_) => return Err(RegistryError::NotTrainable(self.id)),
        };
        let converses_on_bedrock = self.provider == Provider::Bedrock && self.usage == ModelUse::Chat;
        let batch = match self.batch.map(|batch| batch.terms().filter(|_| converses_on_bedrock)) {
            None => None,
            Some(Some(terms)) => Some(terms),
            Some(None) => return Err(RegistryError::NoBatches(self.id)),
        };
        let price = self.fine_tune.as_ref().and_then(|tune| tune.price.as_ref());
        Ok(Model {
            training: price.map(|price| per_token(&price.training)).transpose()?,
            deployment: None,
            base_model: None,
            input: per_token(&self.input)?,
            output: per_token(&self.output)?,
            cache_read: per_token(&self.cache_read)?,
            one_of_temperature_top_p: self.one_of_temperature_top_p,
            no_blank_stops: self.no_blank_stops,
            image_tokens: self.image_tokens,
            documents: self.documents,
            tools: self.usage == ModelUse::Chat && !self.no_tools,
            any_property_name: !self.usual_property_names,
            prefill: !self.no_prefill,
            reasoning: self.reasoning,
            most_texts: self.most_texts,
            longest_text: self.longest_text,
            cache_write: per_token(&self.cache_write)?,
            provider: self.provider,
            usage: self.usage,
            context_tokens: self.context_tokens,
            max_output_tokens: self.max_output_tokens,
            prompt_cache_from_tokens: self.prompt_cache_from_tokens,
            dimensions: self.dimensions,
            training_model,
            training_regions: self.fine_tune.map(|tune| tune.regions).unwrap_or_default(),
            batch,
            id: self.id,
        })
    }
}
