//! adapter-token.
