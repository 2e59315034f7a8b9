//! Keeps what is written in several places in step; see `tests/`. There is nothing to link here.
