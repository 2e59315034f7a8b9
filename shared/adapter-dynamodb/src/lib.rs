//! The store, the limiter, the audit log and the AI gateway's state on DynamoDB: three tables, one transaction for a command, one look-up for a
//! read, and never a scan.
//!
//! | table | items |
//! |---|---|
//! | ledger | events: `{tenant}#{aggregate}#{id}`, version |
//! | state | current states and their list keys, keys of tenants and data subjects, unique values, the audit log |
//! | ephemeral | sessions, refused accesses and failed logins, idempotency records, limits, uses of API keys, relay attempts; what models may cost and cost, answers of models, breakers |
//!
//! Expressions contain placeholders only and never a caller's text. Personal data is sealed before it reaches the ledger.
//! Errors never contain values. The permissions of a function follow from its calls:
//!
//! | call | DynamoDB actions |
//! |---|---|
//! | `load`, `find_unique`, `load_to_change` without subjects | GetItem on state (sessions, refused accesses and failed logins: ephemeral) |
//! | `load_many`, `load_to_change` with subjects | BatchGetItem on state (sessions, refused accesses and failed logins: ephemeral) |
//! | `commit` | PutItem on ledger and state (sessions, refused accesses and failed logins: ephemeral); DeleteItem on state to erase a subject; PutItem on ephemeral with an idempotency key; GetItem on state to seal while the tenant's key is not in memory |
//! | `history` | Query on ledger; BatchGetItem on state when events are sealed |
//! | `list` | Query on the index of the list, of the state table |
//! | `claim`, `release`, `complete` | PutItem, UpdateItem on ephemeral |
//! | limiter, relay attempts, `KeyUses::note` | UpdateItem on ephemeral |
//! | `KeyUses::last` | Query on ephemeral |
//! | audit log | GetItem, PutItem on state; Query to verify |
//! | audit log: `page`, `range` | Query on state |
//! | audit log: `count` | GetItem on state |
//! | checkpoints of the audit log | Query, GetItem, PutItem, UpdateItem, DeleteItem on state |
//! | AI state: `look_up` | BatchGetItem on ephemeral and state |
//! | AI state: `cached` | GetItem on ephemeral |
//! | AI state: `reserve` | UpdateItem, PutItem on ephemeral; ConditionCheckItem on ledger; BatchGetItem on ephemeral for organizations with several shards |
//! | AI state: `extend` | UpdateItem on ephemeral |
//! | AI state: `settle` | DeleteItem, UpdateItem, PutItem on ephemeral; PutItem on ledger |
//! | AI state: `record_unsettled_usage` | UpdateItem on ephemeral |
//! | AI state: `record` | PutItem on ledger |
//! | AI state: `expired` | Query on ephemeral |
//! | AI state: `spent` | BatchGetItem on ephemeral |
//! | AI usage: `add` | PutItem, UpdateItem on ephemeral |
//! | AI usage: `month_cost`, `lines`, `askers`, `variants` | GetItem, Query on ephemeral |
//! | AI state: `observe`, `probe`, `report_probe` | UpdateItem on ephemeral |

mod ai;
mod audit_checkpoints;
mod audit_item;
mod audit_log;
mod audit_reader;
mod batch;
mod claim;
mod client;
mod commit;
mod digest;
mod endpoint;
mod failure;
mod health;
mod history;
mod key_uses;
mod keys;
mod ledger_image;
mod ledger_item;
mod limiter;
mod list;
mod list_budget;
mod list_entry;
mod list_selection;
mod mail_suppressions;
mod patience;
mod random;
mod read;
mod relay_attempts;
mod seal;
mod shards;
mod state_item;
mod store;
mod tables;
mod transact;
mod value;

pub use ai::{DynamoAiState, DynamoAiUsage};
pub use audit_log::DynamoAuditLog;
pub use health::HealthProbe;
pub use key_uses::DynamoKeyUses;
pub use ledger_image::read_ledger_image;
pub use limiter::DynamoLimiter;
pub use mail_suppressions::DynamoMailSuppressions;
pub use relay_attempts::RelayAttempts;
pub use shards::ListShards;
pub use store::DynamoStore;
pub use tables::Tables;
