//! The wiring of functions that ask models: the gateway on its state, and the providers of models. All their settings
//! are read here. A function that asks no models must not link this crate, because links to it decide whose log is
//! watched for failing models.

mod bedrock_models;
mod conversation_route;
pub mod files;
mod further_fields;
mod models;

pub use bedrock_models::BedrockModels;
pub use conversation_route::{ConversationRoute, WireFormat, WireRequest};
pub use further_fields::{FieldUse, judge_fields};
pub use models::Models;
