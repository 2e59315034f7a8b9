//! The wiring of functions that ask models: the gateway on its state, and the providers of models. All their settings
//! are read here. A function that asks no models must not link this crate, because links to it decide whose log is
//! watched for failing models.

pub mod chat;
mod conversation_route;
mod custom_tools;
mod end_user;
pub mod files;
mod further_fields;
mod model_sources;
mod models;
mod request_files;

pub use conversation_route::{ConversationRoute, WireFormat, WireRequest};
pub use custom_tools::{CustomTools, arguments_of, input_of};
pub use end_user::NamedEndUser;
pub use further_fields::{FieldUse, SERVICE_TIERS, VERBOSITIES, judge_fields};
pub use models::Models;
pub use request_files::{RequestFiles, remote_files};
