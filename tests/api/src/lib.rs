//! api-tests.
