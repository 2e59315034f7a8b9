//! adapter-password.
