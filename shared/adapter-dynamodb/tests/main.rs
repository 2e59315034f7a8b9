//! The adapter against an embedded DynamoDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ai_answers;
mod ai_breakers;
mod ai_budget;
mod ai_calls;
mod ai_reservations;
mod ai_sweep;
mod ai_usage;
mod audit_log;
mod calls;
mod commit;
mod faults;
mod idempotency;
mod key_uses;
mod limiter;
mod list;
mod list_reads;
mod list_scopes;
mod sealing;
mod support;
mod unknown_shards;
