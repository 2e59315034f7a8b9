//! The wiring that functions share which ask models: the gateway on its state, and who provides the models. Every setting
//! of these is read here. A function that asks no models must not link this crate: by that it is told whose log is watched
//! for failing models.

mod bedrock_models;
mod models;

pub use bedrock_models::BedrockModels;
pub use models::Models;
