//! Embedding models on Bedrock, by InvokeModel. Each model has bodies of its own. Two families are supported; any other
//! model counts as not available.
//!
//! Bodies: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html>.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_bedrockruntime::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_bedrockruntime::error::BoxError;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use futures_util::{StreamExt, stream};
use ports::{EmbeddingCall, EmbeddingFailure, Embeddings, InputType, ModelError};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::failure::{self, ProviderFailure, refused, unavailable};

/// Requests of one call that run at the same time.
const CONCURRENT: usize = 8;

/// The header with the token count, for models whose bodies have none.
const TOKEN_COUNT: &str = "x-amzn-bedrock-input-token-count";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Titan Text Embeddings v2: 256, 512 or 1024 numbers, one text a request.
    Titan,
    /// Cohere Embed v3: always 1024 numbers, 96 texts a request.
    CohereV3,
    /// Cohere Embed v4: 256, 512, 1024 or 1536 numbers, 96 texts a request.
    CohereV4,
}

impl Family {
    /// The family of a model id, with or without an inference profile's prefix (`us.`, `global.`), or of an ARN with one.
    fn of(model: &str) -> Option<Self> {
        let id = model.rsplit('/').next().unwrap_or(model);
        let is = |name: &str| {
            id.starts_with(name) || id.split_once('.').is_some_and(|(_, rest)| rest.starts_with(name))
        };
        if is("amazon.titan-embed-text-v2") {
            Some(Self::Titan)
        } else if is("cohere.embed-v4") {
            Some(Self::CohereV4)
        } else if is("cohere.embed-english-v3") || is("cohere.embed-multilingual-v3") {
            Some(Self::CohereV3)
        } else {
            None
        }
    }

    /// Texts that fit into one request.
    fn batch(self) -> usize {
        match self {
            Self::Titan => 1,
            Self::CohereV3 | Self::CohereV4 => 96,
        }
    }

    fn body(self, texts: &[String], dimensions: Option<u32>, input_type: InputType) -> Value {
        let mut body = match self {
            Self::Titan => json!({ "inputText": texts.first(), "normalize": true }),
            Self::CohereV3 | Self::CohereV4 => json!({
                "texts": texts,
                "input_type": match input_type {
                    InputType::Document => "search_document",
                    InputType::Query => "search_query",
                },
                "embedding_types": ["float"],
                "truncate": "NONE",
            }),
        };
        let name = match self {
            Self::Titan => "dimensions",
            Self::CohereV4 => "output_dimension",
            // Cohere Embed v3 has no such parameter.
            Self::CohereV3 => return body,
        };
        if let (Some(dimensions), Value::Object(fields)) = (dimensions, &mut body) {
            fields.insert(name.to_owned(), json!(dimensions));
        }
        body
    }
}

pub(crate) async fn embed(client: &Client, call: &EmbeddingCall) -> Result<Embeddings, EmbeddingFailure> {
    let deadline = Instant::now() + call.time_left;
    let family = Family::of(&call.model).ok_or(ModelError::NoSuchModel)?;
    if family == Family::CohereV3 && call.dimensions.is_some_and(|wanted| wanted != 1024) {
        let reason = "Cohere Embed v3 has 1024 dimensions";
        return Err(refused(ProviderFailure::Request(reason.into())).into());
    }
    let failed = AtomicBool::new(false);
    let part = async |texts: &[String]| {
        if failed.load(Ordering::Relaxed) {
            return (texts.len(), None);
        }
        let outcome = timeout_at(deadline, request(client, family, call, texts)).await;
        let outcome = outcome.unwrap_or(Err(ModelError::TimedOut.into()));
        failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
        (texts.len(), Some(outcome))
    };
    let requests: Vec<_> = call.texts.chunks(family.batch()).map(part).collect();
    Embeddings::joined(stream::iter(requests).buffered(CONCURRENT).collect().await)
}

async fn request(
    client: &Client,
    family: Family,
    call: &EmbeddingCall,
    texts: &[String],
) -> Result<Embeddings, EmbeddingFailure> {
    let counted = TokenCount::default();
    let output = client
        .invoke_model()
        .model_id(&call.model)
        .content_type("application/json")
        .accept("application/json")
        .body(Blob::new(family.body(texts, call.dimensions, call.input_type).to_string()))
        .customize()
        .interceptor(counted.clone())
        .send()
        .await
        .map_err(failure::of_call)?;
    // serde's errors quote the text that they could not read.
    let answer: EmbeddingAnswer = serde_json::from_slice(output.body().as_ref())
        .map_err(|_| unavailable(ProviderFailure::Incomplete("readable vectors")))?;
    let input_tokens = answer.input_text_token_count.or_else(|| counted.0.get().copied());
    let input_tokens = input_tokens.filter(|tokens| *tokens > 0);
    let vectors = answer.vectors();
    if vectors.len() != texts.len() || vectors.iter().any(Vec::is_empty) {
        return Err(unavailable(ProviderFailure::Incomplete("vector for each text")).into());
    }
    let fits = |vector: &Vec<f32>, wanted| u32::try_from(vector.len()) == Ok(wanted);
    if call.dimensions.is_some_and(|wanted| vectors.iter().any(|vector| !fits(vector, wanted))) {
        // The model ignores the requested number of dimensions. The caller chose it, and the vectors were paid for.
        let error = refused(ProviderFailure::Incomplete("vectors of the dimensions that were asked for"));
        return Err(EmbeddingFailure { input_tokens, ..error.into() });
    }
    Ok(Embeddings { vectors, input_tokens })
}

/// The answer of either family; the fields have different names.
#[derive(Deserialize)]
struct EmbeddingAnswer {
    #[serde(rename = "inputTextTokenCount")]
    input_text_token_count: Option<u64>,
    /// Titan's one vector.
    embedding: Option<Vec<f32>>,
    /// Cohere's vectors.
    embeddings: Option<CohereVectors>,
}

/// `embeddings_by_type`, or `embeddings_floats` of models that do not know `embedding_types`.
#[derive(Deserialize)]
#[serde(untagged)]
enum CohereVectors {
    ByType { float: Vec<Vec<f32>> },
    Floats(Vec<Vec<f32>>),
}

impl EmbeddingAnswer {
    fn vectors(self) -> Vec<Vec<f32>> {
        match (self.embedding, self.embeddings) {
            (Some(vector), _) => vec![vector],
            (None, Some(CohereVectors::ByType { float } | CohereVectors::Floats(float))) => float,
            (None, None) => Vec::new(),
        }
    }
}

/// Keeps the token count of the response's head, which the SDK's output does not show.
#[derive(Debug, Clone, Default)]
struct TokenCount(Arc<OnceLock<u64>>);

#[dyn_dispatch_hint]
impl Intercept for TokenCount {
    fn name(&self) -> &'static str {
        "TokenCount"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let count = context.response().headers().get(TOKEN_COUNT).and_then(|count| count.parse().ok());
        if let Some(count) = count {
            // Each request has one response: see the crate's documentation about retries.
            let _already_set = self.0.set(count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_found_behind_profiles_and_arns() {
        for (model, family) in [
            ("amazon.titan-embed-text-v2:0", Some(Family::Titan)),
            ("arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0", Some(Family::Titan)),
            ("cohere.embed-english-v3", Some(Family::CohereV3)),
            ("cohere.embed-multilingual-v3", Some(Family::CohereV3)),
            ("us.cohere.embed-v4:0", Some(Family::CohereV4)),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/global.cohere.embed-v4:0",
                Some(Family::CohereV4),
            ),
            ("amazon.titan-embed-text-v1", None),
            ("cohere.embed-v5:0", None),
            ("not.a.cohere.embed-v4", None),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }
}
