//! Common parts of the end-to-end tests: the deployment that they run against, clients of its API, of its AWS services
//! and of its model server, people to sign in as, and waiting with a deadline. `cargo xtask test e2e` deploys and takes
//! down; the tests must do neither.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod aws;
mod bus_tap;
mod client;
mod environment;
mod ledger;
mod mailbox;
mod model;
mod organization;
mod process;
mod queue;
mod sign_ins;
mod training;
mod wait;

pub use aws::{Aws, plain};
pub use bus_tap::BusTap;
pub use client::{Answer, Client, RawAnswer};
pub use environment::{Environment, environment};
pub use ledger::{bus_event, events_of, table};
pub use mailbox::{mailed_token, texts_to};
pub use model::{MODEL, Model, judgement, model};
pub use organization::{Organization, PERSONAL, lead};
pub use process::FunctionProcess;
pub use queue::{ChangedAttribute, Queue};
pub use sign_ins::keep_sign_ins;
pub use training::{bring, deployments, download, end_deployment, end_training};
pub use wait::{eventually, soon};
