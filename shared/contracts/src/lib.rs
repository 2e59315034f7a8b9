//! Bodies, problem documents and event messages that cross a wire, in the shapes of `infra/openapi.yaml` and
//! `events/schemas`. These types must never judge values: the domain does, so that every way in has the same rules.
//! Ids, times and enumerations are therefore strings here.
//!
//! Requests refuse unknown fields, so that a misspelled field is an error and not a silent loss. Types that hold
//! personal data or secrets hide them in `Debug`, so that no log line can leak them.

pub mod ai;
pub mod analytics;
pub mod anthropic;
pub mod api_key;
pub mod audit;
pub mod event_message;
pub mod fine_tune;
pub mod flags;
pub mod health;
pub mod identity;
pub mod job;
pub mod jwks;
pub mod lead;
pub mod lead_score;
pub mod list;
pub mod member;
pub mod notification;
pub mod openai;
pub mod organization;
pub mod problem;
mod prompt_parts;
pub mod second_factors;
