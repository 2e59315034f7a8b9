//! Counts the tokens of a prompt before a model is asked. The number is an estimate, because providers count with tokenizers of
//! their own. It asks no model and costs nothing.

use super::bound::{FileTokens, estimated_input_tokens};
use super::list_models::find_model;
use super::registry::{Model, ModelUse, Registry};
use application_core::Error;
use domain::ai::PromptSize;
use domain::authority::{Authority, CreateCompletions};
use ports::Store;

/// The estimated input tokens of a prompt of this size for a model; without a name, for the model with the largest files. A
/// model that the tenant may not ask is answered like an unknown one.
pub async fn count_tokens(
    store: &dyn Store,
    authority: &Authority<CreateCompletions>,
    registry: &Registry,
    model: Option<&str>,
    size: &PromptSize,
) -> Result<u64, Error> {
    let models: Vec<Model> = match model {
        Some(name) => {
            let model = find_model(store, authority.tenant(), registry, name).await?;
            vec![Some(model).filter(|model| model.usage == ModelUse::Chat).ok_or(Error::UnknownModel)?]
        }
        None => registry.models().to_vec(),
    };
    Ok(estimated_input_tokens(size, FileTokens::most_of(&models)))
}
