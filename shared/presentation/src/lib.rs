//! Converts aggregates to the contract's types in one place, so that all routes answer in the same form. It must never
//! decide who may see an aggregate; its callers have the authority. It also reads values that several routes have in
//! their bodies.

mod api_key;
mod audit_entry;
mod batch;
mod budget;
mod fine_tune;
mod job;
mod lead;
mod lead_score;
mod member;
mod notification;
mod organization;
mod passkey;
mod profile;
mod session;

pub use api_key::{api_key, created_api_key};
pub use audit_entry::audit_entry;
pub use batch::batch;
pub use budget::{budget, feature_dollars};
pub use fine_tune::fine_tune;
pub use job::job;
pub use lead::{company_size_input, lead, listed_lead};
pub use lead_score::lead_score;
pub use member::member;
pub use notification::notification;
pub use organization::organization;
pub use passkey::passkey;
pub use profile::profile;
pub use session::session;

use serde::Serialize;
use serde_json::Value;

/// The name of an enumeration's value on the wire.
fn name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}
