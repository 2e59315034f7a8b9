//! The use cases at the level of their own rules, without HTTP: scoring, limits, the relay, and the results of refused
//! or contended writes. `tests/api` tests everything that is visible through a route.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batch;
mod batches;
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
