//! The adapter against a server that answers as OpenAI's, Ollama's and llama.cpp's do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fixtures;
mod support;
mod wire;
