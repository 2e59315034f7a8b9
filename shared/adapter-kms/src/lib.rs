//! adapter-kms.
