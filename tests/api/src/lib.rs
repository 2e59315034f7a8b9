//! The tools of the tests of routes and jobs: a world with every handler on one embedded DynamoDB, requests in the form
//! that API Gateway sends, and one place that compares every answer with the contract.
//!
//! It is for tests only and may panic at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ai_requests;
mod api_keys;
mod authenticator;
mod contract;
mod fold;
mod held_model;
mod jobs;
mod ledger;
mod mailer;
mod people;
mod request;
mod routes;
mod stored;
mod tokens;
mod tree;
mod walk;
mod world;

pub use api_keys::ApiKey;
pub use authenticator::{SoftwareAuthenticator, unbase32};
pub use contract::{Contract, Operation, Parameter, faults};
pub use held_model::HeldModel;
pub use ledger::{Delivered, RecordingPublisher, published};
pub use mailer::{RecordingMailer, token_in};
pub use people::Person;
pub use request::{Answer, Call};
pub use stored::{Snapshot, dynamo_json};
pub use tokens::TestTokens;
pub use tree::{read, sample};
pub use walk::Dice;
pub use world::{MODELS, World, lead_body, thin_body};
