//! The decisions of the domain: given these events, when something is decided, then these events follow, or a refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod account;
mod ai_budget;
mod ai_month;
mod ai_prices;
mod ai_usage;
mod api_key;
mod authority;
mod bant;
mod batch;
mod configuration;
mod email_address;
mod events;
mod factors;
mod field;
mod fine_tune;
mod job;
mod lead;
mod lead_score;
mod member;
mod notes;
mod notification;
mod one_time_token;
mod organization;
mod rules;
mod session;
mod support;
mod text;
mod training_file;
