//! Jobs against a server that speaks the service's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batches;
mod jobs;
mod support;
