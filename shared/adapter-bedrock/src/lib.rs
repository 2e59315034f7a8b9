//! The ports to models over Amazon Bedrock: Converse, ConverseStream, and InvokeModel for embeddings.
//!
//! One call is one attempt: retries, fallbacks and budgets are decided above, where the remaining time and the cost are
//! known. It must never log, keep or put into an error what was asked or answered.

mod answer;
mod classification;
mod document;
mod embedding;
mod failure;
mod gateway;
mod request;
mod stream;

pub use failure::ProviderFailure;
pub use gateway::BedrockGateway;
