//! Tests of use cases that need more than one context. They are in `tests/`.
