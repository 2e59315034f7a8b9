//! The way to language models. A provider answers one call to one model, once: which model is asked, how often, and who
//! pays for it is decided before (`application_ai`). Each trait is one thing a provider can do, so that a function links only
//! what it calls.
//!
//! Prompts and completions belong to customers: `Debug` shows their size and never their text, so that no
//! log line or error can.

use super::{BoxFuture, Source};
use futures_util::stream::BoxStream;
use serde_json::Value;
use std::fmt::{self, Debug, Formatter};
use std::str::FromStr;
use std::time::Duration;

/// The speaker of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// The text.
    pub text: String,
}

/// One call to one model.
#[derive(Clone)]
pub struct ModelCall {
    /// The model's identifier at its provider.
    pub model: String,
    /// Instructions. They never contain tenant data.
    pub system: String,
    /// The conversation, beginning with a user's turn.
    pub messages: Vec<Message>,
    /// The JSON Schema that the completion must match. The provider may use it to constrain the model; the caller
    /// checks the completion anyway.
    pub output_schema: Option<Value>,
    /// The most tokens of the completion.
    pub max_output_tokens: u32,
    /// The sampling temperature, 0.0 to 1.0; the model's default when absent.
    pub temperature: Option<f32>,
    /// The share of the likeliest tokens to choose from, 0.0 to 1.0; the model's default when absent.
    pub top_p: Option<f32>,
    /// Texts that end the completion; they are not part of it.
    pub stop: Vec<String>,
    /// Asks the provider to keep the instructions in its prompt cache. Only for models with a prompt cache, and only
    /// when the instructions are long enough: otherwise the provider refuses the call.
    pub cache_instructions: bool,
    /// The guardrail around the call: id and version.
    pub guardrail: Option<Guardrail>,
    /// The time that is left for the completion.
    pub time_left: Duration,
}

impl ModelCall {
    /// The schema to which the provider may hold the model. A schema for any JSON object does not count: held to it,
    /// models answer `{}`.
    pub fn forced_schema(&self) -> Option<&Value> {
        self.output_schema.as_ref().filter(|schema| !is_any_object(schema))
    }
}

/// Whether a schema asks for a JSON object without describing its content.
pub fn is_any_object(schema: &Value) -> bool {
    schema.as_object().is_some_and(|schema| {
        schema.get("type").is_some_and(|kind| kind == "object")
            && schema.iter().all(|(key, value)| match key.as_str() {
                "type" | "title" | "description" | "$schema" => true,
                "additionalProperties" => *value == Value::Bool(true),
                _ => false,
            })
    })
}

/// A guardrail of Bedrock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrail {
    /// Its identifier.
    pub id: String,
    /// Its version: a number, or `DRAFT`.
    pub version: String,
}

/// The text is not a guardrail.
#[derive(Debug, thiserror::Error)]
#[error("a guardrail is written as its id, a colon and its version, which is a number or DRAFT")]
pub struct NoGuardrail;

impl FromStr for Guardrail {
    type Err = NoGuardrail;

    /// `id:version`.
    fn from_str(text: &str) -> Result<Self, NoGuardrail> {
        let (id, version) = text.trim().split_once(':').ok_or(NoGuardrail)?;
        let named =
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let versioned = version == "DRAFT" || version.parse::<u32>().is_ok_and(|version| version > 0);
        let guardrail = || Self { id: id.to_owned(), version: version.to_owned() };
        (named && versioned).then(guardrail).ok_or(NoGuardrail)
    }
}

/// Tokens that the provider reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens at full price.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
}

/// The reason why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The completion is whole.
    EndTurn,
    /// The completion reached `max_output_tokens` and is cut.
    MaxTokens,
    /// A guardrail or content filter stopped it.
    Filtered,
    /// Any other reason.
    Other,
}

impl StopReason {
    const ALL: [Self; 4] = [Self::EndTurn, Self::MaxTokens, Self::Filtered, Self::Other];

    /// The name in answers and in the cache.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::MaxTokens => "max_tokens",
            Self::Filtered => "filtered",
            Self::Other => "other",
        }
    }

    /// The reason with this name; any other is `Other`.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name).unwrap_or(Self::Other)
    }
}

/// A model's completion.
#[derive(Clone)]
pub struct ModelAnswer {
    /// The text.
    pub text: String,
    /// The reason why it ended.
    pub stop: StopReason,
    /// The tokens that it used; `None` when the provider sent no counts.
    pub usage: Option<Usage>,
}

/// A model gave no completion.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The provider throttles (429).
    #[error("the provider is throttling")]
    Throttled {
        /// The pause that the provider asks for.
        retry_after: Option<Duration>,
    },
    /// The provider reported a failure (5xx), or could not be connected to: it bills no completion.
    #[error("the provider failed")]
    Unavailable(#[source] Source),
    /// The provider failed (5xx) and named the time after which it can be asked again.
    #[error("the provider failed and asked for a pause")]
    Resting {
        /// The pause.
        retry_after: Duration,
        /// The cause.
        source: Source,
    },
    /// The request was sent, and its answer is lost or can't be read. The call may be billed.
    #[error("the provider's answer was lost")]
    Lost(#[source] Source),
    /// No answer within `time_left`. The model's work until then may be billed.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The provider gave up waiting for the model (408, 504). The model's work until then may be billed.
    #[error("the provider timed out")]
    ProviderTimedOut,
    /// The conversation is longer than the model's context, or larger than the account may send at once.
    #[error("the conversation is too long for the model")]
    ContextLength,
    /// The account can't use the model: it does not exist, or access, a subscription or credit is missing.
    #[error("the model is not available")]
    NoSuchModel,
    /// The provider refuses the request; repeating it is useless.
    #[error("the provider refuses the request")]
    Refused(#[source] Source),
    /// The model's output has a form that its provider can't pass on, for example a malformed tool call. The prompt
    /// causes it. Another try or another model may succeed. The provider sends an error in place of the completion and
    /// does not bill it.
    #[error("the model's answer was malformed")]
    MalformedAnswer(#[source] Source),
}

/// The cause of a failed call. Breakers are shared by all organizations, so only failures of the provider may open one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// The provider or its model failed. Counts in the breaker.
    Provider,
    /// The time for the call was over. Long prompts and long completions cause this too, so it counts only when the
    /// model had as much time as a healthy model needs.
    Time,
    /// The account's quota is used up. A `Retry-After` applies to all functions; nothing else counts.
    Quota,
    /// The account can't use the model. It never counts: an operator must change something.
    Configuration,
    /// The prompt. It never counts: one caller must not close a model to others.
    Request,
}

impl FailureCause {
    /// The name in log lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Time => "time",
            Self::Quota => "quota",
            Self::Configuration => "configuration",
            Self::Request => "request",
        }
    }
}

impl ModelError {
    /// The cause of the failure.
    pub fn cause(&self) -> FailureCause {
        match self {
            Self::Unavailable(_) | Self::Resting { .. } | Self::Lost(_) => FailureCause::Provider,
            Self::TimedOut | Self::ProviderTimedOut => FailureCause::Time,
            Self::Throttled { .. } => FailureCause::Quota,
            Self::NoSuchModel => FailureCause::Configuration,
            Self::ContextLength | Self::Refused(_) | Self::MalformedAnswer(_) => FailureCause::Request,
        }
    }

    /// Whether the call may be billed although its token counts are unknown.
    pub fn may_be_billed(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::TimedOut | Self::ProviderTimedOut)
    }
}

/// A part of a streamed completion.
#[derive(Clone, PartialEq, Eq)]
pub enum Delta {
    /// More text; never empty.
    Text(String),
    /// The completion is whole. Nothing follows.
    End {
        /// The reason why it ended.
        stop: StopReason,
        /// The tokens that it used; `None` when the provider sent no counts.
        usage: Option<Usage>,
    },
}

/// A streamed completion. It ends after [`Delta::End`] or the first error; a stream that ends without either was cut.
/// Dropping it ends the call.
pub type ModelStream = BoxStream<'static, Result<Delta, ModelError>>;

/// The purpose of texts that are embedded. Some models give documents and queries different vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputType {
    /// The texts are documents, which queries look for.
    #[default]
    Document,
    /// The texts are queries, which look for documents.
    Query,
}

/// Texts to be embedded.
#[derive(Clone)]
pub struct EmbeddingCall {
    /// The model's identifier at its provider.
    pub model: String,
    /// The texts; none is empty.
    pub texts: Vec<String>,
    /// The number of dimensions of each vector; the model's default when absent.
    pub dimensions: Option<u32>,
    /// The purpose; ignored by models without this difference.
    pub input_type: InputType,
    /// The time that is left for the call.
    pub time_left: Duration,
}

/// Texts as vectors.
#[derive(Clone, PartialEq)]
pub struct Embeddings {
    /// One vector for each text, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens; `None` when the provider sent no counts for some of the texts.
    pub input_tokens: Option<u64>,
}

/// Some texts were not embedded. The existing vectors were paid for.
pub struct EmbeddingFailure {
    /// The cause.
    pub error: ModelError,
    /// One for each text, in the order of the texts; `None` for a missing vector.
    pub vectors: Vec<Option<Vec<f32>>>,
    /// Input tokens, also of texts whose vectors can't be used; `None` when the provider sent no counts for some of
    /// them.
    pub input_tokens: Option<u64>,
}

impl Embeddings {
    /// Joins the results of requests for parts of the texts, in the order of the texts: for each request the number of
    /// its texts and its outcome, `None` when it was not made.
    pub fn joined(
        parts: Vec<(usize, Option<Result<Self, EmbeddingFailure>>)>,
    ) -> Result<Self, EmbeddingFailure> {
        let (mut vectors, mut input_tokens, mut failed) = (Vec::new(), Some(0_u64), None);
        let plus =
            |sum: Option<u64>, part: Option<u64>| sum.zip(part).map(|(sum, part)| sum.saturating_add(part));
        for (texts, outcome) in parts {
            match outcome {
                Some(Ok(part)) => {
                    input_tokens = plus(input_tokens, part.input_tokens);
                    vectors.extend(part.vectors.into_iter().map(Some));
                }
                Some(Err(failure)) => {
                    input_tokens = plus(input_tokens, failure.input_tokens);
                    vectors.extend((0..texts).map(|_| None));
                    failed = failed.or(Some(failure.error));
                }
                None => vectors.extend((0..texts).map(|_| None)),
            }
        }
        match failed {
            Some(error) => Err(EmbeddingFailure { error, vectors, input_tokens }),
            None => Ok(Self { vectors: vectors.into_iter().flatten().collect(), input_tokens }),
        }
    }
}

impl From<ModelError> for EmbeddingFailure {
    /// Nothing was embedded.
    fn from(error: ModelError) -> Self {
        Self { error, vectors: Vec::new(), input_tokens: Some(0) }
    }
}

/// Answers calls to models.
pub trait ModelGateway: Send + Sync {
    /// One call, one attempt: no hidden retries.
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>>;
}

/// Answers calls to models with streams.
pub trait StreamingModelGateway: Send + Sync {
    /// One call, one attempt. It returns when the completion begins; `time_left` covers the whole completion.
    fn converse_stream<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>>;
}

/// Turns texts into vectors.
pub trait EmbeddingGateway: Send + Sync {
    /// The vectors of all texts, or the existing ones and the cause of the failure. One attempt; several requests where
    /// the provider accepts only one text, or some, at once. After a failed request no more are begun, and running ones
    /// are waited for.
    fn embed<'a>(&'a self, call: &'a EmbeddingCall) -> BoxFuture<'a, Result<Embeddings, EmbeddingFailure>>;
}

/// Shows the length of a text.
struct Bytes<'a>(&'a str);

impl Debug for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Debug for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { role, text } = self;
        f.debug_struct("Message").field("role", role).field("text", &Bytes(text)).finish()
    }
}

impl Debug for ModelCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            system,
            messages,
            output_schema,
            max_output_tokens,
            temperature,
            top_p,
            stop,
            cache_instructions,
            guardrail,
            time_left,
        } = self;
        f.debug_struct("ModelCall")
            .field("model", model)
            .field("system", &Bytes(system))
            .field("messages", messages)
            .field("output_schema", &output_schema.is_some())
            .field("max_output_tokens", max_output_tokens)
            .field("temperature", temperature)
            .field("top_p", top_p)
            .field("stop", &stop.len())
            .field("cache_instructions", cache_instructions)
            .field("guardrail", guardrail)
            .field("time_left", time_left)
            .finish()
    }
}

impl Debug for ModelAnswer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { text, stop, usage } = self;
        f.debug_struct("ModelAnswer")
            .field("text", &Bytes(text))
            .field("stop", stop)
            .field("usage", usage)
            .finish()
    }
}

impl Debug for Delta {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Bytes(text)).finish(),
            Self::End { stop, usage } => {
                f.debug_struct("End").field("stop", stop).field("usage", usage).finish()
            }
        }
    }
}

impl Debug for EmbeddingCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { model, texts, dimensions, input_type, time_left } = self;
        f.debug_struct("EmbeddingCall")
            .field("model", model)
            .field("texts", &texts.len())
            .field("dimensions", dimensions)
            .field("input_type", input_type)
            .field("time_left", time_left)
            .finish()
    }
}

impl Debug for Embeddings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // A vector reveals the meaning of its text.
        let Self { vectors, input_tokens } = self;
        f.debug_struct("Embeddings")
            .field("vectors", &vectors.len())
            .field("input_tokens", input_tokens)
            .finish()
    }
}

impl Debug for EmbeddingFailure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { error, vectors, input_tokens } = self;
        f.debug_struct("EmbeddingFailure")
            .field("error", error)
            .field("vectors", &vectors.iter().flatten().count())
            .field("input_tokens", input_tokens)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "ada@northwind.example";

    #[test]
    fn debug_says_how_much_and_never_what() {
        let (stop, usage, time_left) = (StopReason::EndTurn, Usage::default(), Duration::from_secs(1));
        let message = Message { role: Role::User, text: SECRET.to_owned() };
        let call = ModelCall {
            model: "m-1".to_owned(),
            system: SECRET.to_owned(),
            messages: vec![message.clone()],
            output_schema: Some(Value::from(SECRET)),
            max_output_tokens: 300,
            temperature: None,
            top_p: None,
            stop: vec![SECRET.to_owned(); 2],
            cache_instructions: false,
            guardrail: None,
            time_left,
        };
        let texts = vec![SECRET.to_owned(); 3];
        for (said, says) in [
            (format!("{message:?}"), "Message { role: User, text: 21 bytes }"),
            (format!("{call:?}"), "system: 21 bytes, messages: [Message { role: User, text: 21 bytes }]"),
            (format!("{call:?}"), "output_schema: true, max_output_tokens: 300"),
            (format!("{call:?}"), "stop: 2,"),
            (
                format!("{:?}", ModelAnswer { text: SECRET.to_owned(), stop, usage: Some(usage) }),
                "{ text: 21 bytes, stop",
            ),
            (format!("{:?}", Delta::Text(SECRET.to_owned())), "Text(21 bytes)"),
            (format!("{:?}", Delta::End { stop, usage: None }), "End { stop: EndTurn, usage: None }"),
            (
                format!(
                    "{:?}",
                    EmbeddingCall {
                        model: "m-1".to_owned(),
                        texts,
                        dimensions: None,
                        input_type: InputType::Query,
                        time_left
                    }
                ),
                "EmbeddingCall { model: \"m-1\", texts: 3, dimensions: None,",
            ),
            (
                format!("{:?}", Embeddings { vectors: vec![vec![0.625, 0.5]], input_tokens: Some(7) }),
                "Embeddings { vectors: 1, input_tokens: Some(7) }",
            ),
        ] {
            assert!(said.contains(says), "{said}");
            assert!(!said.contains("ada") && !said.contains("0.625"), "{said}");
        }
    }

    #[test]
    fn a_guardrail_is_an_id_and_a_version() {
        let of = |text: &str| text.parse::<Guardrail>().ok().map(|it| (it.id, it.version));
        assert_eq!(of("gr4x7:3"), Some(("gr4x7".to_owned(), "3".to_owned())));
        assert_eq!(of("gr4x7:DRAFT"), Some(("gr4x7".to_owned(), "DRAFT".to_owned())));
        for wrong in ["", "gr4x7", "gr4x7:", ":1", "gr4x7:0", "gr4x7:draft", "GR:1", "arn:aws:bedrock:x"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
