//! Sets the prices for one tenant by its contract with the operator: two reads, one write. Only an operator can do
//! this, so no permission of a tenant is checked.

use super::price_book::price_version;
use super::registry::Registry;
use application_core::command::{ChangeOrCreate, Changed, Command, Idempotency, change_or_create};
use application_core::repository::{self, Actor};
use application_core::{Context, Error, Precondition};
use domain::ai::{AiPrices, OverridePrices, override_prices};
use domain::field::FieldChecks;
use domain::id::OrganizationId;
use domain::tenancy::Organization;
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store};
use std::collections::{BTreeMap, BTreeSet};

/// Prices of a model as decimals in US dollars for a million tokens, like those of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTexts {
    /// Input tokens.
    pub input: String,
    /// Output tokens.
    pub output: String,
    /// Input tokens that are read from the prompt cache.
    pub cache_read: String,
    /// Input tokens that are written to the prompt cache.
    pub cache_write: String,
}

/// The request of an operator.
#[derive(Debug, Clone)]
pub struct PricesInput {
    /// The organization.
    pub organization: OrganizationId,
    /// Prices by model; empty for the registry's prices.
    pub prices: BTreeMap<String, PriceTexts>,
    /// The contract.
    pub reference: String,
}

/// The result of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricesOverride {
    /// The version of the prices of the tenant's next requests.
    pub price_version: String,
    /// Whether anything changed.
    pub changed: bool,
}

/// Replaces all of the tenant's own prices.
///
/// # Errors
///
/// [`Error::InvalidFields`] names what is wrong; an organization that does not exist is `organization_id`. Of two operators at
/// once the later one's prices hold.
pub async fn override_model_prices(
    store: &dyn Store,
    registry: &Registry,
    context: &Context,
    input: &PricesInput,
) -> Result<PricesOverride, Error> {
    let tenant = input.organization;
    let organization = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
    if repository::load::<Organization>(store, &organization).await?.is_none() {
        let mut check = FieldChecks::default();
        check.wrong("organization_id", "unknown", "names an organization that does not exist");
        check.finish(())?;
    }
    let texts = |price: &'_ PriceTexts| -> [String; 4] {
        let PriceTexts { input, output, cache_read, cache_write } = price.clone();
        [input, output, cache_read, cache_write]
    };
    let prices: BTreeMap<String, [String; 4]> =
        input.prices.iter().map(|(model, price)| (model.clone(), texts(price))).collect();
    let prices =
        prices.iter().map(|(model, texts)| (model.clone(), texts.each_ref().map(String::as_str))).collect();
    let known_models: BTreeSet<String> = registry.models().iter().map(|model| model.id.clone()).collect();
    let own = OverridePrices { prices: &prices, reference: &input.reference, known_models: &known_models };
    let actor = Actor::system("override-model-prices");
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let overriding = ChangeOrCreate {
        key: AggregateKey::new(tenant, AggregateType::AiPrices, &tenant),
        precondition: &Precondition::NONE,
        decide: &|current: Option<&Versioned<AiPrices>>| {
            Ok(override_prices(current.map(|current| &current.state), &own)?.into_iter().collect())
        },
    };
    let Changed { after, wrote } = change_or_create(&command, &overriding).await?;
    Ok(PricesOverride { price_version: price_version(registry, after.as_ref()), changed: wrote })
}
