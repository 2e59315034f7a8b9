//! The product's requests to language models, and the use of their completions. Tenant data never stands in
//! instructions: whatever it says, the schema, the chain and the permissions stay as they are.

mod abilities;
mod ask;
pub mod batches;
mod bound;
mod cache_key;
mod chain;
mod completion;
mod completion_check;
mod count_tokens;
mod deployment;
mod embedding;
mod file_work;
mod fine_tuned;
pub mod fine_tunes;
pub mod gateway;
mod get_budget;
mod history;
mod list_models;
mod mask;
mod meter_usage;
mod override_prices;
mod personal;
mod price_book;
mod registry;
mod remote_files;
mod seal;
mod settle_expired;
mod signed_reasoning;
mod split_step;
mod split_subject;
mod structured;
mod tool_calls;
mod update_budget;

pub use abilities::NeededAbility;
pub use ask::{
    CachePolicy, CompletionCheck, CompletionFaults, Conversation, GatewayAnswer, GatewayRequest, Requester,
    ToolCallCheck,
};
pub use bound::estimated_prompt_tokens;
pub use chain::{AUTO, Chain, ChainError};
pub use completion::{
    CompletionRequest, Completions, LONGEST_USER, check_completion, create_completion, stream_completion,
};
pub use count_tokens::count_tokens;
pub use embedding::{EmbeddingRequest, Embeddings, check_embedding, create_embedding};
pub use gateway::{AiGateway, Providers};
pub use get_budget::{BudgetView, get_budget};
pub use list_models::{PricedModels, get_model, list_models, list_priced_models};
pub use meter_usage::meter_usage;
pub use override_prices::{PriceTexts, PricesInput, PricesOverride, override_model_prices};
pub use price_book::{OwnPrices, PriceBook, own_version};
pub use registry::{Model, ModelUse, Provider, Registry, RegistryError, UnknownModel};
pub use remote_files::{MOST_REMOTE_FILES, fetch_files};
pub use settle_expired::{SweepReport, settle_expired};
pub use split_subject::SplitSubject;
pub use structured::{schema_faults, unfenced};
pub use update_budget::{BudgetInput, BudgetReplacement, check_budget, update_budget};
