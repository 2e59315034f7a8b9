//! Use cases: what the system does for a caller, one file each, and the ports they need. A use case decides nothing that
//! the domain can decide, and knows no AWS, no HTTP and no clock: time and request come in its [`Context`].

pub mod ports;
