//! The ports to models over OpenAI's wire format: chat completions, whole or as server-sent events, and embeddings, of
//! OpenAI itself or of any server that speaks the format (Ollama, vLLM).
//!
//! One call is one attempt: the AI gateway decides about retries, fallbacks and budgets, because it knows the remaining
//! time and the cost. This crate must never log, keep or put into an error any part of a prompt or a completion, nor
//! the key.

mod answer;
mod classification;
mod content;
mod counts;
mod dialect;
mod embedding;
mod endpoint;
mod failure;
mod gateway;
mod providers;
mod request;
mod settings;
mod sse;
mod stream;
mod turns;

pub use failure::ProviderFailure;
pub use gateway::OpenAiGateway;
pub use providers::OpenAiProviders;
pub use settings::{InputTypeNames, KeySource, OpenAiSettings, SettingsError, TokenLimit};
