//! This crate holds no code and never may. Its manifest asks for every feature of a dependency that any crate of the
//! workspace asks for, so that builds of one function, of all functions and of the tests compile the dependencies once,
//! with the same features.
