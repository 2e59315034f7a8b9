//! The ports to models over OpenAI's wire format: chat completions, whole or as server-sent events, and embeddings, of
//! OpenAI itself or of any server that speaks it (Ollama, vLLM).
//!
//! One call is one attempt: retries, fallbacks and budgets are decided above, where the remaining time and the cost are
//! known. It must never log, keep or put into an error what was asked or answered, nor the key.

mod answer;
mod classification;
mod embedding;
mod endpoint;
mod failure;
mod gateway;
mod providers;
mod request;
mod settings;
mod sse;
mod stream;

pub use failure::ProviderFailure;
pub use gateway::OpenAiGateway;
pub use providers::OpenAiProviders;
pub use settings::{KeySource, OpenAiSettings, SettingsError, TokenLimit};
