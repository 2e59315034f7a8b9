//! model-stub.
