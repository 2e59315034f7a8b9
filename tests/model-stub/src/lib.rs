//! A model server for local deploys and tests on 127.0.0.1. It speaks the wire formats of Amazon Bedrock Runtime
//! (Converse, ConverseStream, InvokeModel for vectors), of Bedrock's training and batch jobs and deployments, and of OpenAI
//! (`/v1/chat/completions`, `/v1/embeddings`), so that the real clients and the real adapters run against it unchanged.
//!
//! It answers only what a test scripted or what a real model behind `MODEL_URL` said. It must never invent an answer:
//! without a script and without a model the call fails with 503. Vectors alone are computed, unless an embedding model
//! is named: see `embed`.

mod batch_run;
mod batches;
mod bedrock;
mod checks;
mod customization;
mod cut;
mod deployments;
mod embed;
mod failure;
mod forward;
mod frames;
mod invoke;
mod media_checks;
mod objects;
mod openai;
mod openai_checks;
mod openai_embeddings;
mod reasoning_checks;
mod script;
mod server;
mod sse;
mod step;
mod stream;
mod translate;
mod v1;
mod wire;

pub use forward::{ForwardTarget, ForwardTargetError};
pub use script::{Call, ScriptError};
pub use server::{Options, StartError, Stub};
pub use step::{Step, ToolCallStep};
pub use wire::Usage;
