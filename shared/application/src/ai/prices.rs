//! What models cost: a versioned table in the repository, with the source and date of each price.

use crate::ports::Usage;
use serde::Deserialize;

/// The table that this build ships.
const SHIPPED: &str = include_str!("prices.json");

/// Prices of one model in 10^-9 US dollars per token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPrice {
    /// The model's identifier at its provider.
    pub id: String,
    /// Per token read.
    pub input: u64,
    /// Per token written.
    pub output: u64,
    /// Per token read from the prompt cache.
    pub cache_read: u64,
    /// Per token written to the prompt cache.
    pub cache_write: u64,
    /// Tokens that question and answer may have together.
    pub context_tokens: u64,
}

impl ModelPrice {
    /// What a call cost, in 10^-9 US dollars.
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
}

/// The price table.
#[derive(Debug, Clone)]
pub struct PriceTable {
    /// Stored with every cost, so that it can be explained later.
    pub version: String,
    models: Vec<ModelPrice>,
}

/// The table can't be read.
#[derive(Debug, thiserror::Error)]
pub enum PriceTableError {
    /// It is no table.
    #[error("the price table is malformed")]
    Malformed(#[from] serde_json::Error),
    /// A price is no decimal number of dollars with at most three places.
    #[error("the price of {0} is not a decimal number")]
    Price(String),
}

/// The table has no price for the model.
#[derive(Debug, thiserror::Error)]
#[error("the price table has no model {0}; add it to prices.json, or name one that it has")]
pub struct UnknownModel(pub String);

#[derive(Deserialize)]
struct Table {
    version: String,
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    input: String,
    output: String,
    cache_read: String,
    cache_write: String,
    context_tokens: u64,
}

impl PriceTable {
    /// The table that this build ships.
    pub fn shipped() -> Result<Self, PriceTableError> {
        Self::parse(SHIPPED)
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, PriceTableError> {
        let table: Table = serde_json::from_str(text)?;
        let models = table.models.into_iter().map(price).collect::<Result<_, _>>()?;
        Ok(Self { version: table.version, models })
    }

    /// The price of a model.
    pub fn price(&self, model: &str) -> Result<&ModelPrice, UnknownModel> {
        self.models.iter().find(|price| price.id == model).ok_or_else(|| UnknownModel(model.to_owned()))
    }
}

fn price(row: Row) -> Result<ModelPrice, PriceTableError> {
    let per_token =
        |dollars: &str| nano_per_token(dollars).ok_or_else(|| PriceTableError::Price(row.id.clone()));
    Ok(ModelPrice {
        input: per_token(&row.input)?,
        output: per_token(&row.output)?,
        cache_read: per_token(&row.cache_read)?,
        cache_write: per_token(&row.cache_write)?,
        context_tokens: row.context_tokens,
        id: row.id.clone(),
    })
}

/// Dollars per million tokens are thousands of nano-dollars per token, so three decimal places are exact.
fn nano_per_token(dollars: &str) -> Option<u64> {
    let (whole, places) = dollars.split_once('.').unwrap_or((dollars, ""));
    if places.len() > 3 || !places.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let thousandths: u64 = format!("{places:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_price_is_exact_and_sourced() {
        let table = PriceTable::shipped().unwrap();
        let sonnet = table.price("us.anthropic.claude-sonnet-4-5-20250929-v1:0").unwrap();
        assert_eq!(
            (sonnet.input, sonnet.output, sonnet.cache_read, sonnet.cache_write),
            (3300, 16500, 330, 4125)
        );
        let rows: serde_json::Value = serde_json::from_str(SHIPPED).unwrap();
        for row in rows["models"].as_array().unwrap() {
            assert!(!row["source"].as_str().unwrap().is_empty());
            assert_eq!(row["as_of"].as_str().unwrap().len(), 10);
            assert!(table.price(row["id"].as_str().unwrap()).is_ok());
        }
        assert!(table.price("no-such-model").is_err());
    }

    #[test]
    fn counts_each_kind_of_token_at_its_own_price() {
        let table = PriceTable::shipped().unwrap();
        let price = table.price("amazon.nova-pro-v1:0").unwrap();
        let usage =
            Usage { input_tokens: 1000, output_tokens: 100, cache_read_tokens: 10, cache_write_tokens: 1 };
        assert_eq!(price.cost(&usage), 1000 * 800 + 100 * 3200 + 10 * 200 + 800);
    }

    #[test]
    fn refuses_prices_that_would_be_rounded() {
        for bad in ["0.0001", "-1", "1e3", "", ".", "1,5"] {
            assert_eq!(nano_per_token(bad), None, "{bad}");
        }
    }
}
