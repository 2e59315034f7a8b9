//! The adapter against a server with Bedrock's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batch_records;
mod converse;
mod cut;
mod embed;
mod fixtures;
mod reasoning;
mod stream;
mod support;
mod tools;
