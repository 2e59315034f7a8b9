//! Nothing. The manifest of this crate asks for every feature of a dependency that any crate of the workspace asks for, so
//! that a function alone, all functions, and all tests compile the same dependencies, and so compile them once. It
//! must never hold code.
