//! The model server with the real AWS SDK and with clients of OpenAI's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batches;
mod control;
mod forwarding;
mod openai_refusals;
mod refusals;
mod scripted;
mod support;
mod tools;
mod v1;
