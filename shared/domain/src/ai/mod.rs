//! What the product asks of language models: for which feature, within which budget, and what each request used. Money is
//! whole nano-dollars (10^-9 US dollars), so that no sum is ever rounded.

mod amount;
mod budget;
mod feature;
pub mod fine_tune;
mod month;
pub mod training_file;
mod usage;

pub use amount::{NoAmount, decimal_usd, nano_usd};
pub use budget::{AiBudget, AiBudgetEvent, BudgetSet, Limits, SetBudget, set_budget};
pub use feature::Feature;
pub use month::{AiMonth, AiMonthEvent, Month, MonthCosts, THRESHOLDS, ThresholdReached, reach_thresholds};
pub use usage::{AiRequestMetered, CacheUse, Outcome, Tokens};
