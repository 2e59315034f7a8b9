//! Converts aggregates to the contract's types in one place, so that all routes answer in the same form. It must never
//! decide who may see an aggregate; its callers have the authority. It also reads values that several routes have in
//! their bodies.

mod api_key;
mod batch;
mod budget;
mod fine_tune;
mod lead;
mod lead_score;
mod notification;
mod organization;

pub use api_key::{api_key, created_api_key};
pub use batch::batch;
pub use budget::{budget, feature_dollars};
pub use fine_tune::fine_tune;
pub use lead::{company_size_input, lead, listed_lead};
pub use lead_score::lead_score;
pub use notification::notification;
pub use organization::organization;

use serde::Serialize;
use serde_json::Value;

/// The name of an enumeration's value on the wire.
fn name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}
