//! `GET /v1/models`: checks who calls and answers without a body.

use application::ports::BoxFuture;
use domain::authority::ReadModels;
use edge::{Handler, Problem, Request, Response};

/// Answers 204 to everybody who may `model:read`. Replace the answer by the use case's: give it what that needs as
/// fields, hand it `request.context()` and the authority, and turn what it returns into the contract's body.
pub struct ListOpenaiModels;

impl Handler for ListOpenaiModels {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            request.caller()?.authorize::<ReadModels>()?;
            request.only_query(&["limit", "cursor"])?;
            // There are no pages yet, so no cursor leads to one.
            if request.page()?.cursor.is_some() {
                return Err(Problem::invalid_cursor());
            }
            Ok(Response::no_content())
        })
    }
}
