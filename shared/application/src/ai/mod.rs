//! What the product asks of language models, and what it does with their answers. Tenant data is data: it never stands in
//! instructions, and whatever it says, the schema, the chain and the permissions stay as they are.

mod ask;
mod bound;
mod cache_key;
mod chain;
pub mod gateway;
mod output;
mod prompt;
mod registry;
mod scorer;

pub use ask::{AnswerCost, AnswerHead, Answered, Ask, Asker, CachePolicy, Check, Conversation, Faults};
pub use chain::{Chain, ChainError};
pub use gateway::{AiGateway, Providers};
pub use registry::{Model, ModelUse, Provider, Registry, RegistryError, UnknownModel};
pub use scorer::{LeadScorer, ScoringRequest};
