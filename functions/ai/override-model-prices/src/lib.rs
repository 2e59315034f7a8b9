//! An operator sets the prices of models that one organization is charged, by a contract. It has no route: prices are not a
//! tenant's to set, and who may invoke it IAM says.

use application_ai::{PriceTexts, PricesInput, Registry, override_model_prices};
use application_core::{Context, Error};
use domain::id::OrganizationId;
use edge::operator::{OperatorHandler, read};
use ports::{BoxFuture, Store};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the function needs.
pub struct OverrideModelPrices {
    /// Where organizations and their prices are kept.
    pub store: Arc<dyn Store>,
    /// The models that there are.
    pub registry: Registry,
}

/// What an operator sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    organization_id: OrganizationId,
    /// All prices of its own, by model; none to charge the registry's again.
    prices: BTreeMap<String, Prices>,
    /// The contract, or another reason that explains the prices later.
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
