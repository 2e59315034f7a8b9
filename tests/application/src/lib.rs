//! Tests of use cases that cross contexts. They are in `tests/`.
