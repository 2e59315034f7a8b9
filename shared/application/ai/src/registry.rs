//! The models that may be asked, with their abilities and prices. It is a versioned table in the repository, with the
//! source and date of each row; a model that is not in it does not exist.

mod row;

use domain::ai::TokenPrices;
use ports::Usage;
use row::Table;
use serde::Deserialize;

/// The table that this build ships.
const SHIPPED: &str = include_str!("models.json");

/// The provider of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Amazon Bedrock.
    Bedrock,
    /// An endpoint that speaks OpenAI's API: OpenAI, Ollama, vLLM.
    Openai,
}

impl Provider {
    /// The name in records, headers and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Openai => "openai",
        }
    }
}

/// The use of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelUse {
    /// Conversations.
    Chat,
    /// Vectors of texts.
    Embeddings,
}

/// The way to tell a model how long it may reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningControl {
    /// By a word: `low`, `medium` or `high`.
    Effort,
    /// By a number of tokens, which are part of the completion's.
    Budget,
}

/// One model. Prices are in 10^-9 US dollars per token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name for callers and in records; at its provider too, unless it has a deployment.
    pub id: String,
    /// Its provider.
    pub provider: Provider,
    /// Its use.
    pub usage: ModelUse,
    /// For an input token.
    pub input: u64,
    /// For an output token.
    pub output: u64,
    /// For an input token that is read from the prompt cache.
    pub cache_read: u64,
    /// For an input token that is written to the prompt cache.
    pub cache_write: u64,
    /// The most tokens of prompt and completion together.
    pub context_tokens: u64,
    /// The most tokens of a completion.
    pub max_output_tokens: u32,
    /// The fewest tokens of instructions that the provider's prompt cache accepts; `None` when it has no prompt cache.
    pub prompt_cache_from_tokens: Option<u64>,
    /// The number of dimensions of a vector, for embeddings.
    pub dimensions: Option<u32>,
    /// Whether it refuses a temperature beside a `top_p`, as Claude does from 4.5 on.
    pub one_of_temperature_top_p: bool,
    /// Whether it refuses stop texts of white space alone, as Claude does.
    pub no_blank_stops: bool,
    /// The most tokens of a picture; `None` when it takes no pictures.
    pub image_tokens: Option<u64>,
    /// Whether it takes documents.
    pub documents: bool,
    /// Whether it calls tools.
    pub tools: bool,
    /// Whether it takes schemas with properties of any name.
    pub any_property_name: bool,
    /// Whether it continues an answer whose beginning stands at the end of the conversation.
    pub prefill: bool,
    /// How it is told to reason; `None` when it does not reason.
    pub reasoning: Option<ReasoningControl>,
    /// The most texts of a request for vectors, where that is less than the gateway's own limit: each text is a call of
    /// its own.
    pub most_texts: Option<usize>,
    /// The most characters of a text, where the provider counts them.
    pub longest_text: Option<usize>,
    /// The provider's name for training, if it can be fine-tuned.
    pub training_model: Option<String>,
    /// The regions in which it can be fine-tuned.
    pub training_regions: Vec<String>,
    /// The terms of its provider's batches, if it has any.
    pub batch: Option<BatchTerms>,
    /// For a token of a training file, in each pass over it; `None` where it is not known.
    pub training: Option<u64>,
    /// The provider's name of the deployment, for a fine-tuned model that can be asked.
    pub deployment: Option<String>,
    /// The model that was trained, by its name in the registry, for a fine-tuned model.
    pub base_model: Option<String>,
}

/// Where a provider takes batches of a model, and at which prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchTerms {
    /// The regions.
    pub regions: Vec<String>,
    /// For an input token, in 10^-9 US dollars.
    pub input: u64,
    /// For an output token, in 10^-9 US dollars.
    pub output: u64,
}

impl Model {
    /// The cost of a call, in 10^-9 US dollars.
    pub fn cost(&self, usage: &Usage) -> u64 {
        [
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_read_tokens, self.cache_read),
            (usage.cache_write_tokens, self.cache_write),
        ]
        .into_iter()
        .fold(0, |sum: u64, (tokens, price)| sum.saturating_add(tokens.saturating_mul(price)))
    }

    /// The same model at other prices.
    pub(super) fn at(&self, prices: &TokenPrices) -> Self {
        let TokenPrices { input, output, cache_read, cache_write } = *prices;
        Self { input, output, cache_read, cache_write, ..self.clone() }
    }

    /// The model at the prices of its provider's batches; `None` where the provider takes none in this region.
    pub fn in_batch(&self, region: &str) -> Option<Self> {
        let here = self.batch.as_ref().is_some_and(|terms| terms.regions.iter().any(|known| known == region));
        if here { self.at_batch_prices() } else { None }
    }

    /// The model at the prices of its provider's batches, if it has any. Providers state no batch prices for tokens of a
    /// prompt cache, so those keep their ordinary prices.
    pub(super) fn at_batch_prices(&self) -> Option<Self> {
        let terms = self.batch.as_ref()?;
        Some(Self { input: terms.input, output: terms.output, ..self.clone() })
    }

    /// The most that a call can cost: every input token at the highest price that it may have.
    pub fn most(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        let dearest = self.input.max(self.cache_write);
        let output = output_tokens.saturating_mul(self.output);
        input_tokens.saturating_mul(dearest).saturating_add(output)
    }
}

/// The models that may be asked.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Stored with every cost, so that the cost can be explained later.
    pub version: String,
    pub(crate) models: Vec<Model>,
}

/// The table can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It is not a table of models.
    #[error("the table of models is malformed")]
    Malformed(#[from] serde_json::Error),
    /// A price is not a decimal number of dollars with at most three places.
    #[error("the price of {0} is not a decimal number")]
    Price(String),
    /// A model is marked as trainable that is not: only Bedrock's conversation models are.
    #[error("{0} can't be fine-tuned")]
    NotTrainable(String),
    /// A model has batches that can have none: only Bedrock's conversation models do.
    #[error("{0} can't have batches")]
    NoBatches(String),
    /// A model is in it twice.
    #[error("the model {0} is in the table twice")]
    Twice(String),
}

/// The table has no such model.
#[derive(Debug, thiserror::Error)]
#[error("there is no model {0}; add it to models.json, or name one that it has")]
pub struct UnknownModel(pub String);

impl Registry {
    /// The table that this build ships.
    pub fn shipped() -> Result<Self, RegistryError> {
        Self::parse(SHIPPED)
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let table: Table = serde_json::from_str(text)?;
        let mut models: Vec<Model> = Vec::with_capacity(table.models.len());
        for row in table.models {
            let model = row.into_model()?;
            if models.iter().any(|other| other.id == model.id) {
                return Err(RegistryError::Twice(model.id));
            }
            models.push(model);
        }
        Ok(Self { version: table.version, models })
    }

    /// The model with this identifier.
    pub fn model(&self, id: &str) -> Result<&Model, UnknownModel> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| UnknownModel(id.to_owned()))
    }

    /// Every model, in the table's order.
    pub fn models(&self) -> &[Model] {
        &self.models
    }
}

#[cfg(test)]
mod tests;
