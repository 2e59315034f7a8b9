//! Checks a caller's texts and turns them into vectors.

use super::ask::Requester;
use super::completion_check::{LONGEST_NAME, LONGEST_TEXT};
use super::gateway::{self, AiGateway, EmbedTexts, Embedded, Providers};
use super::registry::{Model, ModelUse, Registry};
use application_core::{Context, Error};
use domain::authority::{Authority, CreateEmbeddings};
use domain::field::{FieldChecks, InvalidFields, all_of};
use ports::{EmbeddingGateway, InputType};
use std::sync::Arc;

/// The most texts of a request.
const MOST_TEXTS: usize = 2048;
/// The most dimensions of a vector.
const MOST_DIMENSIONS: u32 = 4096;
/// The most bytes of an answer: Lambda's own limit is 6 MB, and a larger answer would be made, paid for and lost.
const LARGEST_ANSWER: usize = 5_500_000;
/// Bytes of the longest number in JSON with its comma; thirds of bytes of a number in base64.
const BYTES_A_NUMBER: usize = 16;
const BASE64_THIRDS: usize = 16;
/// Bytes around each vector.
const AROUND_A_VECTOR: usize = 100;

/// Texts in the form in which callers send them.
#[derive(Clone)]
pub struct EmbeddingRequest {
    /// The name of the model.
    pub model: String,
    /// The texts.
    pub texts: Vec<String>,
    /// The number of dimensions of each vector; the model's default when absent.
    pub dimensions: Option<u32>,
    /// Whether the vectors are answered in base64, which is a third as long as numbers.
    pub base64: bool,
    /// The purpose of the texts.
    pub input_type: InputType,
}

/// The ports of embeddings.
pub struct Embeddings {
    /// The gateway.
    pub gateway: Arc<AiGateway>,
    /// The adapters by provider.
    pub providers: Providers<dyn EmbeddingGateway>,
    /// The model registry.
    pub registry: Registry,
}

/// Embeds texts; `field` is the name of the texts in the request.
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
    gateway::embed(&needs.gateway, &needs.providers, context, &Requester::of(authority.caller()), texts).await
}

/// Checks a request for vectors; `field` is the name of the texts in the request.
pub fn check_embedding(
    registry: &Registry,
    request: &EmbeddingRequest,
    field: &str,
) -> Result<(), InvalidFields> {
    let for_model = match embedding_model(registry, &request.model) {
        Some(model) => check_for(model, request, field),
        None => Ok(()),
    };
    all_of(check(request, field), for_model)
}

fn embedding_model<'a>(registry: &'a Registry, name: &str) -> Option<&'a Model> {
    registry.model(name).ok().filter(|model| model.usage == ModelUse::Embeddings)
}

fn check(request: &EmbeddingRequest, field: &str) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
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

/// Checks the limits of the model and of the answer.
fn check_for(model: &Model, request: &EmbeddingRequest, field: &str) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
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
