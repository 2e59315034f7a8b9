//! The adapter against a server that answers as Bedrock does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod converse;
mod embed;
mod fixtures;
mod stream;
mod support;
