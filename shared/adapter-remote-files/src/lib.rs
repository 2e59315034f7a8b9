//! The port to files on the internet, by https, from addresses that callers name.
//!
//! A caller must not be able to use a function to reach what only the function can reach (server-side request forgery).
//! So only hosts whose every address is public are asked, connections go to the addresses that were checked, and
//! redirects are not followed. There is deliberately no setting that weakens this. docs/adr/0017-files-by-url.md has the
//! reasons.
//!
//! This crate must never log, keep or put into an error any part of an address or of a file.

mod address_source;
mod client;
mod public_address;
mod url;

#[cfg(test)]
mod tests;

pub use client::HttpsFiles;
