//! Sets the prices that one organization is charged for models, by a contract. It has no route, because organizations
//! must not set their own prices; IAM decides which operator may invoke it.

use application_ai::{PriceTexts, PricesInput, Registry, override_model_prices};
use application_core::{Context, Error};
use domain::id::OrganizationId;
use edge::operator::{OperatorHandler, read};
use ports::{BoxFuture, Store};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The handler and its ports.
pub struct OverrideModelPrices {
    /// Loads organizations and commits their prices.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Registry,
}

/// The event that an operator sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    organization_id: OrganizationId,
    /// All of the organization's own prices, by model; empty to charge the registry's prices again.
    prices: BTreeMap<String, Prices>,
    /// The contract, or another reason, which explains the prices later.
    reference: String,
}

/// US dollars for a million tokens, decimals with at most three places, as in `models.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    input: String,
    output: String,
    cache_read: String,
    cache_write: String,
}

impl OperatorHandler for OverrideModelPrices {
    fn handle<'a>(&'a self, event: &'a Value, context: &'a Context) -> BoxFuture<'a, Result<Value, Error>> {
        Box::pin(async move {
            let Event { organization_id, prices, reference } = read(event)?;
            let texts = |(model, prices)| {
                let Prices { input, output, cache_read, cache_write } = prices;
                (model, PriceTexts { input, output, cache_read, cache_write })
            };
            let prices = prices.into_iter().map(texts).collect();
            let input = PricesInput { organization: organization_id, prices, reference };
            let after = override_model_prices(self.store.as_ref(), &self.registry, context, &input).await?;
            Ok(json!({
                "outcome": if after.changed { "changed" } else { "unchanged" },
                "organization_id": organization_id,
                "price_version": after.price_version,
            }))
        })
    }
}
