//! `GET /v1/ai/models`: the models that the caller may ask, at the prices of the caller's organization.

use application_ai as ai;
use application_ai::{Model, ModelUse, Registry};
use application_core::Configured;
use contracts::ai::{Model as ModelBody, ModelList};
use domain::authority::{Authority, ReadModels};
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListModels {
    /// Loads budgets.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Route for ListModels {
    type Permission = ReadModels;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, _: &'a Request, authority: Authority<ReadModels>) -> RouteFuture<'a> {
        let registry = self.registry.current();
        Ok(Box::pin(async move {
            let models = ai::list_priced_models(self.store.as_ref(), &authority, &registry).await?;
            let body = ModelList {
                data: models.models.iter().map(body).collect(),
                price_version: models.price_version,
            };
            Response::json(200, &body)
        }))
    }
}

fn body(model: &Model) -> ModelBody {
    ModelBody {
        id: model.id.clone(),
        provider: model.provider.as_str().to_owned(),
        usage: match model.usage {
            ModelUse::Chat => "chat".to_owned(),
            ModelUse::Embeddings => "embeddings".to_owned(),
        },
        input_usd: dollars(model.input),
        output_usd: dollars(model.output),
        cache_read_usd: dollars(model.cache_read),
        cache_write_usd: dollars(model.cache_write),
        context_tokens: model.context_tokens,
        max_output_tokens: model.max_output_tokens,
        dimensions: model.dimensions,
    }
}

/// Turns nano-dollars a token into dollars for a million tokens, with three places.
fn dollars(nano_per_token: u64) -> String {
    format!("{}.{:03}", nano_per_token / 1000, nano_per_token % 1000)
}
