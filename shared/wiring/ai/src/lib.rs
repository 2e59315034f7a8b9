//! The wiring of functions that ask models: the gateway on its state, and the providers of models. All their settings
//! are read here. A function that asks no models must not link this crate, because links to it decide whose log is
//! watched for failing models.

pub mod chat;
mod conversation_route;
mod custom_tools;
mod end_user;
pub mod files;
mod model_sources;
mod models;
mod openai_hints;
mod request_files;

pub use conversation_route::{ConversationRoute, WireFormat, WireRequest};
pub use custom_tools::{CustomTools, arguments_of, input_of};
pub use end_user::NamedEndUser;
pub use models::Models;
pub use openai_hints::{SERVICE_TIERS, VERBOSITIES};
pub use request_files::{RequestFiles, remote_files};
