//! What `cargo xtask bench ai` measures with: a state for the AI gateway that forgets, a model that counts what it is asked, a
//! day's mix of lead scores, and the waterfall of what each technique saves of it.
//!
//! Only ever for measuring. Nothing here enforces anything, and nothing here may ship.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod chart;
mod counting_model;
pub mod mix;
mod naive;
mod notes;
mod random;
pub mod state;
pub mod waterfall;
