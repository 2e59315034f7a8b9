//! Earlier prices: usage that was metered at an earlier version of the table, or of a tenant's own prices, is explained
//! with that version's prices, never with today's.

use super::registry::{Model, Registry, RegistryError};
use domain::Versioned;
use domain::ai::{AiPrices, FineTunedModel, TokenPrices};
use std::collections::BTreeMap;

/// The text between the table's version and that of the tenant's own prices.
const TENANT: &str = "+tenant.";

/// The end of a version of which the provider's prices of batches are meant.
const BATCH: &str = "+batch";

/// The same version of prices, with the provider's prices of batches.
pub(super) fn batch_version(version: &str) -> String {
    format!("{version}{BATCH}")
}

/// The model at its provider's prices of batches, at a version of the prices. Organizations have no such prices of their
/// own, so those of the version change nothing.
pub(super) fn batch_prices(version: &str, id: &str) -> Option<Model> {
    let own = own_version(version).map(|own| (own, BTreeMap::new()));
    PriceBook::shipped().ok()?.model(&batch_version(version), id, &own.into_iter().collect())
}

/// A tenant's own prices by model, by their version.
pub type OwnPrices = BTreeMap<u64, BTreeMap<String, TokenPrices>>;

/// The name of a price version: the table's version, and the version of the tenant's own prices if it has any, such as
/// `2026-11-21+tenant.3`.
fn version_name(table: &str, own: Option<u64>) -> String {
    own.map_or_else(|| table.to_owned(), |own| format!("{table}{TENANT}{own}"))
}

/// The model at the tenant's price.
pub(super) fn priced(model: &Model, prices: Option<&Versioned<AiPrices>>) -> Model {
    let own = prices.and_then(|prices| prices.state.prices.get(model.priced_as()));
    own.map_or_else(|| model.clone(), |own| model.at(own))
}

/// The version of the registry's prices, with that of the tenant's own prices if it has any.
pub(super) fn price_version(registry: &Registry, prices: Option<&Versioned<AiPrices>>) -> String {
    let own = prices.filter(|prices| !prices.state.prices.is_empty());
    version_name(&registry.version, own.map(|prices| prices.version))
}

/// The table's version in such a name, and that of the tenant's own prices.
fn parts(version: &str) -> (&str, Option<u64>) {
    let version = version.strip_suffix(BATCH).unwrap_or(version);
    let own = version.split_once(TENANT).and_then(|(table, own)| Some((table, Some(own.parse().ok()?))));
    own.unwrap_or((version, None))
}

/// The version of the tenant's own prices that a price version names.
pub fn own_version(version: &str) -> Option<u64> {
    let (_, own) = parts(version);
    own
}

/// Earlier tables, which are not used for new requests. A change of `models.json` keeps the old file as
/// `models-<version>.json` and adds it here, for as long as months that were metered with it can be asked for.
const EARLIER: [&str; 3] = [
    include_str!("models-2026-11-21.json"),
    include_str!("models-2026-11-29.json"),
    include_str!("models-2026-11-30.json"),
];

/// Tables of models with their prices, by version.
#[derive(Debug, Clone)]
pub struct PriceBook(Vec<Registry>);

impl PriceBook {
    /// The current table and the earlier ones.
    pub fn shipped() -> Result<Self, RegistryError> {
        let earlier = EARLIER.into_iter().map(Registry::parse);
        std::iter::once(Registry::shipped()).chain(earlier).collect::<Result<_, _>>().map(Self)
    }

    /// A book of these tables.
    pub fn new(tables: Vec<Registry>) -> Self {
        Self(tables)
    }

    /// The model at the prices of a version; `None` when one of its tables, or the model, is unknown. A fine-tuned model
    /// is its base model, which its name tells.
    pub fn model(&self, version: &str, id: &str, own: &OwnPrices) -> Option<Model> {
        let trained = FineTunedModel::parse(id);
        let id = trained.as_ref().map_or(id, |trained| trained.base_model.as_str());
        let (table, number) = parts(version);
        let model = self.0.iter().find(|known| known.version == table)?.model(id).ok()?;
        let own = match number {
            Some(number) => own.get(&number)?.get(id),
            None => None,
        };
        let priced = own.map_or_else(|| model.clone(), |own| model.at(own));
        if version.ends_with(BATCH) { priced.at_batch_prices() } else { Some(priced) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"version": "old", "models": [{"id": "amazon.nova-pro-v1:0", "provider": "bedrock", "use": "chat",
        "input": "9", "output": "9", "cache_read": "9", "cache_write": "9", "context_tokens": 1, "max_output_tokens": 1}]}"#;

    #[test]
    fn every_version_has_its_own_prices() {
        let shipped = Registry::shipped().unwrap();
        let book = PriceBook::new(vec![shipped.clone(), Registry::parse(OLD).unwrap()]);
        let own = OwnPrices::new();
        let price = |version| book.model(version, "amazon.nova-pro-v1:0", &own).map(|model| model.input);
        assert_eq!((price(&shipped.version), price("old"), price("never")), (Some(800), Some(9_000), None));
        assert!(book.model("old", "us.amazon.nova-pro-v1:0", &own).is_none());
    }

    #[test]
    fn a_tenants_prices_lie_on_the_table_of_their_request() {
        const NOVA: &str = "amazon.nova-pro-v1:0";
        let shipped = Registry::shipped().unwrap();
        let book = PriceBook::new(vec![shipped.clone(), Registry::parse(OLD).unwrap()]);
        let cheap = TokenPrices { input: 1, output: 2, cache_read: 3, cache_write: 4 };
        let own =
            OwnPrices::from([(2, BTreeMap::from([(NOVA.to_owned(), cheap)])), (3, BTreeMap::default())]);
        let price = |version: &str| book.model(version, NOVA, &own).map(|model| model.input);
        assert_eq!(price(&version_name("old", Some(2))), Some(1));
        // A fine-tuned model has the prices of its base model.
        let tuned = format!("ft:{NOVA}:finetune_01kajttxj0f048g2081040g208");
        let input = |version: &str| book.model(version, &tuned, &own).map(|model| model.input);
        assert_eq!((input("old+tenant.2"), input("old"), input("never")), (Some(1), Some(9_000), None));
        // Without an own price for the model, the table's price applies: that of the request's version, not today's.
        assert_eq!(
            (price("old+tenant.3"), price(&format!("{}+tenant.3", shipped.version))),
            (Some(9_000), Some(800))
        );
        for unknown in ["old+tenant.4", "never+tenant.2", "old+tenant.", "old+tenant.x", "old+tenant"] {
            assert_eq!(price(unknown), None, "{unknown}");
        }
        assert_eq!((own_version("old+tenant.12"), own_version("old")), (Some(12), None));
    }

    #[test]
    fn a_batch_of_the_provider_has_the_provider_s_prices_of_batches() {
        let shipped = Registry::shipped().unwrap();
        let version = batch_version(&shipped.version);
        let book = PriceBook::new(vec![shipped]);
        let price = |id: &str| book.model(&version, id, &OwnPrices::new()).map(|model| model.input);
        assert_eq!(price("amazon.nova-pro-v1:0"), Some(400));
        // Its provider has no batches of it.
        assert_eq!(price("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), None);
        assert_eq!(own_version("old+tenant.12+batch"), Some(12));
    }

    #[test]
    fn versions_are_shipped_once() {
        let book = PriceBook::shipped().unwrap();
        let versions: std::collections::BTreeSet<&str> =
            book.0.iter().map(|table| table.version.as_str()).collect();
        assert_eq!(versions.len(), book.0.len());
    }
}
