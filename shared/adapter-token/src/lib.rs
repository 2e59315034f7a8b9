//! Verifies access tokens: compact RS256 JWTs (RFC 7519), by the advice of RFC 8725.
//!
//! The builder passes a [`KeySource`], so this crate does not depend on where keys are stored. It must never sign,
//! never accept an algorithm other than RS256 that a token names, and never tell a caller more than a fixed word about
//! a wrong token.

mod key_ring;
mod ring_provider;
mod verified;
mod verifier;

pub use key_ring::KeySource;
pub use verifier::Rs256Verifier;
