//! The models of a deployment, from the options of `up`.

use crate::local_models::LocalModels;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

/// The scoring chain without a model: the rules engine scores.
const RULES_ONLY: [&str; 1] = ["rules"];
/// The scoring chain with a model of the developer's, which answers in Bedrock's place.
const WITH_MODEL: [&str; 2] = ["self-hosted", "rules"];

/// Options of `up`.
#[derive(Args)]
pub(crate) struct UpOptions {
    /// OpenAI-compatible endpoint of the model that scores leads, such as http://localhost:11434 for Ollama.
    #[arg(long, env = "MODEL_URL", value_name = "URL")]
    model_url: Option<String>,
    /// The model to call there; the first one that it lists when absent.
    #[arg(long, env = "MODEL_NAME", value_name = "NAME")]
    model_name: Option<String>,
    /// Whether to start the small models that come along: multilingual E5 small for vectors and, without `--model-url`,
    /// SmolLM2-135M-Instruct, a toy, for conversations.
    #[arg(long, env = "LOCAL_MODELS", value_enum, default_value = "on")]
    local_models: Switch,
}

/// Whether to start the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// Start them.
    On,
    /// Leave them out.
    Off,
}

/// The models of a deployment.
pub(crate) struct Plan {
    /// The models that score leads.
    pub(crate) chain: Vec<&'static str>,
    /// The endpoint and the model that the model server forwards to.
    pub(crate) forward: Option<(String, Option<String>)>,
    /// The models of the registry that the model server serves in OpenAI's format.
    pub(crate) in_openai_format: Vec<&'static str>,
    /// The models that run on this machine.
    pub(crate) local_models: LocalModels,
}

impl Plan {
    /// The developer's plan.
    pub(crate) fn of(options: &UpOptions) -> Self {
        let (chain, forward, local_models) = match &options.model_url {
            Some(url) => {
                let forward = (url.clone(), options.model_name.clone());
                (WITH_MODEL.to_vec(), Some(forward), LocalModels::Embeddings)
            }
            None => (RULES_ONLY.to_vec(), None, LocalModels::EmbeddingsAndChat),
        };
        let is_on = options.local_models == Switch::On;
        let local_models = if is_on { local_models } else { LocalModels::Off };
        Self { chain, forward, in_openai_format: Vec::new(), local_models }
    }

    /// The model server at this address as a provider with OpenAI's format, when it serves a model as such. It takes the
    /// purpose of texts to embed by NVIDIA's names.
    pub(crate) fn provider(&self, model_server: &str) -> Option<Value> {
        let serves = !self.in_openai_format.is_empty();
        serves.then(|| {
            json!({
                "name": "model-server", "base_url": format!("{model_server}/v1"), "models": self.in_openai_format,
                "input_types": {"document": "passage", "query": "query"},
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn plan(model_url: Option<&str>, local_models: Switch) -> Plan {
        let model_url = model_url.map(str::to_owned);
        Plan::of(&UpOptions { model_url, model_name: None, local_models })
    }

    #[test]
    fn the_models_that_come_along_converse_only_where_no_other_model_does() {
        let url = Some("http://localhost:11434");
        assert_eq!(plan(None, Switch::On).local_models, LocalModels::EmbeddingsAndChat);
        assert_eq!(plan(url, Switch::On).local_models, LocalModels::Embeddings);
        assert_eq!(plan(None, Switch::Off).local_models, LocalModels::Off);
        assert_eq!(plan(url, Switch::Off).local_models, LocalModels::Off);
        // The toy scores no leads.
        assert_eq!(plan(None, Switch::On).chain, ["rules"]);
        assert_eq!(plan(url, Switch::On).chain, ["self-hosted", "rules"]);
    }

    #[test]
    fn the_model_server_is_a_provider_of_the_models_that_it_serves_in_openai_s_format() {
        let none = plan(None, Switch::On);
        assert_eq!(none.provider("http://127.0.0.1:4000"), None);
        let some = Plan { in_openai_format: vec!["gpt-4.1-mini"], ..none };
        let provider = some.provider("http://127.0.0.1:4000").unwrap();
        assert_eq!(provider["base_url"], "http://127.0.0.1:4000/v1");
        assert_eq!(provider["models"], json!(["gpt-4.1-mini"]));
    }
}
