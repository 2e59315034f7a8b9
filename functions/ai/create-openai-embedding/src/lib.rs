//! `POST /v1/embeddings`: turns texts into vectors, in OpenAI's format.

use application_ai as ai;
use application_ai::{EmbeddingRequest, Embeddings, Registry};
use application_core::{Configured, CurrentVersion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::openai::{
    Embedding, EmbeddingList, EmbeddingRequest as Body, EmbeddingUsage, EncodingFormat, Input,
    InputType as TextUse, Vector,
};
use domain::authority::{Authority, CreateEmbeddings};
use domain::field::{FieldChecks, InvalidFields, all_of};
use edge::problem::ProblemFormat;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::InputType;

/// The most characters of a label.
const LONGEST_LABEL: usize = 512;

/// The name of the texts in the body.
const FIELD: &str = "input";

/// The handler and its ports.
pub struct CreateOpenaiEmbedding {
    /// The ports of the use case.
    pub needs: Configured<Embeddings>,
}

impl Route for CreateOpenaiEmbedding {
    type Permission = CreateEmbeddings;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<CreateEmbeddings>) -> RouteFuture<'a> {
        let needs = self.needs.current();
        let registry = &needs.registry;
        let body: Body = request.long_json(|body| judge(registry, body))?;
        // The use case does not know these fields of OpenAI's format. When one of them is wrong, the use case's own
        // checks run here too, so that one answer names every wrong field.
        if refused(&body).is_err() {
            judge(registry, &body)?;
        }
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let base64 = is_base64(&body);
            let asked = texts(body);
            let answer = ai::create_embedding(&needs, &context, &authority, asked, FIELD).await?;
            let tokens = answer.cost.tokens.input;
            let vectors = (0..).zip(answer.vectors);
            let list = EmbeddingList {
                object: "list".to_owned(),
                data: vectors.map(|(index, vector)| embedding(index, vector, base64)).collect(),
                model: answer.head.model.clone(),
                usage: EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens },
            };
            Ok(Response::json(200, &list)?.with_model_answer(&answer.head, &answer.cost))
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}

/// Checks the fields of the body.
fn judge(registry: &Registry, body: &Body) -> Result<(), InvalidFields> {
    all_of(refused(body), ai::check_embedding(registry, &texts(body.clone()), FIELD))
}

/// Checks the fields that exist in OpenAI's format only.
fn refused(body: &Body) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if let Some(user) = &body.user {
        check.verbatim("user", user, LONGEST_LABEL);
    }
    for name in body.rest.keys() {
        check.wrong(&name.chars().take(64).collect::<String>(), "unknown", "is not a field of this body");
    }
    check.finish(())
}

fn is_base64(body: &Body) -> bool {
    body.encoding_format == Some(EncodingFormat::Base64)
}

/// The body as input of the use case.
fn texts(body: Body) -> EmbeddingRequest {
    let base64 = is_base64(&body);
    let texts = match body.input {
        Input::One(text) => vec![text],
        Input::Several(texts) => texts,
    };
    EmbeddingRequest {
        model: body.model,
        texts,
        dimensions: body.dimensions,
        input_type: purpose(body.input_type),
        base64,
    }
}

fn purpose(named: Option<TextUse>) -> InputType {
    match named {
        Some(TextUse::Query | TextUse::SearchQuery) => InputType::Query,
        Some(TextUse::Document | TextUse::Passage | TextUse::SearchDocument) | None => InputType::Document,
    }
}

fn embedding(index: u32, vector: Vec<f32>, base64: bool) -> Embedding {
    let embedding = if base64 {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        Vector::Base64(STANDARD.encode(bytes))
    } else {
        Vector::Numbers(vector)
    };
    Embedding { object: "embedding".to_owned(), index, embedding }
}
