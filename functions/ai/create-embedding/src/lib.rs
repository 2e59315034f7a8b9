//! `POST /v1/ai/embeddings`: texts as vectors.

use application::ai::{self, EmbeddingRequest, Embeddings};
use application::ports::{BoxFuture, Store};
use contracts::ai::{EmbeddingRequest as Body, Embeddings as Vectors};
use domain::ai::decimal_usd;
use domain::authority::CreateEmbeddings;
use edge::http::answer_headers;
use edge::{Handler, Problem, Request, Response};
use std::sync::Arc;

/// What the function needs.
pub struct CreateEmbedding {
    /// Where refusals are recorded.
    pub store: Arc<dyn Store>,
    /// What embeddings need.
    pub needs: Embeddings,
}

impl Handler for CreateEmbedding {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application::authorize::<CreateEmbeddings>(store, &context, &request.caller()?).await?;
            let Body { model, texts, dimensions } = request.long_json()?;
            let asked = EmbeddingRequest { model, texts, dimensions, base64: false };
            let answer = ai::create_embedding(&self.needs, &context, &authority, asked, "texts").await?;
            let body = Vectors {
                id: answer.head.request_id.to_string(),
                model: answer.head.model.clone(),
                vectors: answer.vectors,
                input_tokens: answer.cost.tokens.input,
                cost_usd: decimal_usd(answer.cost.nano_usd),
                price_version: self.needs.registry.version.clone(),
            };
            let mut response = Response::json(200, &body)?.with_rate_limit(answer.head.limit);
            for (name, value) in answer_headers(&answer.head, Some(&answer.cost)) {
                response = response.with_header(name, value);
            }
            Ok(response)
        })
    }
}
