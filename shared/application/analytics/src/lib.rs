//! Usage and bills of an organization. This context only reads: everything follows from metered requests.

mod get_billing;
mod get_usage;
mod report_month;
mod training;

/// The prices that a bill is made with. They are the AI gateway's.
pub use application_ai::PriceBook;
pub use get_billing::{Bill, InvoiceLine, PricedTokens, TokenKind, get_billing};
pub use get_usage::{LISTED, UsageReport, get_usage};
pub use report_month::{MONTHS_BEFORE, report_month};
pub use training::TrainingLine;
