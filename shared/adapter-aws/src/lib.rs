//! adapter-aws.
