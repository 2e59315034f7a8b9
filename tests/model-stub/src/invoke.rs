//! InvokeModel for embedding models: the bodies of Titan Text Embeddings v2 and Cohere Embed v3 and v4. It makes the
//! same checks as the models. No other model has InvokeModel here.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::embed::{Texts, Vectors};
use crate::failure::Failure;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TitanRequest {
    input_text: String,
    dimensions: Option<usize>,
    #[serde(default)]
    #[expect(dead_code, reason = "computed vectors are always of length 1")]
    normalize: Option<bool>,
    embedding_types: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CohereRequest {
    texts: Vec<String>,
    input_type: String,
    embedding_types: Option<Vec<String>>,
    output_dimension: Option<usize>,
    #[expect(dead_code, reason = "nothing is too long here")]
    truncate: Option<String>,
}

/// An InvokeModel call for vectors.
#[derive(Debug)]
pub(crate) enum Invoke {
    Titan(Texts),
    Cohere { texts: Texts, by_type: bool },
}

impl Invoke {
    /// Reads and checks a request body. Fails as Bedrock does.
    pub(crate) fn parse(model_id: &str, body: &[u8]) -> Result<Self, Failure> {
        let malformed =
            |error: serde_json::Error| Failure::validation(format!("Malformed input request: {error}"));
        if model_id.contains("amazon.titan-embed-text-v2") {
            let request: TitanRequest = serde_json::from_slice(body).map_err(malformed)?;
            only_floats(request.embedding_types.as_deref())?;
            dimensions(request.dimensions, &[256, 512, 1024])?;
            if request.input_text.is_empty() {
                return Err(Failure::validation("Malformed input request: expected minLength: 1, actual: 0"));
            }
            let texts = vec![request.input_text];
            Ok(Self::Titan(Texts { texts, dimensions: request.dimensions, default_dimensions: 1024 }))
        } else if model_id.contains("cohere.embed-") {
            let request: CohereRequest = serde_json::from_slice(body).map_err(malformed)?;
            only_floats(request.embedding_types.as_deref())?;
            let v4 = model_id.contains("cohere.embed-v4");
            dimensions(request.output_dimension, if v4 { &[256, 512, 1024, 1536] } else { &[] })?;
            if !(1..=96).contains(&request.texts.len()) || request.texts.iter().any(String::is_empty) {
                return Err(Failure::validation(
                    "Malformed input request: texts takes 1 to 96 texts, none empty",
                ));
            }
            if !["search_document", "search_query", "classification", "clustering"]
                .contains(&request.input_type.as_str())
            {
                return Err(Failure::validation("Malformed input request: input_type"));
            }
            let texts = Texts {
                texts: request.texts,
                dimensions: request.output_dimension,
                default_dimensions: if v4 { 1536 } else { 1024 },
            };
            Ok(Self::Cohere { texts, by_type: request.embedding_types.is_some() })
        } else {
            Err(Failure::validation("The provided model identifier is invalid."))
        }
    }

    pub(crate) fn texts(&self) -> &Texts {
        match self {
            Self::Titan(texts) | Self::Cohere { texts, .. } => texts,
        }
    }

    /// The response body.
    pub(crate) fn answer(&self, answer: &Vectors, call: usize) -> Value {
        match self {
            Self::Titan(_) => {
                let vector = answer.vectors.first();
                json!({
                    "embedding": vector,
                    "inputTextTokenCount": answer.tokens,
                    "embeddingsByType": { "float": vector },
                })
            }
            Self::Cohere { texts, by_type: true } => json!({
                "id": format!("embed-{call}"),
                "texts": texts.texts,
                "response_type": "embeddings_by_type",
                "embeddings": { "float": answer.vectors },
            }),
            Self::Cohere { texts, by_type: false } => json!({
                "id": format!("embed-{call}"),
                "texts": texts.texts,
                "response_type": "embeddings_floats",
                "embeddings": answer.vectors,
            }),
        }
    }
}

fn only_floats(types: Option<&[String]>) -> Result<(), Failure> {
    match types.is_none_or(|types| types == ["float"]) {
        true => Ok(()),
        false => Err(Failure::validation("This server makes vectors of type float only.")),
    }
}

fn dimensions(asked: Option<usize>, known: &[usize]) -> Result<(), Failure> {
    match asked.is_none_or(|asked| known.contains(&asked)) {
        true => Ok(()),
        false => Err(Failure::validation(
            "Malformed input request: the number of dimensions is not one of the model's",
        )),
    }
}
