//! The ports to models over Amazon Bedrock: Converse, ConverseStream, and InvokeModel for embeddings.
//!
//! One call is one attempt: the AI gateway decides about retries, fallbacks and budgets, because it knows the remaining
//! time and the cost. This crate must never log, keep or put into an error any part of a prompt or a completion.

mod answer;
mod classification;
mod embedding;
mod failure;
mod gateway;
mod names;
mod raw_json;
mod request;
mod schema;
mod stream;
mod tools;
mod turns;

pub use failure::ProviderFailure;
pub use gateway::BedrockGateway;
