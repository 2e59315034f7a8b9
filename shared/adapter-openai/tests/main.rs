//! The adapter against a server with the wire formats of OpenAI, Ollama and llama.cpp.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod embeddings;
mod fixtures;
mod streams;
mod support;
mod tools;
mod wire;
