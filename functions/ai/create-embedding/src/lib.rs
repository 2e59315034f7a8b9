//! `POST /v1/ai/embeddings`: turns texts into vectors.

use application_ai as ai;
use application_ai::{EmbeddingRequest, Embeddings};
use application_core::{Configured, CurrentVersion};
use contracts::ai::{EmbeddingRequest as Body, Embeddings as Vectors, InputType as TextUse};
use domain::ai::decimal_usd;
use domain::authority::{Authority, CreateEmbeddings};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::InputType;

/// The name of the texts in the body.
const FIELD: &str = "texts";

/// The handler and its ports.
pub struct CreateEmbedding {
    /// The ports of the use case.
    pub needs: Configured<Embeddings>,
}

impl Route for CreateEmbedding {
    type Permission = CreateEmbeddings;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<CreateEmbeddings>) -> RouteFuture<'a> {
        let needs = self.needs.current();
        let judge = |body: &Body| ai::check_embedding(&needs.registry, &texts(body.clone()), FIELD);
        let asked = texts(request.long_json(judge)?);
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let answer = ai::create_embedding(&needs, &context, &authority, asked, FIELD).await?;
            let body = Vectors {
                id: answer.head.request_id.to_string(),
                model: answer.head.model.clone(),
                vectors: answer.vectors,
                input_tokens: answer.cost.tokens.input,
                cost_usd: decimal_usd(answer.cost.nano_usd),
                price_version: answer.price_version,
            };
            Ok(Response::json(200, &body)?.with_model_answer(&answer.head, &answer.cost))
        }))
    }
}

/// The body as input of the use case.
fn texts(body: Body) -> EmbeddingRequest {
    let Body { model, texts, dimensions, input_type } = body;
    let input_type = match input_type {
        TextUse::Document => InputType::Document,
        TextUse::Query => InputType::Query,
    };
    EmbeddingRequest { model, texts, dimensions, input_type, base64: false }
}
