//! The models that may be asked, with their abilities and prices. It is a versioned table in the repository, with the
//! source and date of each row; a model that is not in it does not exist.

use domain::ai::{TokenPrices, nano_per_token};
use ports::Usage;
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
    /// Its identifier, at its provider and for callers.
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
    /// A model is in it twice.
    #[error("the model {0} is in the table twice")]
    Twice(String),
}

/// The table has no such model.
#[derive(Debug, thiserror::Error)]
#[error("there is no model {0}; add it to models.json, or name one that it has")]
pub struct UnknownModel(pub String);

#[derive(Deserialize)]
struct Table {
    version: String,
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
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
}

/// The training of a model, with its source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FineTuneRow {
    model: String,
    regions: Vec<String>,
    source: String,
    as_of: String,
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
            let model = model(row)?;
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

fn model(row: Row) -> Result<Model, RegistryError> {
    let per_token =
        |dollars: &str| nano_per_token(dollars).ok_or_else(|| RegistryError::Price(row.id.clone()));
    let training_model = match &row.fine_tune {
        None => None,
        Some(tune) if tune.is_whole() && row.provider == Provider::Bedrock && row.usage == ModelUse::Chat => {
            Some(tune.model.clone())
        }
        Some(_) => return Err(RegistryError::NotTrainable(row.id)),
    };
    Ok(Model {
        input: per_token(&row.input)?,
        output: per_token(&row.output)?,
        cache_read: per_token(&row.cache_read)?,
        one_of_temperature_top_p: row.one_of_temperature_top_p,
        no_blank_stops: row.no_blank_stops,
        image_tokens: row.image_tokens,
        documents: row.documents,
        tools: row.usage == ModelUse::Chat && !row.no_tools,
        any_property_name: !row.usual_property_names,
        prefill: !row.no_prefill,
        reasoning: row.reasoning,
        most_texts: row.most_texts,
        longest_text: row.longest_text,
        cache_write: per_token(&row.cache_write)?,
        provider: row.provider,
        usage: row.usage,
        context_tokens: row.context_tokens,
        max_output_tokens: row.max_output_tokens,
        prompt_cache_from_tokens: row.prompt_cache_from_tokens,
        dimensions: row.dimensions,
        training_model,
        training_regions: row.fine_tune.map(|tune| tune.regions).unwrap_or_default(),
        id: row.id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_price_is_exact_and_sourced() {
        let table = Registry::shipped().unwrap();
        let sonnet = table.model("us.anthropic.claude-sonnet-4-5-20250929-v1:0").unwrap();
        assert_eq!(
            (sonnet.input, sonnet.output, sonnet.cache_read, sonnet.cache_write),
            (3300, 16500, 330, 4125)
        );
        let rows: serde_json::Value = serde_json::from_str(SHIPPED).unwrap();
        for row in rows["models"].as_array().unwrap() {
            assert!(!row["source"].as_str().unwrap().is_empty());
            assert_eq!(row["as_of"].as_str().unwrap().len(), 10);
            assert!(table.model(row["id"].as_str().unwrap()).is_ok());
        }
        assert!(table.model("no-such-model").is_err());
    }

    #[test]
    fn counts_each_kind_of_token_at_its_own_price() {
        let table = Registry::shipped().unwrap();
        let price = table.model("amazon.nova-pro-v1:0").unwrap();
        let usage = Usage {
            input_tokens: 1000,
            output_tokens: 100,
            cache_read_tokens: 10,
            cache_write_tokens: 1,
            reasoning_tokens: 0,
        };
        assert_eq!(price.cost(&usage), 1000 * 800 + 100 * 3200 + 10 * 200 + 800);
    }

    #[test]
    fn refuses_prices_that_would_be_rounded() {
        for bad in ["0.0001", "-1", "1e3", "", ".", "1,5"] {
            assert_eq!(nano_per_token(bad), None, "{bad}");
        }
    }
}
