//! A model server for local deploys and tests that speaks the wire format of Amazon Bedrock Runtime (Converse and
//! ConverseStream) on 127.0.0.1, so that the real SDK and the real adapter run against it unchanged.
//!
//! It answers only what a test scripted or what a real model behind `MODEL_URL` said. It must never invent an answer:
//! without a script and without a model the call fails with `ServiceUnavailableException`.

mod cut;
mod failure;
mod forward;
mod frames;
mod script;
mod server;
mod sse;
mod stream;
mod translate;
mod wire;

pub use forward::{ForwardTarget, ForwardTargetError};
pub use script::{Call, ScriptError, Step};
pub use server::{Options, StartError, Stub};
pub use wire::Usage;
