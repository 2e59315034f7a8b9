//! The models that this deployment can ask.

use adapter_aws::AwsSettings;
use application_ai::Registry;
use edge::Settings;

/// Names the server that speaks OpenAI's wire format. Without it, the deployment has models on Bedrock only.
pub(crate) const OPENAI_BASE_URL: &str = "OPENAI_BASE_URL";

/// The registry without the models that this deployment does not have.
pub fn deployed_models(registry: &Registry, settings: &Settings, aws: &AwsSettings) -> Registry {
    let has_openai = settings.optional(OPENAI_BASE_URL).is_some();
    registry.deployed(&aws.region, has_openai, aws.has_own_bedrock())
}
