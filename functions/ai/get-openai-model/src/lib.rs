//! `GET /v1/models/{id}`: one of the models that the caller may ask, in OpenAI's format.

use application_ai as ai;
use application_ai::Registry;
use application_core::{Configured, Error};
use contracts::openai::Model;
use domain::authority::{Authority, ReadModels};
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use percent_encoding::percent_decode_str;
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct GetOpenaiModel {
    /// Loads budgets.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Route for GetOpenaiModel {
    type Permission = ReadModels;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadModels>) -> RouteFuture<'a> {
        // The gateway passes a path parameter on as it was sent, and many clients encode the colon of an id. No id has a
        // percent sign.
        let sent = request.path_parameter("id").unwrap_or_default();
        let id = percent_decode_str(sent).decode_utf8().map_err(|_| Error::UnknownModel)?;
        let registry = self.registry.current();
        Ok(Box::pin(async move {
            let model = ai::get_model(self.store.as_ref(), &authority, &registry, &id).await?;
            Response::json(200, &Model::new(&model.id, model.provider.as_str()))
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
