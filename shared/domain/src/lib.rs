//! The business rules: aggregates, the commands that they accept, the resulting events, and permissions.
//!
//! Everything here is pure and synchronous. It must never read a clock, draw a random number, or know a database, a
//! network, HTTP or a runtime: times, ids and secrets come in as values.

pub mod aggregate;
pub mod ai;
pub mod audit;
pub mod authority;
pub mod configuration;
pub mod email_address;
pub mod event;
pub mod field;
pub mod further_fields;
pub mod id;
pub mod identity;
pub mod job;
pub mod lists;
pub mod notification;
pub mod sales;
pub mod tenancy;
pub mod text;
pub mod timestamp;

pub use aggregate::{Aggregate, AggregateType, Versioned};
pub use event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
pub use field::{FieldError, InvalidFields};
pub use timestamp::Timestamp;
