//! The model gateway port over Amazon Bedrock's Converse operation.
//!
//! One call is one attempt: retries, fallbacks and budgets are decided above, where the remaining time and the cost are
//! known. It must never log, keep or put into an error what was asked or answered.

mod answer;
mod document;
mod failure;
mod gateway;
mod request;

pub use failure::ProviderFailure;
pub use gateway::BedrockGateway;
