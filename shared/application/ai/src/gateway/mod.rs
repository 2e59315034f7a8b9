//! The AI gateway: the only way to a model. The order is: rate limit and look-up of cache, budget and breakers at the
//! same time; the right to make the completion and the money for it, taken together; the provider; cost, record and
//! cache entry, written together. When the state can't be reached, no model is called.
//!
//! | path | calls to DynamoDB | one after the other |
//! |---|---|---|
//! | limited | 3 | 1 |
//! | every breaker open | 3 | 1 |
//! | hit | 4 | 2 |
//! | over budget | 4 | 2 |
//! | miss | 5 | 3 |
//!
//! Over budget is one call less when the request's bound alone is more than the limit. A request that waits for another
//! request's completion adds one call for each look. A retry or a repair that needs more money than was set aside adds
//! one. Every tenth answered call of a process, and every failed one, adds one that reports to the model's breaker. A
//! breaker's window, its opening and the right to probe its model are one more each. A failed settlement adds one,
//! which leaves it to the sweeper, and a failed reservation one, which takes it back. An organization's own chain adds one
//! read where a step is split and the cache is used, and one where it names a fine-tuned model.

mod admission;
mod answer;
mod attempts;
mod bill;
mod breakers;
mod cached_answer;
mod calls;
mod chained_fine_tunes;
#[cfg(test)]
mod direction;
mod embed;
mod estimate;
mod lookup;
mod model_call;
mod offline;
mod parts;
mod passing;
mod question;
mod repair;
mod settlement;
mod sides;
mod stream;
mod stream_event;
mod tally;
mod terms;

pub use answer::{KnownTerms, Unanswered, answer, complete};
pub use embed::{EmbedTexts, Embedded, embed};
pub(crate) use estimate::CostEstimate;
pub(crate) use lookup::count_call;
pub(crate) use offline::OfflineCall;
pub use parts::{AiGateway, Providers};
pub use sides::{SubjectSide, models_by_subject};
pub use stream::stream;
pub use stream_event::{AnswerStream, StreamEnd, StreamEvent, Streamed};
