//! Aggregates in the shape of the contract: one place, so that every route answers the same thing alike. It must never
//! decide who may see what; whoever calls it has the authority. What several routes read alike out of bodies is here too.

mod api_key;
mod budget;
mod fine_tune;
mod lead;
mod lead_score;
mod notification;
mod organization;

pub use api_key::{api_key, created_api_key};
pub use budget::{budget, feature_dollars};
pub use fine_tune::fine_tune;
pub use lead::{company_size_input, lead};
pub use lead_score::lead_score;
pub use notification::notification;
pub use organization::organization;

use serde::Serialize;
use serde_json::Value;

/// The name of an enumeration's value, as it is spelled on the wire.
fn name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}
