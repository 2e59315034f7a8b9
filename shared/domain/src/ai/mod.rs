//! Requests to language models: their features, budgets and usage. Money is in whole nano-dollars (10^-9 US dollars),
//! so that no sum is ever rounded.

mod amount;
mod budget;
mod chains;
mod feature;
pub mod fine_tune;
mod month;
mod prices;
mod step;
pub mod training_file;
mod usage;

pub use amount::{NoAmount, decimal_usd, nano_usd, signed_decimal_usd};
pub use budget::{AiBudget, AiBudgetEvent, BudgetSet, Limits, SetBudget, set_budget};
pub use chains::Chains;
pub use feature::Feature;
pub use month::{AiMonth, AiMonthEvent, Month, MonthCosts, THRESHOLDS, ThresholdReached, report_thresholds};
pub use prices::{
    AiPrices, AiPricesEvent, OverridePrices, PricesOverridden, TokenPrices, nano_per_token, override_prices,
};
pub use step::{ChainStep, NoWeight};
pub use usage::{AiRequestMetered, CacheUse, ModelUsage, RequestOutcome, TokenCounts, UnmeteredUsage};
