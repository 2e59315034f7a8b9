//! `GET /v1/models`: the models that the caller may ask, in OpenAI's format.

use application_ai as ai;
use application_ai::Registry;
use application_core::Configured;
use contracts::openai::{Model, ModelList};
use domain::authority::ReadModels;
use edge::problem::ProblemFormat;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListOpenaiModels {
    /// Loads budgets.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Handler for ListOpenaiModels {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ReadModels>(store, &context, &request.caller()?).await?;
            let (limiter, registry) = (self.limiter.as_ref(), self.registry.current());
            let (models, decision) = ai::list_models(store, limiter, &context, &authority, &registry).await?;
            let model = |model: &ai::Model| Model {
                id: model.id.clone(),
                object: "model".to_owned(),
                created: 0,
                owned_by: model.provider.as_str().to_owned(),
            };
            let body = ModelList { object: "list".to_owned(), data: models.into_iter().map(model).collect() };
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
