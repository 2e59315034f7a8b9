//! A caller's own texts as vectors.

use super::ask::Asker;
use super::completion::{LONGEST_NAME, LONGEST_TEXT};
use super::gateway::{self, AiGateway, EmbedTexts, Embedded, Providers};
use super::registry::{ModelUse, Registry};
use crate::ports::{EmbeddingGateway, InputType};
use crate::{Context, Error};
use domain::authority::{Authority, CreateEmbeddings};
use domain::field::{Check, Invalid};
use std::sync::Arc;

/// The most texts of a request.
const MOST_TEXTS: usize = 2048;
/// The most numbers of a vector.
const MOST_DIMENSIONS: u32 = 4096;

/// Texts, as callers send them.
#[derive(Clone)]
pub struct EmbeddingRequest {
    /// The model.
    pub model: String,
    /// The texts.
    pub texts: Vec<String>,
    /// Numbers of each vector; the model's own when absent.
    pub dimensions: Option<u32>,
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
    check(&request, field)?;
    let model = match needs.registry.model(&request.model) {
        Ok(model) if model.usage == ModelUse::Embeddings => model,
        _ => return Err(Error::UnknownModel),
    };
    let EmbeddingRequest { model: _, texts, dimensions, input_type } = request;
    let texts = EmbedTexts { model, texts, dimensions, input_type };
    gateway::embed(&needs.gateway, &needs.providers, context, &Asker::of(authority.caller()), texts).await
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
