//! What crosses a wire: HTTP bodies, problem documents and event messages, in the shape that `infra/openapi.yaml` and
//! `events/schemas` give them. These types must never judge values: the domain does, so that every way in has the same
//! rules. Ids, times and enumerations are therefore strings here.
//!
//! Requests refuse fields they don't know, so that a misspelled one is an error and not a silent loss. Types that hold
//! personal data or secrets show nothing in `Debug`, so that no log line can leak them.

pub mod ai;
pub mod analytics;
pub mod api_key;
pub mod event_message;
pub mod fine_tune;
pub mod flags;
pub mod health;
pub mod identity;
pub mod jwks;
pub mod lead;
pub mod lead_score;
pub mod list;
pub mod notification;
pub mod openai;
pub mod organization;
pub mod problem;
