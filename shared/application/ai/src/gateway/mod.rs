//! The AI gateway: the one way to a model. In this order: rate limit beside the look-up of cache, budget and breakers; the
//! right to make the answer and the money for it, taken together; the provider; what it cost, the record and the cache,
//! written together. Where the state can't be reached no model is called.
//!
//! | path | calls to DynamoDB | one after the other |
//! |---|---|---|
//! | limited | 2 | 1 |
//! | every breaker open | 2 | 1 |
//! | hit | 3 | 2 |
//! | over budget | 3 | 2 |
//! | miss | 4 | 3 |
//!
//! Over budget is a call less when the request's bound alone is more than the limit. Whoever waits for an answer that
//! somebody else makes adds one for each look. A retry or a repair that needs more money than was set aside adds one; every
//! tenth answered call of a process, and every failed one, adds one that tells the model's breaker. A breaker's window, its
//! opening and the right to try its model are one more each. A settlement that fails adds one, which leaves it to the sweeper,
//! and a reservation that fails one, which takes it back.

mod admission;
mod answer;
mod attempts;
mod bill;
mod breakers;
mod calls;
#[cfg(test)]
mod direction;
mod embed;
mod lookup;
mod model_call;
mod parts;
mod question;
mod settlement;
mod stream;
mod tally;
mod terms;

pub use answer::{KnownTerms, Unanswered, answer, complete};
pub use embed::{EmbedTexts, Embedded, embed};
pub use parts::{AiGateway, Providers};
pub use stream::{AnswerStream, StreamEvent, Streamed, stream};
