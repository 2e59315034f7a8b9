//! The deployed system from outside: the real template, the real binaries, real HTTP, tables and queues. A test may
//! look into tables and queues, but it proves only things that a client, an operator or a person would notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod api_keys;
mod batches;
mod browsers;
mod clients;
mod concurrency;
mod docs;
mod fine_tunes;
mod flags;
mod gateway;
mod jobs;
mod limits;
mod mails;
mod main_job;
mod model;
mod openai_clients;
mod permissions;
mod relay;
mod sessions;
mod tokens;

use e2e_tests::Organization;
use std::sync::OnceLock;

/// The organization of tests that only need a signed-in person.
fn shared() -> &'static Organization {
    static SHARED: OnceLock<Organization> = OnceLock::new();
    SHARED.get_or_init(|| Organization::register("shared"))
}

/// The organization of tests that make many requests at once, or as many as the limits allow.
fn busy() -> &'static Organization {
    static BUSY: OnceLock<Organization> = OnceLock::new();
    BUSY.get_or_init(|| Organization::register("busy"))
}
