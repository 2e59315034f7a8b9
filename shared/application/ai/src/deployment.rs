//! The models of the registry that a deployment has, by its region and its configuration.

use crate::registry::{Model, ModelUse, Provider, Registry};
use application_core::Configured;
use domain::configuration::{CatalogModel, ModelCatalog, RuntimeConfiguration};
use ports::{Configuration, Source};
use std::sync::Arc;

/// The model of a server that replaces Bedrock.
const SELF_HOSTED: &str = "self-hosted";

impl Registry {
    /// The models that a deployment in this region can call; the others don't exist in it. OpenAI's models need a
    /// server with its API, and the self-hosted model needs a server that replaces Bedrock.
    fn deployed(&self, region: &str, openai: impl Fn(&str) -> bool, own_bedrock: bool) -> Self {
        let there = |model: &&Model| match model.provider {
            Provider::Openai => openai(&model.id),
            Provider::Bedrock if model.id == SELF_HOSTED => own_bedrock,
            Provider::Bedrock => reaches(&model.id, region),
        };
        let models = self.models.iter().filter(there).cloned().collect();
        Self { version: self.version.clone(), models }
    }

    /// The same models. Those that the provider trains in this region can be fine-tuned if the deployment allows it;
    /// the operator pays for the training, and no tenant's budget counts it.
    pub fn with_fine_tuning(mut self, on: bool, region: &str) -> Self {
        for model in &mut self.models {
            let here = on && model.training_regions.iter().any(|there| there == region);
            model.training_model = model.training_model.take().filter(|_| here);
        }
        self
    }

    /// The properties of the models that the reader of the configuration needs.
    pub fn catalog(&self) -> ModelCatalog {
        let model = |model: &Model| CatalogModel {
            converses: model.usage == ModelUse::Chat,
            openai_compatible: model.provider == Provider::Openai,
        };
        self.models.iter().map(|of| (of.id.clone(), model(of))).collect()
    }

    /// The models that a deployment in this region can call and fine-tune with this configuration.
    pub fn configured(&self, configuration: &RuntimeConfiguration, region: &str, own_bedrock: bool) -> Self {
        let served = |model: &str| configuration.provider_of(model).is_some();
        self.deployed(region, served, own_bedrock).with_fine_tuning(configuration.fine_tuning, region)
    }

    /// The models of the current configuration, updated with each later one.
    pub fn following(
        self,
        configuration: Arc<dyn Configuration>,
        region: String,
        own_bedrock: bool,
    ) -> Result<Configured<Self>, Source> {
        Configured::following(configuration, move |configuration| {
            Ok(self.configured(configuration, &region, own_bedrock))
        })
    }
}

/// Whether a model can be called from a region. An inference profile belongs to a geography:
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>.
fn reaches(id: &str, region: &str) -> bool {
    let within = |parts: &[&str]| parts.iter().any(|part| region.starts_with(part));
    match id.split_once('.').map(|(profile, _)| profile) {
        Some("us") => within(&["us-", "ca-"]) && !within(&["us-gov-"]),
        Some("eu") => within(&["eu-"]),
        Some("apac") => within(&["ap-"]),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_has_the_models_that_it_can_ask() {
        let table = Registry::shipped().unwrap();
        let (us, eu) = ("us.amazon.nova-pro-v1:0", "eu.amazon.nova-pro-v1:0");
        let has = |region, openai, own_bedrock| {
            let deployed = table.deployed(region, |_| openai, own_bedrock);
            [us, eu, "amazon.nova-pro-v1:0", "gpt-4o-mini", "self-hosted", "self-hosted-embeddings"]
                .map(|id| deployed.model(id).is_ok())
        };
        assert_eq!(has("us-east-1", false, false), [true, false, true, false, false, false]);
        assert_eq!(has("eu-west-1", true, false), [false, true, true, true, false, true]);
        assert_eq!(has("ap-south-1", false, true), [false, false, true, false, true, false]);
        assert!(!has("us-gov-west-1", false, false)[0]);
    }

    #[test]
    fn a_configuration_says_which_servers_there_are_and_whether_models_are_tuned() {
        let table = Registry::shipped().unwrap();
        let document = br#"{"version": 1, "chains": {"lead_scoring": ["rules"], "completion": ["gpt-4o-mini"]}, "fine_tuning": true, "providers": [
            {"name": "own", "base_url": "http://127.0.0.1:11434/v1", "models": ["gpt-4o-mini"]}]}"#;
        let configuration = RuntimeConfiguration::parse(document, Some(&table.catalog())).unwrap();
        let configured = table.configured(&configuration, "us-east-1", false);
        let has = |id: &str| configured.model(id).is_ok();
        assert!(has("gpt-4o-mini") && has("amazon.nova-pro-v1:0") && has("us.amazon.nova-pro-v1:0"));
        // No configured server has the first, and the second belongs to another geography.
        assert!(!has("gpt-4.1-mini") && !has("eu.amazon.nova-pro-v1:0"));
        assert!(configured.model("amazon.nova-pro-v1:0").unwrap().training_model.is_some());
        let none = table.configured(&RuntimeConfiguration::default(), "us-east-1", false);
        assert!(none.model("gpt-4o-mini").is_err());
        assert!(none.model("amazon.nova-pro-v1:0").unwrap().training_model.is_none());
        // Documents are checked with the catalog.
        let unknown =
            br#"{"version": 1, "chains": {"lead_scoring": ["rules"], "completion": ["no-such-model"]}}"#;
        assert!(RuntimeConfiguration::parse(unknown, Some(&table.catalog())).is_err());
    }

    #[test]
    fn models_are_trained_where_they_can_be_and_that_is_on() {
        let trainable = |table: Registry| {
            let models = table.models().iter().filter(|model| model.training_model.is_some());
            models.map(|model| model.id.clone()).collect::<Vec<_>>()
        };
        let table = Registry::shipped().unwrap();
        assert_eq!(trainable(table.clone().with_fine_tuning(false, "us-east-1")), Vec::<String>::new());
        assert_eq!(trainable(table.clone().with_fine_tuning(true, "eu-west-1")), Vec::<String>::new());
        let on = trainable(table.with_fine_tuning(true, "us-east-1"));
        assert_eq!(on, ["amazon.nova-pro-v1:0", "amazon.nova-lite-v1:0"]);
    }
}
