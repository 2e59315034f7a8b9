//! The AI gateway on its real state and limiter: its calls, waits, charges, cache and records.

mod answers;
mod breaker_counts;
mod breakers;
mod budgets;
mod calls;
mod crashes;
mod cut_streams;
mod embeddings;
mod fine_tuned;
mod judged;
mod kills;
mod models;
mod reasoning;
mod retries;
pub(crate) mod scene;
mod shards;
mod single_flight;
mod splits;
mod streams;
mod terms;
mod tools;
mod unsteady;
