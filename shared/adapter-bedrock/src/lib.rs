//! The ports to models over Amazon Bedrock: Converse, ConverseStream, InvokeModel for embeddings, and the records of batch
//! files in the form of Converse.
//!
//! One call is one attempt: the AI gateway decides about retries, fallbacks and budgets, because it knows the remaining
//! time and the cost. This crate must never log, keep or put into an error any part of a prompt or a completion.

mod answer;
mod batch_records;
mod classification;
mod embedding;
mod failure;
mod gateway;
mod offline;
mod raw_json;
mod request;
mod schema;
mod stream;
mod tools;
mod turns;

pub use batch_records::BedrockBatchRecords;
pub use failure::ProviderFailure;
pub use gateway::BedrockGateway;
