//! Every route and every job in this process: the real handlers and adapters with an embedded DynamoDB and a scripted
//! model. Each answer is compared with the contract when it is received (`api_tests::Call::send`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod abuse;
mod abuse_tokens;
mod ai;
mod ai_metering;
mod ai_terms;
mod ai_usage;
mod ai_variants;
mod analytics;
mod api_key_header;
mod api_keys;
mod audit_checkpoints;
mod audit_entries;
mod audit_exports;
mod batches;
mod bills;
mod concurrency;
mod erasure;
mod fine_tuned_models;
mod fine_tunes;
mod flags;
mod fold;
mod hostile_input;
mod idempotency;
mod jobs;
mod lead_lists;
mod lead_scores;
mod leads;
mod mails;
mod matrix;
mod members;
mod models;
mod organization_jobs;
mod preconditions;
mod profile;
mod read_and_replace;
mod reading;
mod round_trips;
mod routes;
mod scoring;
mod second_factors;
mod sessions;
mod texts;
mod wrong_fields;
