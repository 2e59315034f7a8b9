//! Requests to language models: their features, budgets and usage. Money is in whole nano-dollars (10^-9 US dollars),
//! so that no sum is ever rounded.

mod amount;
pub mod batch;
pub mod batch_file;
mod budget;
mod chains;
mod digest;
mod feature;
pub mod fine_tune;
mod fine_tuned_model;
pub mod json_lines;
mod month;
mod prices;
mod prompt_size;
mod step;
pub mod training_file;
mod usage;

pub use amount::{NoAmount, decimal_usd, nano_usd, signed_decimal_usd};
pub use budget::{AiBudget, AiBudgetEvent, BudgetFields, BudgetSet, Limits, set_budget};
pub use chains::Chains;
use digest::is_sha256;
pub use feature::Feature;
pub use fine_tuned_model::FineTunedModel;
pub use month::{AiMonth, AiMonthEvent, Month, MonthCosts, THRESHOLDS, ThresholdReached, report_thresholds};
pub use prices::{
    AiPrices, AiPricesEvent, OverridePrices, PricesOverridden, TokenPrices, nano_per_token, override_prices,
};
pub use prompt_size::PromptSize;
pub use step::{ChainStep, NoWeight};
pub use usage::{
    AiRequestMetered, AssignedVariant, CacheUse, ModelUsage, RequestOutcome, TokenCounts, UnmeteredUsage,
};
