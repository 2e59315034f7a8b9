//! Prices as they were: what was metered at an earlier version of the table is explained with that version's prices, never
//! with today's.

use super::registry::{Model, Registry, RegistryError};

/// The tables that this build does not ask models with any more. Whoever changes `models.json` keeps the old file as
/// `models-<version>.json` and adds it here, for as long as months that were metered with it can be asked for.
const EARLIER: [&str; 0] = [];

/// Tables of models with their prices, by version.
#[derive(Debug, Clone)]
pub struct PriceBook(Vec<Registry>);

impl PriceBook {
    /// The table that this build ships, and those before it.
    pub fn shipped() -> Result<Self, RegistryError> {
        let earlier = EARLIER.into_iter().map(Registry::parse);
        std::iter::once(Registry::shipped()).chain(earlier).collect::<Result<_, _>>().map(Self)
    }

    /// These tables.
    pub fn new(tables: Vec<Registry>) -> Self {
        Self(tables)
    }

    /// The model as it was in a version of the table; `None` when the version, or the model in it, is not known.
    pub fn model(&self, version: &str, id: &str) -> Option<&Model> {
        let table = self.0.iter().find(|table| table.version == version)?;
        table.model(id).ok()
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
        let price = |version| book.model(version, "amazon.nova-pro-v1:0").map(|model| model.input);
        assert_eq!((price(&shipped.version), price("old"), price("never")), (Some(800), Some(9_000), None));
        assert!(book.model("old", "us.amazon.nova-pro-v1:0").is_none());
    }

    #[test]
    fn versions_are_shipped_once() {
        let book = PriceBook::shipped().unwrap();
        let versions: std::collections::BTreeSet<&str> =
            book.0.iter().map(|table| table.version.as_str()).collect();
        assert_eq!(versions.len(), book.0.len());
    }
}
