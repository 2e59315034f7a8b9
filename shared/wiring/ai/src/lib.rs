//! The wiring that functions share which know of models: the models that a deployment has, the gateway to them, and who
//! provides them. Every setting of these is read here.

mod bedrock_models;
mod deployed;
mod models;

pub use bedrock_models::BedrockModels;
pub use deployed::deployed_models;
pub use models::Models;
