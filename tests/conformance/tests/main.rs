//! Keeps what is written in several places in step: the contract, the functions, the stacks, the sample events, the event
//! schemas, the authorization table and the arrows between crates. Only files are read; nothing is started.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alarms;
mod answers;
mod arrows;
mod authority;
mod bodies;
mod browsers;
mod configuration;
mod contract;
mod documents;
mod events;
mod failures;
mod features;
mod functions;
mod gaps;
mod gateway;
mod integrations;
mod lists;
mod messaging;
mod perimeter;
mod permissions;
mod registry;
mod samples;
mod schema;
mod stacks;
mod states;
mod templates;
mod test_binaries;
mod tree;
