//! `GET /v1/models`: the models that the caller may ask, in OpenAI's format.

use application_ai as ai;
use application_ai::Registry;
use application_core::Configured;
use contracts::openai::{Model, ModelList};
use domain::authority::{Authority, ReadModels};
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListOpenaiModels {
    /// Loads budgets.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Route for ListOpenaiModels {
    type Permission = ReadModels;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, _: &'a Request, authority: Authority<ReadModels>) -> RouteFuture<'a> {
        let registry = self.registry.current();
        Ok(Box::pin(async move {
            let models = ai::list_models(self.store.as_ref(), &authority, &registry).await?;
            let model = |model: &ai::Model| Model::new(&model.id, model.provider.as_str());
            Response::json(200, &ModelList::new(models.iter().map(model).collect()))
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
