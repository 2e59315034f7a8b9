//! The use cases where their own rules are, past HTTP: scoring, limits, the relay, and what a refused or contended write
//! leads to. `tests/api` has everything that a route shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batch;
mod errors;
mod fine_tunes;
mod gateway;
mod injection;
mod limits;
mod prompt_size;
mod relay;
mod repository;
mod scorer;
mod settle_expired;
mod support;
