//! What an organization used in a month, and what it is billed for it. Only reads: whatever is told here follows from what
//! was metered.

mod get_billing;
mod get_usage;
mod report_month;

/// The prices that a bill is made with. They are the AI gateway's.
pub use application_ai::PriceBook;
pub use get_billing::{Bill, InvoiceLine, PricedTokens, TokenKind, get_billing};
pub use get_usage::{LISTED, UsageReport, get_usage};
pub use report_month::{MONTHS_BEFORE, report_month};
