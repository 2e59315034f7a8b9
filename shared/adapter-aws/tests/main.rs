//! Tests of this crate, in one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod sdk_config;
mod signing;
mod support;
