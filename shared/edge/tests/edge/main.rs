//! The edge against events as the services send them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod authorizer;
mod bodies;
mod cross_origin;
mod cursors;
mod failed_streams;
mod failures;
mod idempotency_keys;
mod jobs;
mod logs;
mod preconditions;
mod reading;
mod requests;
mod runtime_api;
mod streaming;
mod streaming_process;
mod support;
