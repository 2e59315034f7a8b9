//! Verifies access tokens: compact RS256 JWTs (RFC 7519), by the advice of RFC 8725.
//!
//! It knows nothing of where keys live: whoever builds it hands in a [`KeySource`]. It must never sign, never accept an
//! algorithm a token names unless it is RS256, and never say to a caller more than a fixed word about what was wrong.

mod key_ring;
mod ring_provider;
mod verifier;

pub use key_ring::KeySource;
pub use verifier::Rs256Verifier;
