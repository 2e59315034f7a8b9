//! Prices of models that apply to one tenant alone, by a contract with the operator. The operator sets them: no tenant
//! can change its own prices.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The highest price: ten thousand dollars for a million tokens, in nano-dollars a token.
const DEAREST: u64 = 10_000_000;
/// The most characters of a reference.
const LONGEST_REFERENCE: usize = 200;

/// Prices of one model, in 10^-9 US dollars per token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPrices {
    /// For an input token.
    pub input: u64,
    /// For an output token.
    pub output: u64,
    /// For an input token that is read from the prompt cache.
    pub cache_read: u64,
    /// For an input token that is written to the prompt cache.
    pub cache_write: u64,
}

/// The state of a tenant's own prices. Its version is part of the price version of every request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiPrices {
    /// Prices by model; other models have the registry's prices.
    pub prices: BTreeMap<String, TokenPrices>,
    /// The contract.
    pub reference: String,
    /// When they were last changed.
    pub updated_at: Timestamp,
}

/// An event of a tenant's prices.
#[derive(Debug, Clone, PartialEq)]
pub enum AiPricesEvent {
    /// They were set.
    Overridden(PricesOverridden),
}

/// The facts of `ai_prices_overridden`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricesOverridden {
    /// Prices by model from now on; empty for the registry's prices.
    pub prices: BTreeMap<String, TokenPrices>,
    /// The contract.
    pub reference: String,
}

/// The command that sets a tenant's prices.
#[derive(Debug, Clone, Copy)]
pub struct OverridePrices<'a> {
    /// By model: input, output, cache read and cache write, as decimals in US dollars for a million tokens.
    pub prices: &'a BTreeMap<String, [&'a str; 4]>,
    /// The contract.
    pub reference: &'a str,
    /// The models that exist.
    pub known_models: &'a BTreeSet<String>,
}

/// Decides `ai_prices_overridden`; no event when prices and reference do not change. A tenant that never had own prices
/// has empty ones.
pub fn override_prices(
    current: Option<&AiPrices>,
    command: &OverridePrices<'_>,
) -> Result<Option<AiPricesEvent>, InvalidFields> {
    let mut check = FieldChecks::default();
    let reference = check.line("reference", command.reference, LONGEST_REFERENCE);
    let mut prices = BTreeMap::new();
    for (model, texts) in command.prices {
        if command.known_models.contains(model) {
            prices.insert(model.clone(), token_prices(&mut check, model, texts));
        } else {
            check.wrong("prices", "unknown", "unknown model; GET /v1/ai/models lists the known ones");
        }
    }
    let unchanged = match current {
        Some(current) => current.prices == prices && current.reference == reference,
        None => prices.is_empty(),
    };
    let event = AiPricesEvent::Overridden(PricesOverridden { prices, reference });
    check.finish((!unchanged).then_some(event))
}

fn token_prices(check: &mut FieldChecks, model: &str, texts: &[&str; 4]) -> TokenPrices {
    let mut price = |name: &str, text: &str| {
        let field = format!("prices.{model}.{name}");
        match nano_per_token(text) {
            Some(price) if price <= DEAREST => price,
            Some(_) => {
                check.wrong(&field, "range", "must be at most 10000 dollars a million tokens");
                0
            }
            None => {
                check.wrong(&field, "format", "must be a decimal such as 3.30, with at most three places");
                0
            }
        }
    };
    let [input, output, cache_read, cache_write] = texts;
    let prices = TokenPrices {
        input: price("input", input),
        output: price("output", output),
        cache_read: price("cache_read", cache_read),
        cache_write: price("cache_write", cache_write),
    };
    if prices.cache_read > prices.input {
        let field = format!("prices.{model}.cache_read");
        check.wrong(&field, "range", "must be at most the price of input");
    }
    prices
}

/// Turns dollars for a million tokens into nano-dollars for a token: thousandths of a dollar, so three decimal places
/// are exact.
pub fn nano_per_token(dollars: &str) -> Option<u64> {
    let (whole, places) = dollars.split_once('.').unwrap_or((dollars, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if places.len() > 3 || !digits(places) || !digits(whole) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let thousandths: u64 = format!("{places:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(thousandths)
}

impl Aggregate for AiPrices {
    const TYPE: AggregateType = AggregateType::AiPrices;
    type Event = AiPricesEvent;

    fn apply(_: Option<Self>, event: &AiPricesEvent, meta: EventMeta) -> Option<Self> {
        let AiPricesEvent::Overridden(PricesOverridden { prices, reference }) = event;
        Some(Self { prices: prices.clone(), reference: reference.clone(), updated_at: meta.at })
    }
}

impl DomainEvent for AiPricesEvent {
    fn encode(&self) -> EncodedEvent {
        let Self::Overridden(facts) = self;
        EncodedEvent::facts("ai_prices_overridden", facts)
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("ai_prices_overridden", 1) => event.read().map(Self::Overridden),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
