//! `POST /v1/ai/embeddings`: checks who calls and answers without a body.

use application::ports::BoxFuture;
use domain::authority::CreateCompletions;
use edge::{Handler, Problem, Request, Response};

/// Answers 204 to everybody who may `completion:create`. Replace the answer by the use case's: give it what that needs as
/// fields, hand it `request.context()` and the authority, and turn what it returns into the contract's body.
pub struct CreateEmbedding;

impl Handler for CreateEmbedding {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            request.caller()?.authorize::<CreateCompletions>()?;
            request.idempotency_key("createEmbedding")?;
            Ok(Response::no_content())
        })
    }
}
