//! A caller's own texts as vectors.

use super::ask::Asker;
use super::completion::{LONGEST_NAME, LONGEST_TEXT};
use super::gateway::{self, AiGateway, EmbedTexts, Embedded, Providers};
use super::registry::{Model, ModelUse, Registry};
use application_core::{Context, Error};
use domain::authority::{Authority, CreateEmbeddings};
use domain::field::{Check, Invalid, all_of};
use ports::{EmbeddingGateway, InputType};
use std::sync::Arc;

/// The most texts of a request.
const MOST_TEXTS: usize = 2048;
/// The most numbers of a vector.
const MOST_DIMENSIONS: u32 = 4096;
/// Bytes of the largest answer: Lambda's own limit is 6 MB, and an answer beyond it would be made, paid for and lost.
const LARGEST_ANSWER: usize = 5_500_000;
/// Bytes of the longest number in JSON with its comma, and of a number in base64 in thirds.
const BYTES_A_NUMBER: usize = 16;
const BASE64_THIRDS: usize = 16;
/// Bytes around each vector.
const AROUND_A_VECTOR: usize = 100;

/// Texts, as callers send them.
#[derive(Clone)]
pub struct EmbeddingRequest {
    /// The model.
    pub model: String,
    /// The texts.
    pub texts: Vec<String>,
    /// Numbers of each vector; the model's own when absent.
    pub dimensions: Option<u32>,
    /// Whether they are answered in base64, which is a third as long as numbers.
    pub base64: bool,
    /// What for.
    pub input_type: InputType,
}

/// What embeddings need.
pub struct Embeddings {
    /// The gateway.
    pub gateway: Arc<AiGateway>,
    /// Who answers.
    pub providers: Providers<dyn EmbeddingGateway>,
    /// The models that there are.
    pub registry: Registry,
}

/// Embeds texts; `field` is what the request calls them.
pub async fn create_embedding(
    needs: &Embeddings,
    context: &Context,
    authority: &Authority<CreateEmbeddings>,
    request: EmbeddingRequest,
    field: &str,
) -> Result<Embedded, Error> {
    check_embedding(&needs.registry, &request, field)?;
    let model = embedding_model(&needs.registry, &request.model).ok_or(Error::UnknownModel)?;
    let EmbeddingRequest { texts, dimensions, input_type, .. } = request;
    let texts = EmbedTexts { model, texts, dimensions, input_type };
    gateway::embed(&needs.gateway, &needs.providers, context, &Asker::of(authority.caller()), texts).await
}

/// What is wrong with a request for vectors; `field` is what it calls its texts.
pub fn check_embedding(registry: &Registry, request: &EmbeddingRequest, field: &str) -> Result<(), Invalid> {
    let for_model = match embedding_model(registry, &request.model) {
        Some(model) => check_for(model, request, field),
        None => Ok(()),
    };
    all_of(check(request, field), for_model)
}

fn embedding_model<'a>(registry: &'a Registry, name: &str) -> Option<&'a Model> {
    registry.model(name).ok().filter(|model| model.usage == ModelUse::Embeddings)
}

fn check(request: &EmbeddingRequest, field: &str) -> Result<(), Invalid> {
    let mut check = Check::default();
    check.line("model", &request.model, LONGEST_NAME);
    for (at, text) in request.texts.iter().enumerate() {
        let field = format!("{field}.{at}");
        if text.trim().is_empty() {
            check.wrong(&field, "required", "must not be empty");
        }
        check.verbatim(&field, text, LONGEST_TEXT);
    }
    if request.texts.is_empty() || request.texts.len() > MOST_TEXTS {
        check.wrong(field, "length", format!("must be 1 to {MOST_TEXTS} texts"));
    }
    if request.dimensions.is_some_and(|number| number == 0 || number > MOST_DIMENSIONS) {
        check.wrong("dimensions", "range", format!("must be 1 to {MOST_DIMENSIONS}"));
    }
    check.finish(())
}

/// What the model takes, and what fits into an answer.
fn check_for(model: &Model, request: &EmbeddingRequest, field: &str) -> Result<(), Invalid> {
    let mut check = Check::default();
    let numbers = request.dimensions.or(model.dimensions).unwrap_or(MOST_DIMENSIONS) as usize;
    let bytes = if request.base64 { numbers * BASE64_THIRDS / 3 } else { numbers * BYTES_A_NUMBER };
    let fitting = LARGEST_ANSWER / (bytes + AROUND_A_VECTOR);
    let most = model.most_texts.unwrap_or(MOST_TEXTS);
    if request.texts.len() > most {
        check.wrong(field, "length", format!("must be at most {most} texts for this model"));
    } else if request.texts.len() > fitting {
        let why = format!(
            "must be at most {fitting} texts: more vectors of {numbers} numbers don't fit into an answer"
        );
        check.wrong(field, "length", why);
    }
    if let Some(longest) = model.longest_text {
        for (at, text) in request.texts.iter().enumerate() {
            check.verbatim(&format!("{field}.{at}"), text, longest);
        }
    }
    check.finish(())
}
