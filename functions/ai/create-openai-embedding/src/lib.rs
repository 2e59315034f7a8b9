//! `POST /v1/embeddings`: texts as vectors, as OpenAI's clients ask for them.

use application::ai::{self, EmbeddingRequest, Embeddings};
use application::ports::{BoxFuture, InputType, Store};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::openai::{
    Embedding, EmbeddingList, EmbeddingRequest as Body, EmbeddingUsage, EncodingFormat, Input,
};
use domain::authority::CreateEmbeddings;
use domain::field::Check;
use edge::http::answer_headers;
use edge::problem::ProblemFormat;
use edge::{Handler, Problem, Request, Response};
use serde_json::Value;
use std::sync::Arc;

/// Characters of the longest label.
const LONGEST_LABEL: usize = 512;

/// What the function needs.
pub struct CreateOpenaiEmbedding {
    /// Where refusals are recorded.
    pub store: Arc<dyn Store>,
    /// What embeddings need.
    pub needs: Embeddings,
}

impl Handler for CreateOpenaiEmbedding {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application::authorize::<CreateEmbeddings>(store, &context, &request.caller()?).await?;
            let body: Body = request.json()?;
            if let Some(user) = &body.user {
                let mut check = Check::default();
                check.verbatim("user", user, LONGEST_LABEL);
                check.finish(())?;
            }
            let texts = match body.input {
                Input::One(text) => vec![text],
                Input::Several(texts) => texts,
            };
            let asked = EmbeddingRequest {
                model: body.model,
                texts,
                dimensions: body.dimensions,
                // OpenAI's format knows no other.
                input_type: InputType::Document,
            };
            let answer = ai::create_embedding(&self.needs, &context, &authority, asked, "input").await?;
            let tokens = answer.cost.tokens.input;
            let format = body.encoding_format.unwrap_or(EncodingFormat::Float);
            let vectors = (0..).zip(answer.vectors);
            let list = EmbeddingList {
                object: "list".to_owned(),
                data: vectors.map(|(index, vector)| embedding(index, &vector, format)).collect(),
                model: answer.head.model.clone(),
                usage: EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens },
            };
            let mut response = Response::json(200, &list)?.with_rate_limit(answer.head.limit);
            for (name, value) in answer_headers(&answer.head, Some(&answer.cost)) {
                response = response.with_header(name, value);
            }
            Ok(response)
        })
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}

fn embedding(index: u32, vector: &[f32], format: EncodingFormat) -> Embedding {
    let embedding = match format {
        EncodingFormat::Float => vector.iter().map(|number| Value::from(*number)).collect(),
        EncodingFormat::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Value::from(STANDARD.encode(bytes))
        }
    };
    Embedding { object: "embedding".to_owned(), index, embedding }
}
